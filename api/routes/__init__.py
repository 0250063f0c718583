"""Parse, call layers, answer: no SQL, no HTML."""
