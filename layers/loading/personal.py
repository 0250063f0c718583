"""Columns that look like names of people, phones or identity numbers: noticed before a row of them is stored.

A heading tells by its words, in Tajik, Russian and English; values tell by how names, phones, passports and taxpayer
numbers are written in Tajikistan. No value is ever repeated. What cannot be told from a number of a thing, such as
nine digits under the heading of a key, is let through.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from layers.catalogue.base import Layer
from layers.errors import DataRefused
from layers.loading.chunks import Source
from layers.loading.mapping import FieldRule
from layers.records.load_report import Rejection
from layers.records.phrases import Listed, Phrase, told

NAMES, PHONES, IDENTITIES = "names of people", "phone numbers", "identity numbers"
NINE_DIGITS = "phone or taxpayer numbers"
OF_KIND = "{column} ({kind})"
WOULD_BE_STORED = (
    "column {column} ({rows} of {read} rows) looks like {kind} and would be stored as {fields}: say --drop {quoted} "
    "or, if it is none, --keep-anyway {quoted}"
)
KINDS = (NAMES, PHONES, IDENTITIES, NINE_DIGITS)

# Words of headings, without case: whole ones, and what longer ones begin with. Tajik words stand there with the Russian
# letters as well that are written for the Tajik ones where a keyboard lacks them.
HEADINGS = {
    NAMES: frozenset(
        [
            "фио",
            "раис",
            "раиси",
            "соҳиб",
            "соҳиби",
            "сохиб",
            "сохиби",
            "fio",
            "owner",
            "owners",
            "holder",
            "tenant",
            "sohib",
            "rais",
        ]
    ),
    PHONES: frozenset(["тел", "моб", "tel", "mob", "mobile", "mobil", "msisdn", "whatsapp"]),
    IDENTITIES: frozenset(["инн", "рма", "inn", "rma", "tin", "ssn"]),
}
BEGINNINGS = {
    NAMES: [
        "насаб",
        "номунасаб",
        "фамил",
        "отчеств",
        "владел",
        "собственник",
        "хозяин",
        "землепользовател",
        "арендатор",
        "соҳибзамин",
        "сохибзамин",
        "истифодабар",
        "иҷорагир",
        "ичорагир",
        "nasab",
        "nomunasab",
        "famil",
        "surname",
        "lastname",
        "firstname",
        "fullname",
        "patronym",
        "landowner",
        "landholder",
        "landuser",
        "beneficiar",
    ],
    PHONES: ["телефон", "мобил", "phone", "telephone", "telefon"],
    IDENTITIES: ["паспорт", "шиносном", "passport", "pasport", "shinosnom"],
}
# Two words that say together what neither says alone.
PAIRS = {
    ("ном", "насаб"): NAMES,
    ("ному", "насаб"): NAMES,
    ("first", "name"): NAMES,
    ("last", "name"): NAMES,
    ("full", "name"): NAMES,
    ("ф", "и"): NAMES,
    ("f", "i"): NAMES,
    ("national", "id"): IDENTITIES,
}
# Headings of numbers of things: nine digits below them are keys, as those of OpenStreetMap are.
THINGS = frozenset(
    [
        "id",
        "ids",
        "fid",
        "gid",
        "oid",
        "objectid",
        "code",
        "key",
        "no",
        "nr",
        "uid",
        "код",
        "рамз",
    ]
)
THING_BEGINNINGS = ("osm", "cadast", "kadast", "кадастр")

_WORD = r"\p{Lu}[\p{L}'’ʼ-]+"
_INITIALS = r"\p{Lu}\.(?:\s?\p{Lu}\.)?"
_PATRONYMIC = r"\p{Lu}\p{L}*(?i:ович|евич|овна|евна|ovich|evich|ovna|evna)"
_FAMILY = (
    r"\p{Lu}[\p{L}'’ʼ-]*(?i:ов|ова|ев|ева|ёв|ёва|зода|зод|заде|иён|пур|духт|ov|ova|ev|eva|yov|yova|zoda|zod|zade|iyon|"
    r"pur|dukht)"
)
_SURE_NAME = rf"(?:^|\P{{L}})(?:{_WORD}\s+{_PATRONYMIC}|{_PATRONYMIC}\s+{_WORD})(?:\P{{L}}|$)"
_LIKELY_NAME = (
    rf"^\s*(?:{_FAMILY}(?:\s+(?:{_WORD}|{_INITIALS})){{1,3}}|(?:{_WORD}|{_INITIALS})\s+{_FAMILY}(?:\s+{_WORD})?"
    rf"|{_WORD}\s+{_WORD}\s+{_FAMILY})\s*$"
)
# E.164: +992 and nine digits in Tajikistan, +7 9 and nine in Russia, where many of those who left work.
_SURE_PHONE = r"(?:^|[^\d])(?:\+|00)\s?(?:992|7[\s()-]*9)[\s()-]*(?:\d[\s()-]*){8}\d(?:\D|$)"
_LIKELY_PHONE = r"^\s*(?:992\d{9}|\(?\d{2,3}\)?[\s-]\d{3}[\s-]?\d{2}[\s-]?\d{2})\s*$"
_LIKELY_PASSPORT = r"^\s*[AАPР]\s?(?:№|N)?\s?-?\d{7,8}\s*$"  # Latin or Cyrillic letter
_NINE_DIGITS = r"^\s*\d{9}(?:\.0)?\s*$"
# What every value that a sign fits has somewhere, and most values of other columns have not: a quick first look.
_SUSPECT = r"[\s(№]|\d{7}|\d-\d"
SHORTEST, LONGEST = 1e8, 1e12  # of whole numbers: nine digits, and twelve that begin with 992


@dataclass(frozen=True, slots=True)
class Sign:
    """How a kind of personal value is known: pattern of RE2, and the share of the filled cells it must fit.

    least : 0 = one cell is enough. of_things : also what numbers of things look like.
    """

    kind: str
    pattern: str
    least: float
    of_things: bool = False


# Shares are defaults to calibrate on files of offices; below them a column of something else has odd cells.
SIGNS = (
    Sign(NAMES, _SURE_NAME, 0.0),
    Sign(PHONES, _SURE_PHONE, 0.0),
    Sign(NAMES, _LIKELY_NAME, 0.2),
    Sign(PHONES, _LIKELY_PHONE, 0.5, of_things=True),
    Sign(IDENTITIES, _LIKELY_PASSPORT, 0.5, of_things=True),
    Sign(NINE_DIGITS, _NINE_DIGITS, 0.8, of_things=True),
)


def words_of(heading: str) -> list[str]:
    """Return the words of a heading, without case; a change of case within a word begins another."""
    composed = unicodedata.normalize("NFC", heading)
    apart = re.sub(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])", " ", composed)
    return [word for word in re.split(r"[\W_\d]+", apart.casefold()) if word]


def kind_by_heading(heading: str) -> str | None:
    """Return what a heading says its column holds, None where it says nothing personal."""
    words = words_of(heading)
    together = "".join(words)
    for kind, known in HEADINGS.items():
        if any(word in known or word.startswith(tuple(BEGINNINGS[kind])) for word in (*words, together)):
            return kind
    return next((PAIRS[pair] for pair in itertools.pairwise(words) if pair in PAIRS), None)


def names_things(heading: str) -> bool:
    """Whether a heading is that of a key or of a number of a thing."""
    words = words_of(heading)
    return not THINGS.isdisjoint(words) or any(word.startswith(THING_BEGINNINGS) for word in words)


@dataclass(slots=True)
class PersonalColumn:
    """A column of personal data: what it looks like, and in how many of the rows seen."""

    kind: str
    rows: int = 0


@dataclass(slots=True)
class PersonalColumns:
    """Watches the columns of one file while it is read.

    rules : how fields are filled. provenance : what is kept of where rows come from -> its column.
    dropped, kept : columns the user, or a mapping, leaves out or keeps all the same.
    """

    layer: type[Layer]
    source: Source
    rules: Mapping[str, FieldRule]
    provenance: Mapping[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    rows: int = 0
    found: dict[str, PersonalColumn] = field(default_factory=dict)
    stored: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.stored = {column: [what] for what, column in self.provenance.items()}
        for name, rule in self.rules.items():
            if name not in self.layer.computed:
                for column in rule.reads():
                    self.stored.setdefault(column, []).append(name)

    def look(self, frame: pd.DataFrame) -> None:
        """Look at some rows of the file, columns as it names them."""
        self.rows += len(frame)
        for name in frame.columns:
            if name in self.kept or name in self.dropped or name in self.source.positions:
                continue
            cells = _cells_of(frame[name])
            kind = kind_by_heading(name)
            rows = 0 if kind is None else cells.worded if kind == NAMES else cells.filled
            if not rows and len(cells.suspects):
                kind, rows = self._kind_by_values(name, cells.suspects, cells.filled)
            if kind is not None and rows:
                self.found.setdefault(name, PersonalColumn(kind)).rows += rows

    def _kind_by_values(self, name: str, suspects: pa.StringArray, filled: int) -> tuple[str | None, int]:
        fields = self.layer.attributes()
        of_place = name in self.stored and all(
            filled_by in fields and fields[filled_by].of_place for filled_by in self.stored[name]
        )
        of_things = names_things(name)
        for sign in SIGNS:
            if (of_place and sign.kind == NAMES) or (of_things and sign.of_things):
                continue
            rows = int(pc.sum(pc.match_substring_regex(suspects, sign.pattern)).as_py())
            if rows and rows >= sign.least * filled:
                return sign.kind, rows
        return None, 0

    @property
    def refused(self) -> dict[str, PersonalColumn]:
        """Columns found that a field of the layer would store."""
        return {name: about for name, about in self.found.items() if name in self.stored}

    @property
    def left_out(self) -> frozenset[str]:
        """Columns that are neither stored nor written to a file of rejected rows."""
        return self.dropped | self.found.keys()

    def refusal(self) -> DataRefused:
        """Return why the file is not loaded; no value of it is repeated."""
        columns = Listed(
            tuple(
                Phrase(
                    WOULD_BE_STORED,
                    {
                        "column": name,
                        "rows": about.rows,
                        "read": self.rows,
                        "kind": Phrase(about.kind),
                        "fields": ", ".join(self.stored[name]),
                        "quoted": _quoted(name),
                    },
                )
                for name, about in self.refused.items()
            ),
            between="; ",
        )
        message = "{file}: {columns}. Nothing was stored: no record of a person is needed."
        return DataRefused(told(message, file=self.source.file_name, columns=columns))

    def notes(self) -> Iterable[str]:
        """Say what was noticed in columns that no field takes."""
        if self.found:
            named = (
                Phrase(OF_KIND, {"column": name, "kind": Phrase(about.kind)}) for name, about in self.found.items()
            )
            message = "Columns that look like personal data are stored nowhere, nor among rejected rows: {columns}."
            yield told(message, columns=Listed(tuple(named)))


def without_lines(rejections: list[Rejection], left_out: frozenset[str]) -> list[Rejection]:
    """Return rejections without the lines that could not be told into cells, where columns of the file are left out."""
    if not left_out:
        return rejections
    return [replace(item, value=None) if item.field is None else item for item in rejections]


class _Cells(NamedTuple):
    """Cells of a column. filled, worded : how many are, and have a letter. suspects : texts that a sign could fit."""

    filled: int
    worded: int
    suspects: pa.StringArray


def _cells_of(series: pd.Series[Any]) -> _Cells:
    """Return the cells of a column; of most columns none is suspect. A number is no name: it counts families."""
    if pd.api.types.is_bool_dtype(series.dtype):
        return _Cells(0, 0, pa.array([], pa.string()))
    if pd.api.types.is_numeric_dtype(series.dtype):
        known = series.dropna().to_numpy(dtype=np.float64)
        measured = (known != np.floor(known)).any()  # infinite is whole, and no number of a person
        whole = known[[]] if measured else known[(known >= SHORTEST) & (known < LONGEST)]
        return _Cells(len(known), 0, pa.array(whole.astype(np.int64)).cast(pa.string()))
    if pd.api.types.infer_dtype(series, skipna=True) != "string":
        series = series.map(_as_text, na_action="ignore").astype(object)
    texts = pa.array(series, pa.string(), from_pandas=True)
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    texts = texts.filter(pc.fill_null(pc.match_substring_regex(texts, r"\S"), False))
    worded = pc.sum(pc.match_substring_regex(texts, r"\p{L}")).as_py() or 0
    return _Cells(len(texts), worded, texts.filter(pc.match_substring_regex(texts, _SUSPECT)))


def _as_text(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _quoted(name: str) -> str:
    return f'"{name}"' if re.search(r"\W", name) else name
