"""Block in, Measured out: one module per group of criteria. The formulas come from the rooms below."""
