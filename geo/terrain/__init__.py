"""Grids: what height, relief and cells say. No vector layers."""
