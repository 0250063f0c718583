"""Mapping files: which column of a file is which field of a layer, said once and kept beside the data."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping as Table
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from geo.errors import SchemeError
from geo.strict_toml import StrictModel, parse_toml, read_text
from layers.catalogue.base import Layer
from layers.errors import DataRefused, NotFound
from layers.loading.checks import URL_SAFE, NotAValue, parse_number
from layers.loading.chunks import Unreadable
from layers.loading.faults import one_of
from layers.loading.kinds import DBF_LETTERS
from layers.loading.shapes import Shapes
from layers.records.phrases import told

DIGEST = "digest"  # the key of files that have none
DIGEST_BYTES = 6  # 48 bits: in ten thousand rows two keys agree by chance once in five million files
KEY_DECIMALS = 7  # of a degree, 1 cm: what a digest key sees of a position
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")

UNITS: Final[Table[str, Table[str, float]]] = {
    "m3/s": {"l/s": 1e-3, "m3/h": 1 / 3_600, "m3/d": 1 / 86_400},
    "m3/d": {"l/s": 86.4, "m3/h": 24.0, "m3/s": 86_400.0},
    "ha": {"m2": 1e-4, "km2": 100.0},
    "m": {"cm": 0.01, "km": 1_000.0},
    "ratio": {"%": 0.01},
    "dS/m": {"mS/cm": 1.0, "uS/cm": 1e-3},
}
"""By unit of a field: how much of it one of another unit is."""

Scalar = str | int | float | bool | date


class FieldRule(StrictModel):
    """How one field is filled: from one column, the first filled of several, a template, a constant or a digest."""

    column: str | None = None
    columns: tuple[str, ...] = ()
    template: str | None = Field(None, description="text with {column} in it; empty where one of them is")
    constant: Scalar | None = None
    digest: bool = Field(False, description="a digest of the position, for files without a key")
    prefix: str = Field("", description="put before what comes out")
    values: dict[str, Scalar] | None = Field(None, description="what the file writes -> what is stored")
    other: Scalar | None = Field(None, description="stored for what is not in values; without it such rows are refused")
    otherwise: str | None = Field(None, description="column that is stored for what is not in values")
    scale: float | None = Field(None, description="numbers are multiplied by this")
    slug: bool = Field(False, description="characters that cannot stand in an address become -")

    @model_validator(mode="after")
    def _one_origin(self) -> FieldRule:
        origins = [self.column, self.columns or None, self.template, self.constant, self.digest or None]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("say exactly one of column, columns, template, constant, digest")
        return self

    def reads(self) -> tuple[str, ...]:
        """Names of the columns the rule reads."""
        if self.template is not None:
            return tuple(PLACEHOLDER.findall(self.template))
        first = (self.column,) if self.column is not None else self.columns
        return first if self.otherwise is None else (*first, self.otherwise)


class Mapping(StrictModel):
    """One mapping file. ``fields`` names a column, or gives a rule, for each field that the file can fill."""

    layer: str
    files: tuple[str, ...] = Field((), description="names of the files it is for, * and ? for any letters")
    table: str | None = Field(None, description="of a file with several; * for all, read as one")
    key: str | None = Field(None, description="column that holds the key, or digest")
    crs: str | None = None
    encoding: str | None = None
    swap_axes: bool = Field(False, description="x and y are the wrong way round")
    letters: dict[str, str] | None = Field(None, description="letters of an 8-bit font -> the letters they draw")
    source: str | None = None
    licence: str | None = None
    date_: date | None = Field(None, alias="date")
    synthetic: bool = False
    where: dict[str, tuple[Scalar, ...]] = Field(default_factory=dict, description="only rows with these values")
    unless: dict[str, tuple[Scalar, ...]] = Field(default_factory=dict, description="no rows with these values")
    drop: tuple[str, ...] = Field((), description="columns of personal data that are not read")
    keep_anyway: tuple[str, ...] = Field((), description="columns that look like personal data and are stored")
    fields: dict[str, str | FieldRule] = Field(default_factory=dict)
    scale: float | None = Field(None, description="of a raster: its values are multiplied by this")

    @field_validator("key")
    @classmethod
    def _not_empty(cls, key: str | None) -> str | None:
        if key == "":
            raise ValueError("expected a column or digest")
        return key


def read_mapping(path: Path) -> Mapping:
    """Return the mapping of a TOML file.

    Raises
    ------
    NotFound : no such file. DataRefused : it is no TOML, or says something that is not understood.
    """
    try:
        text = read_text(path, otherwise=f"There is no mapping file {path.name}.")
    except SchemeError as error:
        raise (DataRefused if path.is_file() else NotFound)(str(error)) from None
    try:
        return parse_toml(Mapping, text, source=path.name)
    except SchemeError as error:
        raise DataRefused(f"{error}.") from None


def is_for(path: Path, mapping: Mapping, file_name: str) -> bool:
    """Whether a mapping is for a file: one that names no files is for those that are called as it is."""
    if not mapping.files:
        return file_name.casefold().startswith(f"{path.stem.casefold()}.")
    return file_name in mapping.files or any(fnmatchcase(file_name, pattern) for pattern in mapping.files)


def mappings_for(folder: Path, layer: str, file_name: str) -> list[tuple[Path, Mapping]]:
    """Return the mapping files of a folder that are for this layer and file."""
    return [
        (path, mapping)
        for path in sorted(folder.glob("*.toml"))
        if (mapping := read_mapping(path)).layer == layer and is_for(path, mapping, file_name)
    ]


def find_mapping(place: Path, layer: str, file_name: str) -> Mapping:
    """Return a mapping file, or that mapping of a folder which is for this layer and file.

    Raises
    ------
    DataRefused : the folder has none, or several; or the file is for another layer.
    """
    if not place.is_dir():
        mapping = read_mapping(place)
        if mapping.layer != layer:
            raise DataRefused(f"{place.name} is a mapping file for {mapping.layer}, not for {layer}.")
        return mapping
    found = mappings_for(place, layer, file_name)
    if len(found) != 1:
        listed = ", ".join(path.name for path, _ in found)
        raise DataRefused(
            f"{place.name} has {len(found) or 'no'} mapping{'s' if len(found) > 1 else ''} for {layer} from {file_name}"
            + (f": {listed}; name one." if found else ".")
        )
    return found[0][1]


SAID_IN_MAPPING = {
    "--crs": "crs",
    "--drop": "drop",
    "--encoding": "encoding",
    "--keep-anyway": "keep_anyway",
    "--key": "key",
    "--map ": "[fields]",
    "--swap-axes": "swap_axes",
    "--table": "table",
}
"""Options of a single file, and the keys of a mapping file that stand for them."""


def keys_instead(refusal: str) -> str:
    """Return the keys of a mapping file that say what the options a refusal advises say; "" where it advises none."""
    return ", ".join(key for option, key in SAID_IN_MAPPING.items() if option in refusal)


def rules_for(
    layer: type[Layer],
    columns: tuple[str, ...],
    *,
    mapping: Mapping | None,
    assigned: Table[str, str],
    key: str | None,
    file_name: str,
) -> dict[str, FieldRule]:
    """Return a rule per field: what ``--map`` and ``--key`` say, then the mapping file, then columns of the same name.

    Raises
    ------
    DataRefused : a field the layer does not have, or a column the file does not have.
    """
    fields = layer.attributes()
    stored = {about.shown_as: name for name, about in fields.items() if about.shown_as}
    rules: dict[str, FieldRule] = {}
    if mapping is None:
        by_fold = {column.casefold(): column for column in reversed(columns)}
        cut = _cut_names(about.shown_as or name for name, about in fields.items())
        named = {
            name: next((n for n in (about.shown_as, cut.get(about.shown_as or name), name) if n in by_fold), None)
            for name, about in fields.items()
        }
        rules = {name: FieldRule(column=by_fold[column]) for name, column in named.items() if column is not None}
    else:
        for name, rule in mapping.fields.items():
            rules[stored.get(name, name)] = rule if isinstance(rule, FieldRule) else FieldRule(column=rule)
        key = key or mapping.key
    rules.update({stored.get(name, name): FieldRule(column=column) for name, column in assigned.items()})
    if key is not None:
        by_digest = key == DIGEST and DIGEST not in columns
        rules[layer.key] = FieldRule(digest=True) if by_digest else FieldRule(column=key)
    unknown = [name for name in rules if name not in fields]
    if unknown:
        raise DataRefused(
            f"{layer.__tablename__} has no field {', '.join(unknown)}; its fields are "
            f"{', '.join(about.shown_as or name for name, about in fields.items())}."
        )
    needed = {column for rule in rules.values() for column in rule.reads()}
    if mapping is not None:
        needed |= mapping.where.keys() | mapping.unless.keys()
    lacking = sorted(needed - set(columns))
    if lacking:
        raise DataRefused(f"{file_name} has no column {', '.join(lacking)}; it has {', '.join(columns) or 'none'}.")
    return rules


def converted(
    layer: type[Layer], rules: dict[str, FieldRule], units: Table[str, str], *, file_name: str
) -> dict[str, FieldRule]:
    """Return rules that turn columns in other units into the fields' own.

    Parameters
    ----------
    layer : whose fields they fill. rules : of each field that is filled.
    units : field, or its name without the unit -> unit of its column. file_name : for refusals.

    Raises
    ------
    DataRefused : a field the layer does not have, that has no unit or that no column fills, or an unknown unit.
    """
    found = dict(rules)
    fields = {name: about.unit for name, about in layer.attributes().items() if about.unit}
    for said, unit in units.items():
        short = {n: n.removesuffix(f"_{own.casefold().replace('/', '_')}") for n, own in fields.items()}
        name = next((n for n in fields if said in (n, short[n])), None)
        if name is None:
            known = ", ".join(fields) or "none"
            raise DataRefused(told("--unit {field}: one of the fields {known} expected.", field=said, known=known))
        if name not in found:
            raise DataRefused(told("--unit {field}: no column of {file} fills it.", field=said, file=file_name))
        factors = {fields[name]: 1.0, **UNITS.get(fields[name], {})}
        if unit not in factors:
            message = "--unit {field}={unit}: one of {known} expected."
            raise DataRefused(told(message, field=said, unit=unit, known=", ".join(factors)))
        found[name] = found[name].model_copy(update={"scale": (found[name].scale or 1.0) * factors[unit]})
    return found


def _cut_names(names: Iterable[str]) -> dict[str, str]:
    """Return what a DBF makes of names that are too long for it, where that is no other's name too."""
    known = list(names)
    cut = Counter(name[:DBF_LETTERS] for name in known)
    return {name: name[:DBF_LETTERS] for name in known if len(name) > DBF_LETTERS and cut[name[:DBF_LETTERS]] == 1}


