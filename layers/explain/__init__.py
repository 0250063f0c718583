"""One plot: why its class, what would help, which way leads to it."""
