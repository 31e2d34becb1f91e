"""The language in which runs are searched: MLflow's, and more; ``docs/search.md`` describes it."""
