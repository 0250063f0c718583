"""Mapbox vector tiles from arrays: one layer of polygons with coded attributes (vector tile specification 2.1).

Protocol buffers are length-prefixed; features are written by one compiled loop, the rest is a few bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]

POLYGON = 3  # geometry type of a feature
VERSION = 2
LONGEST_VARINT = 10  # bytes
# Field numbers with their wire types (0 varint, 1 of 8 bytes, 2 length-prefixed) as one byte, specification 4.
LAYER, NAME, FEATURE, KEY, VALUE, EXTENT, LAYER_VERSION = 0x1A, 0x0A, 0x12, 0x1A, 0x22, 0x28, 0x78
ID, TAGS, TYPE, GEOMETRY = 0x08, 0x12, 0x18, 0x22
TEXT, DOUBLE, INTEGER, BOOLEAN = 0x0A, 0x19, 0x30, 0x38


@dataclass(frozen=True, slots=True)
class Coded:
    """An attribute: the values that occur, and for each feature which one it has (-1 = not known)."""

    values: Sequence[Any]
    codes: Ints


def coded(column: Sequence[Any] | NDArray[np.object_]) -> Coded:
    """Return a column of texts, numbers or truth values as codes; None is not known."""
    codes, values = pd.factorize(np.asarray(column, dtype=object))
    return Coded(list(values), codes.astype(np.int64))


def encode(
    layer: str,
    extent: int,
    drawing: tuple[Ints, Ints],
    attributes: Mapping[str, Coded],
    ids: Ints | None = None,
) -> tuple[bytes, int]:
    """Return a tile with one layer of polygons and the number of features in it; empty when there is none.

    Parameters
    ----------
    drawing : commands, and where those of each feature begin (n + 1,); a feature without commands is left out.
    attributes : name -> values of the n features. ids : feature ids (n,).
    """
    commands, starts = drawing
    shown = np.flatnonzero(np.diff(starts))
    if not len(shown):
        return b"", 0
    numbers = np.full(len(starts) - 1, -1, dtype=np.int64) if ids is None else np.asarray(ids, dtype=np.int64)
    shown = shown[np.argsort(numbers[shown], kind="stable")]  # the same rows give the same bytes, however they came
    tags, keys, values = _tags(attributes, shown)
    features = _features(commands, starts, shown, numbers, tags)
    body = b"".join(
        (
            _field(NAME, layer.encode()),
            features.tobytes(),
            *(_field(KEY, key.encode()) for key in keys),
            *values,
            bytes([EXTENT]) + _varint(extent),
            bytes([LAYER_VERSION, VERSION]),
        )
    )
    return _field(LAYER, body), len(shown)


def _tags(attributes: Mapping[str, Coded], shown: Ints) -> tuple[Ints, list[str], list[bytes]]:
    """Value number of each shown feature and attribute (n, attributes), -1 = none; only values that occur."""
    values: list[bytes] = []
    count = 0
    tags = np.empty((len(shown), len(attributes)), dtype=np.int64)
    for place, attribute in enumerate(attributes.values()):
        codes = attribute.codes[shown]
        used, place_of = np.unique(codes, return_inverse=True)
        unknown = int(len(used) > 0 and used[0] < 0)
        tags[:, place] = np.where(codes < 0, -1, place_of - unknown + count)
        values.append(_values([attribute.values[code] for code in used[unknown:]]))
        count += len(used) - unknown
    return tags, list(attributes), values


def _values(values: list[Any]) -> bytes:
    if not all(type(value) is float for value in values):
        return b"".join(_field(VALUE, _value(value)) for value in values)
    doubles = np.empty(len(values), dtype=[("head", "u1", 3), ("value", "<f8")])
    doubles["head"] = VALUE, 9, DOUBLE  # 9: bytes that follow
    doubles["value"] = values
    return doubles.tobytes()


def _value(value: Any) -> bytes:
    if isinstance(value, str):
        return _field(TEXT, value.encode())
    if isinstance(value, bool | np.bool_):
        return bytes([BOOLEAN, bool(value)])
    if isinstance(value, int | np.integer):
        return bytes([INTEGER]) + _varint((int(value) << 1) ^ (int(value) >> 63))
    return bytes([DOUBLE]) + struct.pack("<d", float(value))


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _field(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _varint(len(content)) + content


@njit(cache=True, nogil=True)
def _size(number: int) -> int:
    size = 1
    while number > 0x7F:
        number >>= 7
        size += 1
    return size


@njit(cache=True, nogil=True)
def _put(out: NDArray[np.uint8], at: int, number: int) -> int:
    while number > 0x7F:
        out[at] = number & 0x7F | 0x80
        number >>= 7
        at += 1
    out[at] = number
    return at + 1


@njit(cache=True, nogil=True)
def _features(commands: Ints, starts: Ints, shown: Ints, ids: Ints, tags: Ints) -> NDArray[np.uint8]:
    """Return the features as they stand in a layer; ids below 0 are left out."""
    room = 0
    for row in range(len(shown)):
        drawn = starts[shown[row] + 1] - starts[shown[row]]
        room += LONGEST_VARINT * (5 + 2 * tags.shape[1]) + 5 * drawn  # a command has at most 32 bits
    out = np.empty(room, np.uint8)
    at = 0
    for row in range(len(shown)):
        first, last, number = starts[shown[row]], starts[shown[row] + 1], ids[shown[row]]
        drawing = 0
        for i in range(first, last):
            drawing += _size(commands[i])
        tagging = 0
        for key in range(tags.shape[1]):
            if tags[row, key] >= 0:
                tagging += _size(key) + _size(tags[row, key])
        length = 2 + 1 + _size(drawing) + drawing
        if number >= 0:
            length += 1 + _size(number)
        if tagging:
            length += 1 + _size(tagging) + tagging
        out[at] = FEATURE
        at = _put(out, at + 1, length)
        if number >= 0:
            out[at] = ID
            at = _put(out, at + 1, number)
        if tagging:
            out[at] = TAGS
            at = _put(out, at + 1, tagging)
            for key in range(tags.shape[1]):
                if tags[row, key] >= 0:
                    at = _put(out, at, key)
                    at = _put(out, at, tags[row, key])
        out[at], out[at + 1], out[at + 2] = TYPE, POLYGON, GEOMETRY
        at = _put(out, at + 3, drawing)
        for i in range(first, last):
            at = _put(out, at, commands[i])
    return out[:at]
