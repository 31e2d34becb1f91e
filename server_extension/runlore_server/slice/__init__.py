"""Which of a session's cells a run needs: abstract execution of their sources, then a walk back from the run."""
