"""What MLflow gets of a run, in MLflow's own terms, through its public client alone."""
