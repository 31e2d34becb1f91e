"""A run as a notebook that a colleague can read and execute without Runlore."""
