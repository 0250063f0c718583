"""Worlds small enough to compute by hand, and larger ones that many tests read."""
