"""Layers computed from layers, stored as ordinary loads."""
