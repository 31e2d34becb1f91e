"""Trackers and bare floors, each behind one protocol, in an environment and processes of their own."""
