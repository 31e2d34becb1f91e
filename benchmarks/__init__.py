"""Speed, measured beside peers and physical floors in one run; the ratios matter, not the times."""
