"""Answers of forms as ODK Central and KoboToolbox export them: CSV tables, taken as rows of a layer.

Headings carry the groups of the form (``answers-type``, ``answers/type``), a position is one text or several columns,
and rows of a repeat stand in a table of their own. Who sent an answer, with which device and from where, is dropped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray

from geo.geometry.crs import STORED_CRS
from layers.catalogue.base import PUBLIC, STAFF, Layer
from layers.catalogue.surveys import (
    ASKED_ONCE,
    NUMBERED,
    UNASKED_VALUES,
    YES_NO,
    Kind,
    Question,
    edition_of,
    mark_of,
    questions_of,
)
from layers.errors import DataRefused
from layers.loading.chunks import CHUNK, Chunk, Source, Unreadable
from layers.loading.faults import one_of
from layers.loading.odk_tables import (
    MARK,
    PARENTS,
    POSITION,
    REFUSED_IN_REVIEW,
    REMARK,
    REVIEW,
    UUID,
    Answers,
    points_of,
    shape_of,
)
from layers.loading.reading import open_source
from layers.loading.shapes import Shapes
from layers.records.phrases import told

REPEAT: Final = "rows"  # of forms that ask several rows at once; Central writes FORM-rows.csv beside FORM.csv
SAID_OF_PATTERNS: Final = {
    "hours": told("expected hours a day from 0 to 24: one number, or twelve with commas between"),
    "begins": told("expected month and day, such as 03-15"),
    "wmo": told("expected five digits"),
}
ACCURACY: Final = "accuracy_m"


class Submissions:
    """Answers as a source of rows of a layer; all of them are read at once, for they are few.

    Raises
    ------
    DataRefused : of another layer's form, an answer that is for staff came by a form for others, or a repeat without
        its table.
    """

    def __init__(self, answers: Answers, layer: type[Layer], repeated: Answers | None = None) -> None:
        self._layer = layer
        self._answers = answers
        given = answers if repeated is None else repeated
        self.file_name = given.file_name
        self._rows = given.rows
        self._faults = list(given.unreadable)
        fields = [name for name in layer.attributes() if name in answers.columns or name in given.columns]
        columns: dict[str, list[str | None]]
        parents = np.arange(len(given.rows)) if repeated is None else self._parents(repeated)
        columns = {name: self._cells(name, given, parents) for name in fields if name != layer.key}
        self._check_marks(columns, parents)
        columns[layer.key] = self._keys(given, parents)
        self._codes(columns)
        self._reviewed(parents)
        shapes: NDArray[np.object_] | None = None
        if layer.geometry_kind is not None and answers.placed:
            shapes = self._shapes(given, columns)
        self._shapes_found = shapes
        others = {name: given.frame[name].to_numpy(dtype=object) for name in given.others}
        self._frame = pd.DataFrame({**columns, **others}, dtype=object)
        self.columns = tuple(str(name) for name in self._frame.columns)
        self.positions: tuple[str, ...] = ()
        self.crs: pyproj.CRS | None = pyproj.CRS.from_user_input(STORED_CRS) if shapes is not None else None
        self.spatial = shapes is not None
        self.total: int | None = len(self._frame)
        self.notes = list(self._notes(given))

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows in their order."""
        for start in range(0, max(len(self._frame), 1), CHUNK):
            stop = start + CHUNK
            faults = [
                replace(fault, position=fault.position - start)
                for fault in self._faults
                if start <= fault.position < stop
            ]
            shapes = None if self._shapes_found is None else Shapes.of(self._shapes_found[start:stop])
            frame = self._frame.iloc[start:stop].reset_index(drop=True)
            yield Chunk(self._rows[start:stop], frame, shapes, faults)

    def _parents(self, repeated: Answers) -> NDArray[np.int64]:
        """Return which answer each row of a repeat belongs to, -1 where there is none."""
        name = next((one for one in PARENTS if one in repeated.columns), None)
        if name is None:
            raise DataRefused(
                f"{repeated.file_name} does not say which answer its rows belong to: PARENT_KEY is missing."
            )
        places = {key: at for at, key in enumerate(self._answers.keys())}
        found = [
            None if key is None else key if key.startswith(UUID) else f"{UUID}{key}" for key in repeated.texts(name)
        ]
        parents = np.array([places.get(key, -1) for key in found], dtype=np.int64)
        for at in np.flatnonzero(parents < 0):
            reason = told("its answer is not in {file}", file=self._answers.file_name)
            self._faults.append(Unreadable(int(at), "PARENT_KEY", found[at], reason))
        return parents

    def _cells(self, name: str, given: Answers, parents: NDArray[np.int64]) -> list[str | None]:
        """Cells of a field: of the rows themselves, else of the answer they belong to."""
        if name in given.columns:
            return given.texts(name)
        of_answer = [*self._answers.texts(name), None]
        return [of_answer[at] for at in parents]

    def _keys(self, given: Answers, parents: NDArray[np.int64]) -> list[str | None]:
        """Keys of the rows: the code that was answered, else that of the answer."""
        own = given.texts(self._layer.key)
        made = given.keys()
        if given is not self._answers and "key" not in given.columns:  # a repeat without keys of its own: counted
            of_answer, counted = [*self._answers.keys(), None], Counter[int]()
            for at, parent in enumerate(parents):
                counted[int(parent)] += 1
                key = of_answer[parent]
                made[at] = None if key is None else f"{key}/{REPEAT}[{counted[int(parent)]}]"
        if self._layer.key_in_address:
            made = [None if key is None else key.removeprefix(UUID) for key in made]
        return [mine or key for mine, key in zip(own, made, strict=True)]

    def _check_marks(self, columns: dict[str, list[str | None]], parents: NDArray[np.int64]) -> None:
        """Refuse answers that those who had the form may not know; one that does not say whom it is for is public."""
        layer, name = self._layer, self._layer.__tablename__
        self._editions: set[str] = set()
        marks = [None if text is None else mark_of(text) for text in self._answers.texts(MARK)]
        other = next((mark.layer for mark in marks if mark is not None and mark.layer != name), None)
        if other is not None:
            raise DataRefused(f"{self._answers.file_name} has answers of a form of {other}, not of {name}.")
        self._editions = {mark.edition for mark in marks if mark is not None}
        readers = [*(PUBLIC if mark is None else mark.audience for mark in marks), PUBLIC]
        for field, about in layer.attributes().items():
            needed = max(about.audience, about.exact_for)
            for at, value in enumerate(columns.get(field, ())):
                reader = readers[parents[at]]
                if value is not None and reader < needed:
                    raise DataRefused(
                        f"{self.file_name}, row {self._rows[at]}: {field} is for {needed.name.lower()}, and its answer "
                        f"came by a form for {reader.name.lower()}. Nothing was stored."
                    )

    def _codes(self, columns: dict[str, list[str | None]]) -> None:
        """Bring answers of several choices into the form of the layer; note those that no form takes."""
        for field in columns.keys() & NUMBERED.keys():
            columns[field] = [None if text is None else ", ".join(text.split()) for text in columns[field]]
        for question in questions_of(self._layer, STAFF):
            if question.about.values or question.own_key or question.kind not in (Kind.SEVERAL, Kind.ONE, Kind.TEXT):
                continue
            for at, value in enumerate(columns.get(question.field, ())):
                if value is not None and (reason := _fault(question, value)) is not None:
                    self._faults.append(Unreadable(at, question.field, value, reason))
        for (layer, field), codes in UNASKED_VALUES.items():
            if layer == self._layer.__tablename__:
                for at, value in enumerate(columns.get(field, ())):
                    if value in codes:
                        reason = told("the mine action centre alone says so; load its letter as a file of its own")
                        self._faults.append(Unreadable(at, field, value, reason))

    def _reviewed(self, parents: NDArray[np.int64]) -> None:
        states = [*self._answers.texts(REVIEW), None]
        for at, parent in enumerate(parents):
            if states[parent] == REFUSED_IN_REVIEW:
                self._faults.append(Unreadable(at, "ReviewState", states[parent], told("was rejected in review")))

    def _shapes(self, given: Answers, columns: dict[str, list[str | None]]) -> NDArray[np.object_]:
        kind = str(self._layer.geometry_kind)
        found = np.full(len(given.rows), None, dtype=object)
        accuracy: list[str | None] = [None] * len(given.rows)
        for at, text in enumerate(given.places()):
            if text is None:
                continue
            try:
                points = points_of(text)
                found[at] = shape_of(points, kind)
                accuracy[at] = f"{points[0][3]:g}" if len(points) == 1 and len(points[0]) > 3 else None
            except ValueError as unreadable:
                self._faults.append(Unreadable(at, POSITION[0], text, unreadable.args[0]))
        if ACCURACY in self._layer.attributes():
            said = columns.get(ACCURACY, [None] * len(accuracy))
            columns[ACCURACY] = [told_so or measured for told_so, measured in zip(said, accuracy, strict=True)]
        return found

    def _notes(self, given: Answers) -> Iterator[str]:
        tables = [self._answers] if given is self._answers else [self._answers, given]
        dropped = [name for table in tables for name in table.dropped]
        if dropped:
            yield told(
                "Dropped, for it says who answered, with what, from where or when: {columns}.",
                columns=", ".join(dict.fromkeys(dropped)),
            )
        media = [name for table in tables for name in table.media]
        if media:
            yield told(
                "Pictures and sounds are not taken, nor what cameras write into them: {columns}.",
                columns=", ".join(dict.fromkeys(media)),
            )
        remarks = sum(text is not None for table in tables for text in table.texts(REMARK))
        if remarks:
            yield told(
                "{count} remarks stay in the file, to be read there; no layer has a place for them.", count=remarks
            )
        now = edition_of(self._layer)
        older = sorted(self._editions - {now})
        if older:
            yield told(
                "Answers came by a form of another edition ({editions}) than the layer has now ({now}).",
                editions=", ".join(older),
                now=now,
            )


