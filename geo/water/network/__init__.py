"""From lines to a directed network: ends joined, lines split, faults named, losses and capacities by reach."""
