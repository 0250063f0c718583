"""The web service: parse, call layers, answer."""
