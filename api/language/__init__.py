"""Message ids into the texts people read."""