def submissions_of(path: Path, layer: type[Layer], source: Source, encoding: str | None) -> Submissions:
    """Return the answers of a file, with those of its repeat, which stands beside it.

    Raises
    ------
    DataRefused : see ``Submissions``. NotFound : the repeat's table is not there.
    """
    answers = Answers(source, layer)
    if layer.__tablename__ not in ASKED_ONCE:
        return Submissions(answers, layer)
    beside = path.with_name(f"{path.stem}-{REPEAT}{path.suffix}")
    if not beside.is_file():
        raise DataRefused(
            f"{layer.__tablename__} is asked several rows at once, and they stand in a table of their own: put "
            f"{beside.name} beside {path.name}."
        )
    return Submissions(answers, layer, Answers(open_source(beside, encoding=encoding), layer))


def _fault(question: Question, value: str) -> str | None:
    """What is wrong with an answer that the layer itself would take; None where all is well."""
    if question.kind is Kind.TEXT:
        said = SAID_OF_PATTERNS.get(question.field, told("expected a code without spaces and commas"))
        return None if re.fullmatch(question.pattern, value) else said
    if question.about.minimum is not None or question.codes == YES_NO:  # the layer's own limits say it
        return None
    return None if set(value.split(", ")) <= set(question.codes) else one_of(question.codes)
