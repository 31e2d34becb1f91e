"""What a run needs to be repeated, gathered without being asked for."""
