"""Classes of land as FAO names them, where they begin, and what is said of land whose class is open; declared once."""

from __future__ import annotations

import numpy as np

CLASSES = ("S1", "S2", "S3", "N1", "N2", "NE")  # domain reference, naming; best first, NE not evaluated
S1, S2, S3, N1, N2, NE = range(6)
CLASS_LIMITS = np.array([0.75, 0.50, 0.25, 0.125])  # membership at which S1, S2, S3, N1 begin, inclusive
ROUNDING = 1e-12  # membership; weights of a group sum to 1 only within rounding, so 0.75 may come out a hair below
OUTLOOKS = ("likely", "open", "unlikely")
MINES = "mines"  # asked before anything else where mines were found and nobody has answered for the plot
RULE = 2  # edition of the rule runs are scored by; the first counted unknown as good
