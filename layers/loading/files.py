"""Loading a file: opened, mapped, put on the ground, checked, and stored in one transaction or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from layers.cache.folders import BYTES_PER_GB
from layers.errors import DataRefused
from layers.loading.file_rows import Loaded
from layers.loading.load import Batches, layer_named
from layers.loading.opened_file import OpenedFile, Options, Progress, silent
from layers.loading.personal import without_lines
from layers.loading.reading import file_digest
from layers.loading.rejects import remove_older, write_rejects
from layers.loading.room import require_room
from layers.loading.rows import Writer
from layers.loading.standing_together import require_every_row, require_known_columns, require_together
from layers.records.load_report import LoadReport
from layers.settings import get_settings


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
    if path.exists():
        require_room(path)
    file = OpenedFile(target, path, options)
    report = file.new_report(kind)
    said = file.options
    if (
        target.together and not said.from_odk
    ):  # columns of answers are those of forms, and wrong ones are left out by row
        require_known_columns(target, report)
    provenance = replace(file.provenance, sha256=file_digest(path))
    writer = Writer(connection, target, report, provenance, said.ending, looks=True, strict=said.strict)
    try:
        batches = Batches(connection, target, report, writer, empty_clears=said.empty_clears)
        for part in file.parts(report, progress, origins=True):
            batches.take(part.rows, part.frame, part.shapes, part.unreadable, part.origins)
        batches.closing_notes()
        report.rejections = without_lines(report.rejections, file.left_out)
        if said.mode == "replace" and report.read == report.filtered:
            raise DataRefused(
                f"{path.name} has no row for {layer}: replacing by nothing would end all; nothing was changed."
            )
        if not said.from_odk:
            require_every_row(target, report)
        loaded = Loaded(path.name, writer.row_of, said.accept_disorder)
        writer.finish(lambda: report.notes.extend(require_together(connection, target, loaded)))
    except BaseException:
        writer.abandon()
        raise
    if report.rejections and kind != "check":  # a check leaves nothing behind
        name = f"{layer}-{path.stem}-{(provenance.sha256 or '')[:8]}-rejected"
        settings = get_settings()
        place = settings.home / "rejects" / name
        report.rejects_file = str(
            write_rejects(
                file.source, file.crs, report.rejections, place, left_out=file.left_out, speech=options.speech
            )
        )
        remove_older(settings.home / "rejects", int(settings.rejects_gb * BYTES_PER_GB))
    return report
