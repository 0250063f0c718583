"""The only room that keeps what can be made again."""
