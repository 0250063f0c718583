"""Levels of hazard by the Swiss matrices, and susceptibility from terrain."""
