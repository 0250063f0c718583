"""Flat coordinates and boxes in, numbers out. Knows no field of application."""
