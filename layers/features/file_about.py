"""What a file says about itself and about each of its columns, whatever its format makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """What is told of one column of a file: an entry of its data dictionary, in the reader's language.

    name : in the file. title : what it holds. unit : of its numbers, "" for texts and counts. values : code -> meaning,
    where it holds codes. empty : what an empty cell means, "" where there is none. audience : who may see it.
    description : all of it in one text, for formats that have one place for it.
    """

    name: str
    title: str
    unit: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    empty: str = ""
    audience: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What a file says about itself.

    ``facts`` are (what, text) pairs: source, run, date, meaning of the classes. ``headings`` is property ->
    column heading of a worksheet. ``cut`` is the sentence that says that rows were left out, if they were; where a
    format has no room beside its rows (CSV), who hands the file out says it.
    ``members`` are further members of a GeoJSON collection. ``told`` is the name of a last column -> what makes of the
    properties of a row the text in it. ``columns`` is the data dictionary. ``style`` is how QGIS draws the rows, QML.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    headings: Mapping[str, str] = field(default_factory=dict)
    cut: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Callable[[Mapping[str, Any]], str]] = field(default_factory=dict)
    columns: Sequence[Column] = ()
    style: str = ""

    @property
    def text(self) -> str:
        """All of it as lines."""
        lines = [f"{what}: {text}" for what, text in self.facts]
        return "\n".join([*([self.cut] if self.cut else []), *lines])
