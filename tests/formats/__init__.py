"""Homes as released versions of Runlore wrote them; every later version reads them all."""
