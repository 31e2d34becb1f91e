"""A process beside this one for one kind of work: what it imports, computes and waits for holds up nobody else."""
