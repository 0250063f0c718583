"""How well a plot fits a kind of household; never mixed into the suitability of the land."""
