"""What is wrong with which rows of a batch, gathered while its columns are checked one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.loading.chunks import Unreadable
from layers.records.load_report import Rejection, shortened
from layers.records.phrases import told


def one_of(codes: Iterable[str]) -> str:
    """Say which values a field takes."""
    return told("expected one of {codes}", codes=", ".join(codes))


@dataclass(slots=True)
class Faults:
    """Faults of one batch of n rows.

    rows : int64 (n,), row numbers of the file. keys : str or None (n,), set once they are known.
    bad : bool (n,), rows with at least one fault.
    """

    rows: NDArray[np.int64]
    keys: NDArray[np.object_] = field(init=False)
    bad: NDArray[np.bool_] = field(init=False)
    found: list[Unreadable] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = np.full(len(self.rows), None, dtype=object)
        self.bad = np.zeros(len(self.rows), dtype=bool)

    def add(
        self,
        where: NDArray[np.bool_],
        reason: str | NDArray[np.object_],
        name: str = "",
        values: Any = None,
    ) -> None:
        """Note a fault in the rows of a mask; ``reason`` is one text or one per row."""
        for position in np.flatnonzero(where):
            value = None if values is None else str(values[position])
            why = reason if isinstance(reason, str) else reason[position]
            self.found.append(Unreadable(int(position), name, value, why))
        self.bad |= where

    def note(self, found: Iterable[Unreadable]) -> None:
        """Note faults that were found elsewhere."""
        for fault in found:
            self.found.append(fault)
            self.bad[fault.position] = True

    def part(self, positions: NDArray[np.int64]) -> Faults:
        """Return an empty list of faults for some of the rows, which knows their keys and which are bad already."""
        part = Faults(self.rows[positions])
        part.keys, part.bad = self.keys[positions], self.bad[positions]
        return part

    def note_part(self, part: Faults, positions: NDArray[np.int64]) -> None:
        """Note the faults that were found in some of the rows."""
        self.note(replace(fault, position=int(positions[fault.position])) for fault in part.found)

    def of(self, name: str) -> NDArray[np.bool_]:
        """Return the rows with a fault in one field, bool (n,)."""
        where = np.zeros(len(self.rows), dtype=bool)
        where[[fault.position for fault in self.found if fault.field == name]] = True
        return where

    def rejections(self) -> list[Rejection]:
        """Return the faults for a report, row by row."""
        return [
            Rejection(
                int(self.rows[fault.position]),
                self.keys[fault.position],
                fault.field or None,
                None
                if fault.value is None
                else shortened(fault.value).replace("\0", "\\x00"),  # JSON of PostgreSQL has no NUL
                fault.reason,
            )
            for fault in sorted(self.found, key=lambda fault: fault.position)
        ]
