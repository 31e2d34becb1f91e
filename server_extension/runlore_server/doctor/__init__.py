"""Whether everything that was recorded is still there and readable; what is a projection can be made anew."""
