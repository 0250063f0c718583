"""Brings a database to the declared form, guards and saves it."""
