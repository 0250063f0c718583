"""Scenarios: named changes of canals, pumps, fields, crops and rivers, and what comes of them."""
