"""Runs' models in MLflow's model registry: which there are, and registering one."""
