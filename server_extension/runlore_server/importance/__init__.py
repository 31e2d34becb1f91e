"""Which parameters of runs matter for a metric, and how sure that is."""
