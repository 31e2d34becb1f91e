"""The rungs of the why-ladder: each module compares one thing that a result can depend on."""
