"""Obod measured beside the programs people use instead. ``python -m bench`` writes RESULTS.md; nothing fails."""