def select_rows(mapping: Mapping | None, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows a mapping's ``where`` and ``unless`` let through, bool (n,)."""
    keep = np.ones(len(frame), dtype=bool)
    if mapping is None:
        return keep
    for column, wanted in mapping.where.items():
        keep &= _plain(frame[column]).isin([_word(value) for value in wanted]).to_numpy(dtype=bool)
    for column, unwanted in mapping.unless.items():
        keep &= ~_plain(frame[column]).isin([_word(value) for value in unwanted]).to_numpy(dtype=bool)
    return keep


class Mapped:
    """Fields of a layer filled from the columns of a chunk.

    frame : one column per field. refused : values that a rule's table of values does not have.
    """

    def __init__(self, rules: Table[str, FieldRule], frame: pd.DataFrame, shapes: Shapes | None) -> None:
        self.refused: list[Unreadable] = []
        fields = {name: self._filled(name, rule, frame) for name, rule in rules.items() if not rule.digest}
        self.frame = pd.DataFrame(fields, index=frame.index)
        for name, rule in rules.items():
            if rule.digest:
                self.frame[name] = _digest_keys(rule.prefix, self.frame[sorted(fields)], shapes)

    def _filled(self, name: str, rule: FieldRule, frame: pd.DataFrame) -> pd.Series[Any]:
        series = _origin(rule, frame)
        if rule.values is not None:
            series = self._translated(name, rule, series, frame)
        if rule.scale is not None:
            series = _scaled(series, rule.scale)
        if rule.prefix:
            series = _text(series).map(lambda text: rule.prefix + text, na_action="ignore")
        if rule.slug:
            series = _text(series).map(_slug, na_action="ignore")
        return series

    def _translated(self, name: str, rule: FieldRule, series: pd.Series[Any], frame: pd.DataFrame) -> pd.Series[Any]:
        table = {_word(given): stored for given, stored in (rule.values or {}).items()}
        words = _plain(series)
        known = words.isin(list(table))
        alien = ~known & (words != "")
        result = words.map(table).astype(object).where(known, None)
        if rule.otherwise is not None:
            return result.where(known, frame[rule.otherwise].astype(object))
        if rule.other is not None:
            return result.where(~alien, rule.other)
        reason = one_of(rule.values or {})
        self.refused.extend(
            Unreadable(int(at), name, str(series.iloc[at]), reason) for at in np.flatnonzero(alien.to_numpy(dtype=bool))
        )
        return result


def _origin(rule: FieldRule, frame: pd.DataFrame) -> pd.Series[Any]:
    if rule.constant is not None:
        return pd.Series(np.full(len(frame), rule.constant, dtype=object), index=frame.index)
    if rule.template is not None:
        return _from_template(rule.template, frame)
    if rule.column is not None:
        return frame[rule.column]
    first = _text(frame[rule.columns[0]])
    for column in rule.columns[1:]:
        first = first.where(first.notna(), _text(frame[column]))
    return first


def _from_template(template: str, frame: pd.DataFrame) -> pd.Series[Any]:
    parts = PLACEHOLDER.split(template)  # text, column, text, column, ..., text
    columns = [_text(frame[name]) for name in parts[1::2]]
    made = [
        None if any(cell is None for cell in row) else "".join(map("".join, zip(parts[::2], (*row, ""), strict=True)))
        for row in zip(*columns, strict=True)
    ]
    return pd.Series(made, index=frame.index, dtype=object)


def _scaled(series: pd.Series[Any], scale: float) -> pd.Series[Any]:
    """Numbers times ``scale``; what is no number stays as it is, to be refused by the field's check."""

    def times(value: Any) -> Any:
        try:
            number = parse_number(str(value))
        except NotAValue:
            return value
        return None if number is None else number * scale

    return series.map(times, na_action="ignore").astype(object)


def _word(value: Any) -> str:
    """A value as it is compared: text without case, whole numbers without a point."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip().casefold()


def _plain(series: pd.Series[Any]) -> pd.Series[Any]:
    """Words of a column, "" where it is empty."""
    return series.map(_word, na_action="ignore").astype(object).where(series.notna(), "")


def _text(series: pd.Series[Any]) -> pd.Series[Any]:
    """A column as text, None where it is empty; whole numbers without a point."""

    def as_text(value: Any) -> str | None:
        if isinstance(value, float | np.floating) and float(value).is_integer():
            return str(int(value))
        return str(value).strip() or None

    texts = [None if pd.isna(value) else as_text(value) for value in series]
    return pd.Series(texts, index=series.index, dtype=object)


def _slug(text: str) -> str:
    return "".join(letter if URL_SAFE.fullmatch(letter) else "-" for letter in text)


def _digest_keys(prefix: str, fields: pd.DataFrame, shapes: Shapes | None) -> list[str]:
    """Keys that follow from where a row lies, so that a corrected name stays the same row; else from its fields."""
    if shapes is None:
        words = ["\x1f".join(row).encode() for row in zip(*(_plain(fields[name]) for name in fields), strict=True)]
    else:
        rounded = shapely.transform(shapes.objects(), lambda xy: np.round(xy, KEY_DECIMALS))
        words = [shape or b"" for shape in shapely.to_wkb(rounded, byte_order=1)]
    return [prefix + hashlib.blake2b(word, digest_size=DIGEST_BYTES).hexdigest() for word in words]
