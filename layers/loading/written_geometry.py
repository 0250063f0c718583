"""Geometry written in a cell: WKT, as PostGIS and others write it with a number of its CRS, or the digits of WKB."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geo.geometry.kernels.wkb import HEAD_BYTES, SRID_FOLLOWS
from layers.loading.chunks import HAS_ARCS, Unreadable, shapes_of_wkb
from layers.loading.shapes import NESTING, Shapes
from layers.records.phrases import Told, told

SRID: Final = re.compile(r"\s*SRID\s*=\s*(\d{1,6})\s*;", re.IGNORECASE)
DIGITS: Final = re.compile(r"\s*(?:\\x|0x)?(0[01](?:[0-9a-f]{2})+)\s*", re.IGNORECASE)  # bytes, the order of them first
ARCS: Final = re.compile(r"\b(CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|MULTICURVE|MULTISURFACE)", re.IGNORECASE)
NESTED: Final = re.compile(r"\s*(GEOMETRYC|C|MULTI[CS])", re.IGNORECASE)  # what geometries may stand in
NUMBERED_BYTES: Final = HEAD_BYTES + 4  # of a geometry in WKB up to the end of its number
NO_GEOMETRY: Final = "is no geometry in WKT, nor the hexadecimal digits of WKB"

Texts = NDArray[np.object_]


def srid_of(text: str) -> int | None:
    """Return the number of the CRS that a written geometry names, None where it names none."""
    said = SRID.match(text)
    if said is not None:
        return int(said[1]) or None
    digits = DIGITS.fullmatch(text)
    return None if digits is None else _srid_in(bytes.fromhex(digits[1][: 2 * NUMBERED_BYTES]))


def read_written(texts: Sequence[str | None], field: str, srid: int | None) -> tuple[Shapes, list[Unreadable]]:
    """Return the geometries of a column of texts, and what is wrong with those that are missing.

    Parameters
    ----------
    texts : None where nothing is written.
    field : name of the column.
    srid : number of the CRS that the file's first geometry names, None where it names none.
    """
    faults: list[str | None] = [None] * len(texts)
    written = np.full(len(texts), None, dtype=object)
    binary: list[bytes | None] = [None] * len(texts)
    for at, text in enumerate(texts):
        if text is None:
            continue
        own = srid_of(text)
        if own is not None and own != srid:
            faults[at] = _of_another_crs(own, srid)
        elif digits := DIGITS.fullmatch(text):
            binary[at] = bytes.fromhex(digits[1])
        else:
            said = SRID.match(text)
            plain = text if said is None else text[said.end() :]
            faults[at] = _fault_of(plain)
            written[at] = plain if faults[at] is None else None
    with np.errstate(all="ignore"):  # coordinates beyond all numbers are told as such later
        geometries = np.asarray(shapely.from_wkt(written, on_invalid="ignore"))
    shapes = Shapes.of(geometries)
    in_digits = np.flatnonzero([item is not None for item in binary])
    if len(in_digits):
        found, unreadable = shapes_of_wkb(pa.array([binary[at] for at in in_digits], type=pa.binary()))
        shapes = shapes.replaced(in_digits, found.objects())
        for fault in unreadable:  # else digits that are cut are told to be of a kind
            faults[in_digits[fault.position]] = fault.reason if fault.reason == HAS_ARCS else None
    lost = np.flatnonzero(shapes.missing() & np.array([text is not None for text in texts], dtype=bool))
    return shapes, [Unreadable(at, field, texts[at], faults[at] or told(NO_GEOMETRY)) for at in lost.tolist()]


def _srid_in(wkb: bytes) -> int | None:
    """The number that PostGIS sets after the head of a geometry it writes."""
    number = struct.Struct("<I" if wkb[0] else ">I")
    if len(wkb) < NUMBERED_BYTES or not number.unpack_from(wkb, 1)[0] & SRID_FOLLOWS:
        return None
    return int(number.unpack_from(wkb, HEAD_BYTES)[0]) or None


def _of_another_crs(own: int, first: int | None) -> Told:
    if first is None:
        return told("is in EPSG:{own}, the first geometry names no CRS; expected one CRS in a file", own=str(own))
    reason = "is in EPSG:{own}, the first geometry in EPSG:{first}; expected one CRS in a file"
    return told(reason, own=str(own), first=str(first))


def _fault_of(text: str) -> Told | None:
    """Why GEOS must not be given a text: arcs, which it cannot hold, or so deep that it would run out of room."""
    if not NESTED.match(text):
        return None
    if ARCS.search(text):
        return told(HAS_ARCS)
    if text.count("(") <= NESTING:
        return None
    steps = np.frombuffer(text.encode(), dtype=np.uint8)
    depth = np.cumsum((steps == ord("(")).astype(np.int64) - (steps == ord(")")))
    return told(NO_GEOMETRY) if np.max(depth) > NESTING else None
