"""Compiled loops of this room, a module for each that calls them; numba infers their types."""
