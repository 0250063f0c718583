"""Tables that ODK Central and KoboToolbox export: what each column is, positions as they write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.catalogue.base import Layer
from layers.errors import DataRefused
from layers.loading.chunks import Source, Unreadable
from layers.records.phrases import told

POSITION: Final = ("shape", "geom", "geometry", "location")  # what the question of the position is called
PIECES: Final = {"latitude": 0, "longitude": 1, "altitude": 2, "accuracy": 3, "precision": 3}
UUID: Final = "uuid:"
# Who fills a form in, with what, from where and when; also the name a form gives an answer, which may be a person's.
OF_DEVICE: Final = frozenset(
    [
        *("deviceid", "device_id", "devicephonenum", "phonenumber", "phone_number", "phonenum", "imei"),
        *("username", "user_name", "submitterid", "submitter_id", "submittername", "submitter_name", "submitted_by"),
        *("email", "user_email", "simserial", "sim_serial", "simid", "sim_id", "subscriberid", "subscriber_id"),
        *("start", "end", "today", "audit", "instancename"),
    ]
)
ANYWHERE: Final = ("start_geopoint", "startgeopoint", "background_geopoint", "exif")  # in a heading, with what follows
MEDIA: Final = re.compile(r"https?://\S+|[^/\\]+\.(jpe?g|png|heic|gif|webp|m4a|mp3|wav|amr|ogg|aac|3gp|mp4|mov)", re.I)
KEYS: Final = ("key", "instanceid", "_uuid")  # of an answer, the first that is there
PARENTS: Final = ("parent_key", "_submission__uuid")
REMARK, MARK = "remark", "form"
OWN_NOTES: Final = ("mines", "people")  # questions of Obod's forms that are only read
REVIEW, REFUSED_IN_REVIEW = "reviewstate", "rejected"


class Answers:
    """A table of answers whose columns are known: fields of a layer, keys, position.

    columns : what it is called -> column of the file. frame : all of its rows.
    """

    def __init__(self, source: Source, layer: type[Layer]) -> None:
        self.file_name = source.file_name
        self.rows, self.frame, self.unreadable = _whole(source)
        self.dropped = tuple(name for name in source.columns if _is_of_device(name))
        left = [name for name in source.columns if name not in self.dropped]
        self.media = tuple(name for name in left if _is_media(self.frame[name]))
        self.columns: dict[str, str] = {}
        self.pieces: dict[int, str] = {}
        self.others: list[str] = []
        fields = layer.attributes().keys()
        for name in left:
            if name in self.media:
                continue
            last = _parts(name)[-1]
            piece = _piece_of(name)
            if piece is not None:
                self.pieces.setdefault(piece, name)
            elif last in fields or last.casefold() in (*KEYS, *PARENTS, *POSITION, REVIEW, REMARK, MARK, *OWN_NOTES):
                known = last if last in fields else last.casefold()
                if known in self.columns:
                    raise DataRefused(
                        f"{self.file_name} has two columns for {known}: {self.columns[known]} and {name}; export it "
                        "without one of them."
                    )
                self.columns[known] = name
            else:
                self.others.append(name)

    def texts(self, name: str) -> list[str | None]:
        """Return the cells of a column by what it is called, None where empty or where there is no such column."""
        if name not in self.columns:
            return [None] * len(self.frame)
        cells = self.frame[self.columns[name]]
        return [None if pd.isna(cell) or not str(cell).strip() else str(cell).strip() for cell in cells.array]

    def keys(self) -> list[str | None]:
        """Return the key of each answer: of its first sending, so that an edited answer is the same one."""
        name = next((one for one in KEYS if one in self.columns), None)
        found = [None] * len(self.frame) if name is None else self.texts(name)
        return [None if key is None else key if key.startswith(UUID) else f"{UUID}{key}" for key in found]

    def places(self) -> list[str | None]:
        """Return the position of each answer as ODK writes it in one text."""
        name = next((one for one in POSITION if one in self.columns), None)
        if name is not None:
            return self.texts(name)
        if not {0, 1} <= self.pieces.keys():
            return [None] * len(self.frame)
        cells = self.frame[[self.pieces[at] for at in sorted(self.pieces)]]
        given = [[str(cell).strip() for cell in row if not pd.isna(cell)] for row in cells.itertuples(index=False)]
        return [" ".join(row) or None for row in given]

    @property
    def placed(self) -> bool:
        """Whether there is a position to read."""
        return {0, 1} <= self.pieces.keys() or any(name in self.columns for name in POSITION)


def points_of(text: str) -> list[tuple[float, ...]]:
    """Return the points of a text as ODK writes it: ``latitude longitude [altitude [accuracy]]``, ``;`` between.

    Raises
    ------
    ValueError : it is none; says what was expected.
    """
    expected = told("expected latitude and longitude in degrees, as ODK writes them")
    points: list[tuple[float, ...]] = []
    for part in text.strip().rstrip(";").split(";"):
        try:
            point = tuple(float(number) for number in part.split())
        except ValueError:
            raise ValueError(expected) from None
        sound = 2 <= len(point) <= 4 and all(np.isfinite(point)) and abs(point[0]) <= 90 and abs(point[1]) <= 180
        if not sound:
            raise ValueError(expected)
        points.append(point)
    return points


def shape_of(points: Sequence[tuple[float, ...]], kind: str) -> Any:
    """Return the geometry of points; heights and accuracies are left out.

    Raises
    ------
    ValueError : they are not enough for it, or too many; says what was expected.
    """
    xy = [(point[1], point[0]) for point in points]
    if kind == "POINT":
        if len(xy) != 1:
            raise ValueError(told("expected one point"))
        return shapely.Point(xy[0])
    if kind == "MULTILINESTRING":
        if len(set(xy)) < 2:
            raise ValueError(told("expected a line of two points or more"))
        return shapely.LineString(xy)
    if len(set(xy)) < 3 or xy[0] != xy[-1]:
        raise ValueError(told("expected an outline of three points or more that ends where it begins"))
    return shapely.Polygon(xy)


def _whole(source: Source) -> tuple[NDArray[np.int64], pd.DataFrame, list[Unreadable]]:
    """Return all rows of a table with what could not be read."""
    rows: list[NDArray[np.int64]] = []
    frames: list[pd.DataFrame] = []
    faults: list[Unreadable] = []
    read = 0
    for chunk in source.chunks():
        faults += [replace(fault, position=fault.position + read) for fault in chunk.unreadable]
        rows.append(chunk.rows)
        frames.append(chunk.frame)
        read += len(chunk.rows)
    return np.concatenate(rows), pd.concat(frames, ignore_index=True), faults


def _parts(heading: str) -> list[str]:
    """Return the groups of a heading and its own name."""
    return re.split(r"[/:]|-", heading.strip())


def _piece_of(heading: str) -> int | None:
    """Return which piece of the position a column is: latitude, longitude, height, accuracy; None for another."""
    found = re.fullmatch(rf"(?:.*[/:-])?_?({'|'.join(POSITION)})[-_/:]({'|'.join(PIECES)})", heading.strip().casefold())
    return None if found is None else PIECES[found.group(2)]


def _is_of_device(heading: str) -> bool:
    """Whether a column says who answered, with what, from where or when."""
    plain = re.sub(r"[^a-z0-9]+", "_", heading.casefold()).strip("_")
    last = re.sub(r"[^a-z0-9]+", "_", _parts(heading)[-1].casefold()).strip("_")
    return plain in OF_DEVICE or last in OF_DEVICE or any(name in plain for name in ANYWHERE)


def _is_media(cells: pd.Series[Any]) -> bool:
    """Whether a column names files of pictures or sounds."""
    filled = [str(cell).strip() for cell in cells.array if not pd.isna(cell) and str(cell).strip()]
    return bool(filled) and all(MEDIA.fullmatch(text) for text in filled)
