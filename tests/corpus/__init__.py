"""Notebooks and sessions with what an honest tool should say of each; ``python -m tests.corpus`` runs them."""
