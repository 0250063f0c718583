"""A file that is opened: which column fills which field, where its rows lie, and its rows as fields of the layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyproj
from numpy.typing import NDArray

from layers.catalogue.base import Layer
from layers.errors import DataRefused
from layers.loading.chunks import CHUNK, Chunk
from layers.loading.crs import Placement, parse_crs, place
from layers.loading.kinds import DBF_LETTERS
from layers.loading.load import fields_to_give
from layers.loading.mapping import Mapped, converted, find_mapping, rules_for, select_rows
from layers.loading.mapping import Mapping as MappingFile
from layers.loading.personal import PersonalColumns
from layers.loading.reading import mapping_digest, open_source
from layers.loading.replacement import EndingLimits
from layers.loading.row_provenance import RowProvenance
from layers.records.load_report import LoadReport
from layers.records.open_load import Provenance
from layers.records.phrases import ENGLISH, Speech, told

Progress = Callable[[Iterable[Chunk], int], Iterable[Chunk]]


def silent(chunks: Iterable[Chunk], total: int) -> Iterable[Chunk]:  # noqa: ARG001 - the shape of a progress bar
    """Pass chunks on without saying so."""
    return chunks


@dataclass(frozen=True, slots=True)
class Options:
    """What the user says about a file; it wins over the mapping file, which wins over the file.

    mapping : a mapping file, or a folder of them. declared : a mapping that is no file of its own. assigned : field ->
    column. key : column, or ``digest``. swap_axes : x and y are the wrong way round. table : of a file with several.
    ending : what mode replace may end. empty_clears : in mode update an empty cell empties what is there. within :
    west, south, east, north, degrees; rows and cells that do not reach into this box are not wanted.
    strict : what is found in the layer as a whole, such as overlaps, refuses the file.
    drop, keep_anyway : columns that look like personal data and are not to be read, or stored all the same.
    speech : language of the reasons in the file of rejected rows.
    one_of_many : the file is one of several, of which some may lack a column named there.
    from_odk : it is an export of answers of a form, see ``layers.loading.odk``.
    accept_disorder : flows of a drier year may lie above those of a wetter one. units : field -> unit of its column,
    where that is not the field's own.
    """

    mode: str = "add"
    mapping: Path | None = None
    declared: MappingFile | None = None
    assigned: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    crs: str | None = None
    encoding: str | None = None
    table: str | None = None
    swap_axes: bool = False
    source: str | None = None
    licence: str | None = None
    source_date: date | None = None
    synthetic: bool = False
    empty_clears: bool = False
    within: tuple[float, float, float, float] | None = None
    strict: bool = False
    drop: tuple[str, ...] = ()
    keep_anyway: tuple[str, ...] = ()
    speech: Speech = ENGLISH
    one_of_many: bool = False
    from_odk: bool = False
    accept_disorder: bool = False
    units: Mapping[str, str] = field(default_factory=dict)
    ending: EndingLimits = field(default_factory=EndingLimits)

    def with_mapping(self, mapping: MappingFile | None) -> Options:
        """Return the options with what only the mapping file says filled in."""
        if mapping is None:
            return self
        return replace(
            self,
            crs=self.crs or mapping.crs,
            encoding=self.encoding or mapping.encoding,
            table=self.table or mapping.table,
            swap_axes=self.swap_axes or mapping.swap_axes,
            source=self.source or mapping.source,
            licence=self.licence or mapping.licence,
            source_date=self.source_date or mapping.date_,
            synthetic=self.synthetic or mapping.synthetic,
            drop=(*self.drop, *mapping.drop),
            keep_anyway=(*self.keep_anyway, *mapping.keep_anyway),
        )


class OpenedFile:
    """A vector file or table that can fill a layer.

    source : its rows as they stand in it. options : what the user says, with what the mapping file says filled in.
    provenance : of the file as a whole; its rows may say more, as those of files that Obod writes do.

    Raises
    ------
    DataRefused : it cannot be read, or it cannot fill the layer whatever its rows say.
    NotFound : no such file or mapping file.
    """

    def __init__(self, layer: type[Layer], path: Path, options: Options) -> None:
        self.layer = layer
        name = layer.__tablename__
        mapping = options.declared if options.mapping is None else find_mapping(options.mapping, name, path.name)
        self._mapping = mapping
        self.options = options.with_mapping(mapping)
        letters = None if mapping is None else mapping.letters
        said = self.options
        self.source = open_source(path, encoding=said.encoding, letters=letters, table=said.table)
        if said.from_odk:
            from layers.loading.odk import submissions_of  # other files need not wait for it

            self.source = submissions_of(path, layer, self.source, said.encoding)
        rules = rules_for(
            layer,
            self.source.columns,
            mapping=mapping,
            assigned=said.assigned,
            key=said.key,
            file_name=self.source.file_name,
        )
        dropped = frozenset(said.drop)
        self._require_columns((*options.drop, *options.keep_anyway))
        rules = converted(layer, rules, said.units, file_name=self.source.file_name)
        self._rules = {name: rule for name, rule in rules.items() if dropped.isdisjoint(rule.reads())}
        self._require()
        mapped = {column for rule in self._rules.values() for column in rule.reads()} | set(self.source.positions)
        if mapping is not None:
            mapped |= mapping.where.keys() | mapping.unless.keys()
        self._mapped = mapped
        self.provenance = Provenance(said.source, said.licence, said.source_date, said.synthetic)
        read = tuple(column for column in self.source.columns if column not in dropped)
        self._origins = RowProvenance(self.provenance, read, mapped)
        self._personal = PersonalColumns(
            layer,
            self.source,
            self._rules,
            provenance=self._origins.columns,
            dropped=dropped,
            kept=frozenset(said.keep_anyway),
        )

    @property
    def crs(self) -> pyproj.CRS | None:
        """CRS its coordinates are in, as the user says it, else the file; None where only a pipeline is said."""
        said = None if self.options.crs is None else parse_crs(self.options.crs)
        return said if isinstance(said, pyproj.CRS) else self.source.crs

    @property
    def left_out(self) -> frozenset[str]:
        """Columns that go nowhere, not into a file of rejected rows either."""
        return self._personal.left_out

    @property
    def provenance_columns(self) -> frozenset[str]:
        """Columns that say where rows come from."""
        return frozenset(self._origins.columns.values())

    def new_report(self, kind: str) -> LoadReport:
        """Return a report of what is known before any row is read."""
        report = LoadReport(self.layer.__tablename__, kind, self.options.mode, self.source.file_name)
        report.mapping_sha256 = mapping_digest(self.options.mapping)
        report.notes.extend(self.source.notes)
        report.notes.extend(self._cut_columns())
        used = {*self._mapped, *self.provenance_columns}
        report.dropped = tuple(column for column in self.source.columns if column in self.options.drop)
        report.ignored = tuple(column for column in self.source.columns if column not in used.union(report.dropped))
        return report

    def parts(self, report: LoadReport, progress: Progress = silent, *, origins: bool = False) -> Iterator[Chunk]:
        """Yield the wanted rows: fields of the layer, geometries in EPSG:4326, and what could not be understood.

        What is read, left out and done to positions is noted in the report; with ``origins``, also where the rows come
        from, which then stands with them.

        Raises
        ------
        DataRefused : a column that would be stored looks like personal data; nothing of its chunk was handed on.
        """
        spatial = self.layer.geometry_kind is not None and self.source.spatial
        placement: Placement | None = None
        chunks = iter(progress(self.source.chunks(), _count(self.source.total)))
        for chunk in chunks:
            keep = select_rows(self._mapping, chunk.frame)
            report.read += len(keep)
            report.filtered += int((~keep).sum())
            if placement is None and spatial and keep.any():
                placement = self._placed(chunk, keep, report)
            part = _part(chunk, keep)
            self._personal.look(part.frame)
            if self._personal.refused:
                for later in chunks:
                    self._personal.look(later.frame[select_rows(self._mapping, later.frame)])
                raise self._personal.refusal()
            stored = None
            if placement is not None and part.shapes is not None:
                stored = placement.to_stored(part.shapes)
                if self.options.within is not None:
                    near = stored.missing() | stored.reaching(self.options.within)
                    report.filtered += int((~near).sum())
                    part, stored = _part(part, near), stored.take(np.flatnonzero(near))
            mapped = Mapped(self._rules, part.frame, stored)
            known, odd = self._origins.read(part.frame, self.source.file_name) if origins else (None, [])
            yield Chunk(part.rows, mapped.frame, stored, [*part.unreadable, *mapped.refused, *odd], known)
        report.notes.extend(self._personal.notes())
        if report.read == report.filtered:
            report.notes.append(
                told("The file has no rows.") if not report.read else told("No row of the file is wanted.")
            )
        report.notes.extend(self._origins.notes())

    def _cut_columns(self) -> Iterator[str]:
        """Say which columns are taken for fields whose names a DBF has cut."""
        asked = {*self.options.assigned, *([] if self._mapping is None else self._mapping.fields)}
        for name, rule in self._rules.items():
            field, column = self.layer.attributes()[name].shown_as or name, rule.column or ""
            cut = len(column) == DBF_LETTERS < len(field) and field.startswith(column.casefold())
            if cut and not {name, field} & asked:
                yield told(
                    "Column {column} is taken for {field}: a DBF keeps {letters} letters of a name.",
                    column=column,
                    field=field,
                    letters=DBF_LETTERS,
                )

    def _placed(self, chunk: Chunk, keep: NDArray[np.bool_], report: LoadReport) -> Placement:
        """Find the way to EPSG:4326 by the first rows of the file."""
        said, name = self.options, self.source.file_name
        xy = np.empty((0, 2)) if chunk.shapes is None else chunk.shapes.take(np.flatnonzero(keep)).coordinates()
        placement, notes = place(name, self.source.crs, said.crs, xy, self.layer.box, swap=said.swap_axes)
        report.transformation = placement.described(xy)
        report.notes.extend(notes)
        return placement

    def _require_columns(self, named: tuple[str, ...]) -> None:
        """Refuse a column of personal data that the file does not have: what was misspelt would be stored."""
        columns = self.source.columns
        lacking = [name for name in named if name not in columns]
        if lacking and not self.options.one_of_many:
            raise DataRefused(
                f"{self.source.file_name} has no column {', '.join(lacking)}; it has {', '.join(columns) or 'none'}."
            )

    def _require(self) -> None:
        """Refuse a file that cannot fill the layer, whatever its rows say."""
        layer, source, mode = self.layer, self.source, self.options.mode
        missing = [name for name in fields_to_give(layer, mode) if name not in self._rules]
        if missing:
            raise DataRefused(
                f"{source.file_name} has nothing for {', '.join(missing)} of {layer.__tablename__}; say --map "
                f"field=column{' or --key column' if layer.key in missing else ''}, or a mapping file. "
                f"Its columns are {', '.join(source.columns) or 'none'}."
            )
        if layer.geometry_kind is not None and not source.spatial and mode != "update":
            raise DataRefused(
                f"{source.file_name} has no positions; {layer.__tablename__} needs them: a geometry, columns lon and "
                "lat, or WKT."
            )


def _count(total: int | None) -> int:
    return 0 if total is None else max(math.ceil(total / CHUNK), 1)


def _part(chunk: Chunk, keep: NDArray[np.bool_]) -> Chunk:
    """The wanted rows of a chunk."""
    if keep.all():
        return chunk
    new_position = np.cumsum(keep) - 1
    return Chunk(
        chunk.rows[keep],
        chunk.frame[keep].reset_index(drop=True),
        None if chunk.shapes is None else chunk.shapes.take(np.flatnonzero(keep)),
        [
            replace(fault, position=int(new_position[fault.position]))
            for fault in chunk.unreadable
            if keep[fault.position]
        ],
    )
