"""Reruns that nobody starts by hand: in CI, by the clock, when data change; and what is asked of them."""
