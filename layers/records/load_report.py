"""What a load did, in words and numbers, for people and for JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from layers.records.phrases import ENGLISH, Phrase, Told, say, told

SHOWN = 60  # characters of a value that are repeated in a sentence


def shortened(text: str) -> str:
    """Return a text as a sentence repeats it."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


# By whether a field is named, and whether its value is.
REJECTED: Final = {
    (True, True): "{row}, {field} is {value}: {reason}",
    (True, False): "{row}, {field}: {reason}",
    (False, True): "{row} is {value}: {reason}",
    (False, False): "{row}: {reason}",
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """One row that cannot be loaded: which, why, and what was expected instead.

    ``row`` counts the features of the file from 1 (a table's heading is not a row).
    """

    row: int
    key: str | None
    field: str | None
    value: str | None
    reason: str

    def __str__(self) -> str:
        return self.told

    @property
    def told(self) -> Told:
        """Which row it is and why, in one sentence."""
        row = told("row {row} ({key})", row=str(self.row), key=shortened(self.key)) if self.key else None
        values = {
            "row": told("row {row}", row=str(self.row)) if row is None else row,
            "field": self.field,
            "value": None if self.value is None else repr(shortened(self.value)),
            "reason": self.reason,
        }
        return told(REJECTED[self.field is not None, self.value is not None], **values)


@dataclass(frozen=True, slots=True)
class Repair:
    """One geometry that was mended; ``change_pct`` is the change of its area, percent, None for lines and points."""

    row: int
    key: str | None
    what: str
    change_pct: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What only shows in a layer as a whole, such as overlaps.

    kind : overlap, gap, double, size, district or vertices. count : how often. said : of it, for people. keys : of some
    of the rows concerned.
    """

    kind: str
    count: int
    said: Phrase
    keys: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is said of it, in English."""
        return say(self.said, ENGLISH)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"kind": self.kind, "count": self.count, "text": self.text, "keys": list(self.keys)}


@dataclass(frozen=True, slots=True)
class Transformation:
    """How coordinates came to EPSG:4326: stated accuracy and median shift of the datum, metres; None = not known."""

    crs: str
    name: str
    accuracy_m: float | None
    shift_m: float | None


@dataclass(slots=True)
class LoadReport:
    """What a check, load or undo did.

    load_id : None when nothing was stored. ignored : columns no field takes. dropped : columns not to be read.
    mapping_sha256 : of the mapping file, where one was named.
    """

    layer: str
    kind: str
    mode: str
    file_name: str | None = None
    load_id: int | None = None
    read: int = 0
    filtered: int = 0
    added: int = 0
    changed: int = 0
    ended: int = 0
    ended_in: dict[str, int] = field(default_factory=dict)
    unchanged: int = 0
    repeated: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rejects_file: str | None = None
    transformation: Transformation | None = None
    ignored: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    mapping_sha256: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """Number of rows of the file that were not loaded."""
        return len({rejection.row for rejection in self.rejections})

    @property
    def stored(self) -> bool:
        """Whether the load left a trace in the database."""
        return self.load_id is not None

    def to_json(self, listed: int | None = None) -> dict[str, Any]:
        """Return the report as plain values; at most ``listed`` rejections and repairs are spelled out."""
        plain = asdict(replace(self, findings=[]))
        plain["findings"] = [finding.to_json() for finding in self.findings]
        plain["rejected"], plain["repaired"] = self.rejected, len(self.repairs)
        plain["rejections"] = plain["rejections"][:listed]
        plain["repairs"] = plain["repairs"][:listed]
        return plain
