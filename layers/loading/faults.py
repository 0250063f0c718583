"""What is wrong with which rows of a batch, gathered while its columns are checked one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.loading.report import Rejection

SHOWN = 60  # characters of a value that are repeated in a message


@dataclass(slots=True)
class Faults:
    """Faults of one batch of n rows.

    rows : int64 (n,), row numbers of the file. keys : str or None (n,), as far as they are known.
    bad : bool (n,), rows with at least one fault.
    """

    rows: NDArray[np.int64]
    keys: NDArray[np.object_]
    bad: NDArray[np.bool_] = field(init=False)
    rejections: list[Rejection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bad = np.zeros(len(self.rows), dtype=bool)

    def add(
        self,
        where: NDArray[np.bool_],
        reason: str | NDArray[np.object_],
        name: str | None = None,
        values: Any = None,
    ) -> None:
        """Note a fault in the rows of a mask; ``reason`` is one text or one per row."""
        for position in np.flatnonzero(where):
            value = None if values is None else str(values[position])[:SHOWN]
            why = reason if isinstance(reason, str) else str(reason[position])
            key = self.keys[position]
            self.rejections.append(Rejection(int(self.rows[position]), key, name, value, why))
        self.bad |= where
