"""What a crop asks of land and how well it is met."""
