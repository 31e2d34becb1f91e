"""What differs between two recorded runs."""
