"""Pictures and vector tiles of what is there now."""
