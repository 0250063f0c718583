"""What happens before and after any route: errors, limits, headers, cached answers."""
