"""What people decide, kept as dated TOML: weights, schemes, remedies."""
