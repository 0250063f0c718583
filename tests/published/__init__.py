"""Tables of published figures, typed from their sources; README.md names source and tolerance of each."""

from __future__ import annotations

import csv
from pathlib import Path

FOLDER = Path(__file__).parent


def published(name: str) -> list[dict[str, str]]:
    """Return the rows of a table, column -> text as printed."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
