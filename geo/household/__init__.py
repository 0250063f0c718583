"""Hands, hours and rights of a kind of household; never of a person."""
