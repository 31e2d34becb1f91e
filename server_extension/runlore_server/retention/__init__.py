"""What a home need not keep: what nothing refers to, and the artifacts that the user's rules let go."""
