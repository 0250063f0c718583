"""Rows back into frames: the Mapping that geo reads."""
