"""A run as one file: what it takes to repeat it where the home that recorded it is not."""
