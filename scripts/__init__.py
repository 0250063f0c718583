"""The commands GIS staff run."""
