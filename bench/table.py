"""Rows of the table of results, and the table as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEADS = ("work", "method", "measured", "ratio", "to reach", "note")


@dataclass(frozen=True)
class Row:
    """One method at one kind of work; ``ratio`` is to the yardstick of that work, measured in the same run."""

    work: str
    method: str
    measured: str = "-"
    ratio: str = ""
    reach: str = ""
    note: str = ""


def markdown(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table; a kind of work is named once."""
    lines, last = [HEADS, ("---",) * len(HEADS)], ""
    for row in rows:
        work = "" if row.work == last else row.work
        lines.append((work, row.method, row.measured, row.ratio, row.reach, row.note))
        last = row.work
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
