"""From findings to a class: why, how sure, and what would lift it."""
