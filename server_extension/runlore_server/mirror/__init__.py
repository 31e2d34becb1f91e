"""Runs that others logged to MLflow, shown beside ours: read from it and kept as sessions that can be deleted."""
