"""Where each row of a file comes from, as files that Obod writes say it in columns of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layers.errors import DataRefused
from layers.loading.checks import TRUE, NotAValue, parse_date
from layers.loading.chunks import Origins, Unreadable
from layers.loading.kinds import DBF_LETTERS
from layers.records.load_report import shortened
from layers.records.loads import ROW_COLUMNS
from layers.records.open_load import Provenance
from layers.records.phrases import told

MOST_SOURCES: Final = 100  # of one file; each becomes a load
LISTED: Final = 5  # sources spelled out in a report
ROW_COMES: Final = "{count} row comes from {origin}, as the file says of its rows."
ROWS_COME: Final = "{count} rows come from {origin}, as the file says of its rows."
ORIGIN: Final = "{source} ({licence})"
MADE_UP: Final = "{source} ({licence}; made up)"


class RowProvenance:
    """Reads where rows come from; what the user or a mapping file says of all of them stands before it.

    said : of the whole file. columns : of the file. used : those that fill a field of the layer.
    """

    def __init__(self, said: Provenance, columns: Sequence[str], used: AbstractSet[str]) -> None:
        self._said = said
        self._places: dict[Provenance, int] = {}
        self._counts: dict[Provenance, int] = {}
        free = [column for column in columns if column not in used]
        self.columns: Mapping[str, str] = {
            field: column
            for field, name in ROW_COLUMNS.items()
            for column in free
            if column in (name, name[:DBF_LETTERS])
        }

    def read(self, frame: pd.DataFrame, file_name: str) -> tuple[Origins | None, list[Unreadable]]:
        """Return where the rows of a chunk come from, and what could not be understood; None where nothing is said.

        Raises
        ------
        DataRefused : there are more sources than are kept.
        """
        if not self.columns:
            return None, []
        faults: list[Unreadable] = []
        said = {
            "source": self._column(frame, "source", str, faults, self._said.source),
            "licence": self._column(frame, "licence", str, faults, self._said.licence),
            "source_date": self._column(frame, "source_date", parse_date, faults, self._said.source_date),
            "synthetic": self._column(frame, "synthetic", _is_true, faults, self._said.synthetic or None),
        }
        codes = np.empty(len(frame), dtype=np.int64)
        for at, (source, licence, day, made_up) in enumerate(zip(*said.values(), strict=True)):
            origin = Provenance(source, licence, day, bool(made_up), self._said.sha256)
            codes[at] = self._places.setdefault(origin, len(self._places))
            self._counts[origin] = self._counts.get(origin, 0) + 1
        if len(self._places) > MOST_SOURCES:
            raise DataRefused(
                f"{file_name} names more than {MOST_SOURCES} sources in {', '.join(self.columns.values())}; say one "
                "for all of it with --source, --licence and --date."
            )
        return Origins(list(self._places), codes, "synthetic" in self.columns), faults

    def notes(self) -> Iterator[str]:
        """Yield what a report says of it."""
        stated = {origin: count for origin, count in self._counts.items() if origin != self._said}
        for origin, count in sorted(stated.items(), key=lambda item: -item[1])[:LISTED]:
            message = ROW_COMES if count == 1 else ROWS_COME
            yield told(message, count=count, origin=described(origin))
        if len(stated) > LISTED:
            yield told("The file names {count} more sources.", count=len(stated) - LISTED)

    def _column(
        self, frame: pd.DataFrame, field: str, parse: Callable[[str], Any], faults: list[Unreadable], said: Any
    ) -> list[Any]:
        """What is said of each row in one regard; of the whole file before what the row says."""
        column = self.columns.get(field)
        if said is not None or column is None:
            return [said] * len(frame)
        known: dict[Any, Any] = {}
        values: list[Any] = []
        for at, cell in enumerate(frame[column].array):
            text = "" if pd.isna(cell) else cell.isoformat() if isinstance(cell, date | datetime) else str(cell).strip()
            if text not in known:
                try:
                    known[text] = parse(text) if text else None
                except NotAValue as unreadable:
                    known[text] = unreadable
            value = known[text]
            if isinstance(value, NotAValue):
                faults.append(
                    Unreadable(
                        at,
                        column,
                        text,
                        told("{expected}; or say one for all rows with --date", expected=value.expected),
                    )
                )
                value = None
            values.append(value)
        return values


def _is_true(text: str) -> bool:
    return text.casefold() in TRUE  # any other word says nothing of it


def carried_on(
    said: Provenance, origins: Origins | None, held: NDArray[np.int64], of_loads: Mapping[int, Provenance]
) -> Origins | None:
    """Return where the rows of an update come from: what it does not say of a row stays as it was.

    A row that was made up stays so unless its file says that it is not; a source, licence and date stay together where
    the update names none of them.

    Parameters
    ----------
    said, origins : of the update, see ``Batches``. held : int64 (n,), load of the row that is there, 0 = none.
    of_loads : what these loads say.
    """
    codes = np.zeros(len(held), dtype=np.int64) if origins is None else origins.codes
    stated = [said] if origins is None else origins.known
    pairs, found = np.unique(np.column_stack([codes, held]), axis=0, return_inverse=True)
    known = [
        _carried(stated[code], of_loads.get(load), marked=origins is not None and origins.marked)
        for code, load in pairs.tolist()
    ]
    if origins is None and all(origin == said for origin in known):
        return None
    return Origins(known, found.reshape(-1), marked=True)


def _carried(said: Provenance, was: Provenance | None, *, marked: bool) -> Provenance:
    if was is None:
        return said
    made_up = said.synthetic or (was.synthetic and not marked)
    if (said.source, said.licence, said.source_date) == (None, None, None):
        return replace(was, synthetic=made_up, sha256=said.sha256)
    return replace(said, synthetic=made_up)


def provenance_columns(origins: Origins | None, said: Provenance, count: int) -> pd.DataFrame:
    """Return where rows come from as the columns that files of ours say it in; dates as texts.

    Parameters
    ----------
    origins : of ``count`` rows; None = the file says nothing of its rows. said : of the file as a whole.
    """
    known, codes = ([said], np.zeros(count, dtype=np.int64)) if origins is None else (origins.known, origins.codes)
    plain = [
        (origin.source, origin.licence, origin.source_date and origin.source_date.isoformat(), origin.synthetic)
        for origin in known
    ]
    return pd.DataFrame([plain[code] for code in codes], columns=list(ROW_COLUMNS.values()))


def tagged(said: Provenance, tags: Mapping[str, str]) -> Provenance:
    """Return what is said of a raster file and, where nothing is, what one of ours says of itself in its tags."""
    if tags.get("synthetic") not in ("true", "false"):
        return said  # a tag of the same name in others' files may mean anything
    try:
        day = parse_date(tags.get("date", ""))
    except NotAValue:
        day = None
    return replace(
        said,
        source=said.source or tags.get("source") or None,
        licence=said.licence or tags.get("licence") or None,
        source_date=said.source_date or day,
        synthetic=said.synthetic or tags["synthetic"] == "true",
    )


def described(origin: Provenance) -> str:
    """Return where something comes from, for people."""
    source = shortened(origin.source) if origin.source else told("a source that is not stated")
    if origin.source_date:
        source = told("{source}, {date}", source=source, date=origin.source_date.isoformat())
    licence = shortened(origin.licence) if origin.licence else told("licence not stated")
    return told(MADE_UP if origin.synthetic else ORIGIN, source=source, licence=licence)
