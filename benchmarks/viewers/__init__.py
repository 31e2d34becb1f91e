"""The pages in which trackers show curves, opened beside the panel."""
