"""Loading a file: opened, mapped, put on the ground, checked, and stored in one transaction or not at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from layers.cache.folders import BYTES_PER_GB
from layers.catalogue.base import Layer
from layers.errors import DataRefused
from layers.loading.chunks import CHUNK, Chunk, Source
from layers.loading.crs import Placement, place
from layers.loading.load import Batches, fields_to_give, layer_named
from layers.loading.mapping import FieldRule, Mapped, find_mapping, rules_for, select_rows
from layers.loading.mapping import Mapping as MappingFile
from layers.loading.reading import file_digest, mapping_digest, open_source
from layers.loading.rejects import remove_older, write_rejects
from layers.loading.replacement import EndingLimits
from layers.loading.room import require_room
from layers.loading.rows import Writer
from layers.records.load_report import LoadReport
from layers.records.open_load import Provenance
from layers.settings import get_settings

Progress = Callable[[Iterable[Chunk], int], Iterable[Chunk]]


def silent(chunks: Iterable[Chunk], total: int) -> Iterable[Chunk]:  # noqa: ARG001 - the shape of a progress bar
    """Pass chunks on without saying so."""
    return chunks


@dataclass(frozen=True, slots=True)
class Options:
    """What the user says about a file; it wins over the mapping file, which wins over the file.

    mapping : a mapping file, or a folder of them. assigned : field -> column. key : column, or ``digest``.
    swap_axes : x and y are the wrong way round. table : of a file with several. ending : what mode replace may end.
    empty_clears : in mode update an empty cell empties what is there.
    """

    mode: str = "add"
    mapping: Path | None = None
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
        )


def load_file(
    connection: Connection, layer: str, path: Path, options: Options, *, progress: Progress = silent
) -> LoadReport:
    """Load a vector file or table into a layer, within the caller's transaction.

    Rows that do not fit are left out and written, as they stand in the file, to the file the report names.

    Raises
    ------
    DataRefused : the file as a whole cannot be used, or (mode add) rows differ from what is there.
    NotFound : no such layer, file or mapping file.
    """
    return _run(connection, layer, path, options, "load", progress)


def check_file(
    connection: Connection, layer: str, path: Path, options: Options, *, progress: Progress = silent
) -> LoadReport:
    """Return what ``load_file`` would do, and store nothing: it is done and taken back.

    Raises as ``load_file``.
    """
    outer = connection.begin_nested()
    try:
        report = _run(connection, layer, path, options, "check", progress)
    finally:
        outer.rollback()
    report.load_id = None
    return report


def _run(connection: Connection, layer: str, path: Path, options: Options, kind: str, progress: Progress) -> LoadReport:
    target = layer_named(layer)
    mapping = None if options.mapping is None else find_mapping(options.mapping, layer, path.name)
    if mapping is not None and mapping.layer != layer:
        raise DataRefused(f"The mapping file is for {mapping.layer}, not for {layer}.")
    options = options.with_mapping(mapping)
    letters = None if mapping is None else mapping.letters
    if path.exists():
        require_room(path)
    source = open_source(path, encoding=options.encoding, letters=letters, table=options.table)
    rules = rules_for(
        target,
        source.columns,
        mapping=mapping,
        assigned=options.assigned,
        key=options.key,
        file_name=source.file_name,
    )
    _require(target, source, rules, options.mode)
    report = LoadReport(layer=layer, kind=kind, mode=options.mode, file_name=source.file_name)
    report.mapping_sha256 = mapping_digest(options.mapping)
    report.notes.extend(source.notes)
    used = {column for rule in rules.values() for column in rule.reads()} | set(source.positions)
    if mapping is not None:
        used |= mapping.where.keys() | mapping.unless.keys()
    report.ignored = tuple(column for column in source.columns if column not in used)
    provenance = Provenance(options.source, options.licence, options.source_date, options.synthetic, file_digest(path))
    writer = Writer(connection, target, report, provenance, options.ending)
    try:
        _take(connection, target, source, rules, mapping, options, report, writer, progress)
        if options.mode == "replace" and report.read == report.filtered:
            raise DataRefused(
                f"{source.file_name} has no row for {layer}: replacing by nothing would end all; nothing was changed."
            )
        writer.finish()
    except BaseException:
        writer.abandon()
        raise
    if report.rejections:
        name = f"{layer}-{path.stem}-{(provenance.sha256 or '')[:8]}-rejected"
        settings = get_settings()
        report.rejects_file = str(write_rejects(source, report.rejections, settings.home / "rejects" / name))
        remove_older(settings.home / "rejects", int(settings.rejects_gb * BYTES_PER_GB))
    return report


def _take(
    connection: Connection,
    target: type[Layer],
    source: Source,
    rules: Mapping[str, FieldRule],
    mapping: MappingFile | None,
    options: Options,
    report: LoadReport,
    writer: Writer,
    progress: Progress,
) -> None:
    """Read the file to its end, handing each chunk to the checks."""
    batches = Batches(connection, target, report, writer, empty_clears=options.empty_clears)
    spatial = target.geometry_kind is not None and source.spatial
    placement: Placement | None = None
    for chunk in progress(source.chunks(), _count(source)):
        keep = select_rows(mapping, chunk.frame)
        report.read += len(keep)
        report.filtered += int((~keep).sum())
        if placement is None and spatial and keep.any():
            placement = _placed(target, source, chunk, keep, options, report)
        part = _part(chunk, keep)
        stored = None
        if placement is not None and part.shapes is not None:
            stored = placement.to_stored(part.shapes)
        mapped = Mapped(rules, part.frame, stored)
        batches.take(part.rows, mapped.frame, stored, [*part.unreadable, *mapped.refused])
    if report.read == report.filtered:
        report.notes.append("The file has no rows." if not report.read else "No row of the file is wanted.")
    batches.closing_notes()


def _count(source: Source) -> int:
    return 0 if source.total is None else max(math.ceil(source.total / CHUNK), 1)


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


def _placed(
    target: type[Layer],
    source: Source,
    chunk: Chunk,
    keep: NDArray[np.bool_],
    options: Options,
    report: LoadReport,
) -> Placement:
    """Find the way to EPSG:4326 by the first rows of the file."""
    xy = np.empty((0, 2)) if chunk.shapes is None else chunk.shapes.take(np.flatnonzero(keep)).coordinates()
    placement, notes = place(source.file_name, source.crs, options.crs, xy, target.box, swap=options.swap_axes)
    report.transformation = placement.described(xy)
    report.notes.extend(notes)
    return placement


def _require(target: type[Layer], source: Source, rules: Mapping[str, FieldRule], mode: str) -> None:
    """Refuse a file that cannot fill the layer, whatever its rows say."""
    missing = [name for name in fields_to_give(target, mode) if name not in rules]
    if missing:
        raise DataRefused(
            f"{source.file_name} has nothing for {', '.join(missing)} of {target.__tablename__}; say --map field=column"
            f"{' or --key column' if target.key in missing else ''}, or a mapping file. "
            f"Its columns are {', '.join(source.columns) or 'none'}."
        )
    if target.geometry_kind is not None and not source.spatial and mode != "update":
        raise DataRefused(
            f"{source.file_name} has no positions; {target.__tablename__} needs them: a geometry, columns lon and lat, "
            "or WKT."
        )
