"""The stored network of canals and what stands on it: faults, rosters of turns."""
