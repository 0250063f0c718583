"""Water from river to root: need, network, losses, sharing, repair. Arrays and tables, no Block."""
