"""Tables of water as files: CSV, XLSX and Parquet; an empty cell is unknown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from layers.cache.files import write_whole_at
from layers.errors import DataRefused, cannot_be_written
from layers.features.formulas import guarded

ENDINGS = (".csv", ".xlsx", ".parquet")


def require_ending(path: Path) -> str:
    """Return the ending of a table's name.

    Raises
    ------
    DataRefused : another ending.
    """
    ending = path.suffix.casefold()
    if ending not in ENDINGS:
        raise DataRefused(f"{path.name} must end in one of {', '.join(ENDINGS)}.")
    return ending


def write_table(frame: pd.DataFrame, path: Path, sheet: str) -> None:
    """Write a table whole or not at all, texts marked where a spreadsheet would run them.

    Raises
    ------
    DataRefused : an ending that is none, or a file that cannot be written.
    """
    ending = require_ending(path)
    try:
        with write_whole_at(path) as draft:
            if ending == ".parquet":
                frame.to_parquet(draft, index=False)
                return
            marked = frame.apply(lambda column: column.map(lambda v: guarded(v) if isinstance(v, str) else v))
            if ending == ".csv":
                marked.to_csv(draft, index=False, encoding="utf-8-sig", lineterminator="\r\n")
                return
            with pd.ExcelWriter(draft, engine="openpyxl") as book:
                marked.replace({np.nan: None}).to_excel(book, sheet_name=sheet, index=False, freeze_panes=(1, 1))
    except OSError as problem:
        raise cannot_be_written(path.name, problem) from None
