"""Least time over a surface, and the months in which ground is open."""
