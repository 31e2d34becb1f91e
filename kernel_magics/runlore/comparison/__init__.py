"""``runlore.compare``: the curves of runs side by side in any notebook front-end, live while they train."""
