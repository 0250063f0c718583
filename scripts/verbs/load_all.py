"""``obod layer load-all``: the files of a folder into their layers, each by its mapping file and each whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.language.speech import Spoken
from api.language.translate import SOURCE_LANGUAGE, language_of
from layers.errors import DatabaseUnavailable, NotAllowed
from layers.loading import LoadReport, Options
from layers.loading.folders import (
    MappedFile,
    MappedFolder,
    load_mapped,
    loaded_before,
    map_folder,
    require_one_file_each,
)
from layers.loading.mapping import keys_instead
from layers.loading.replacement import EndingLimits
from layers.postgres.engine import writing
from layers.records.phrases import Speech, Told, retold, say, told
from scripts.faults import as_told
from scripts.output import print_json, print_table, tell
from scripts.personal_columns import Drop, KeepAnyway, personal_columns
from scripts.reports import counts, ended_in, is_wholly_rejected, notes_of
from scripts.stopping import PARTLY, stoppable

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of files; folders within it are looked into too.")]
Mappings = Annotated[
    Path | None, typer.Option("--mapping", metavar="DIR", help="Folder of the mapping files; without it, DIR itself.")
]
Mode = Annotated[
    str, typer.Option(metavar="add|update|replace", help="What to do with rows that are there under the same key.")
]
AllowEnding = Annotated[
    int | None,
    typer.Option("--allow-ending", min=0, metavar="N", help="With replace: rows of each layer that may end, anywhere."),
]
InDistrict = Annotated[
    list[str] | None, typer.Option("--district", metavar="CODE", help="With replace: end rows of this district only.")
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Refuse a file if rows overlap, stand twice, leave gaps, are of an odd size, ..."),
]
Source = Annotated[str | None, typer.Option(metavar="TEXT", help="Who made the data, where no mapping file says it.")]
Licence = Annotated[str | None, typer.Option(metavar="TEXT", help="Licence, where no mapping file says it.")]
Date = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Date, where no mapping file says it.")
]
Lang = Annotated[str, typer.Option(help="Language of the report: tg, ru or en; --json is English.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

FIGURES = ("added", "changed", "ended", "unchanged", "repeated", "rejected")  # of a report, in the order they are told
SHOWN = ("added", "changed", "unchanged", "rejected")  # columns of the table whether anything stands in them or not


NOT_DONE: Final = "{where}: not done. {reason}"
LOADED, UNCHANGED, DONE_BEFORE = told("loaded"), told("unchanged"), told("done before")
REFUSED, NOT_BEGUN = told("refused"), told("not begun")
HEADINGS: Final = {
    "file": told("file"),
    "layer": told("layer"),
    "outcome": told("outcome"),
    "load": told("load"),
    "added": told("added"),
    "changed": told("changed"),
    "ended": told("ended"),
    "unchanged": told("unchanged"),
    "repeated": told("repeated"),
    "rejected": told("rejected"),
}


@dataclass(slots=True)
class FolderProgress:
    """How far the files of a folder came: what each gave, why one gave nothing, which one was interrupted.

    halted : the database cannot be used, so no other file is tried.
    """

    files: tuple[MappedFile, ...]
    loaded: dict[MappedFile, LoadReport] = field(default_factory=dict)
    before: dict[MappedFile, int] = field(default_factory=dict)
    refused: dict[MappedFile, str] = field(default_factory=dict)
    interrupted_in: MappedFile | None = None
    halted: bool = False

    @property
    def left(self) -> list[MappedFile]:
        """Files that were not come to."""
        met = {*self.loaded, *self.before, *self.refused}
        return [file for file in self.files if file not in met]

    @property
    def exit_code(self) -> int:
        """0 all done, 1 nothing done, 3 some done."""
        done = len(self.loaded) + len(self.before)
        return 0 if done == len(self.files) else PARTLY if done else 1


def load_all(
    folder: Folder,
    mapping: Mappings = None,
    mode: Mode = "add",
    source: Source = None,
    licence: Licence = None,
    date_: Date = None,
    drop: Drop = None,
    keep_anyway: KeepAnyway = None,
    allow_ending: AllowEnding = None,
    district: InDistrict = None,
    strict: Strict = False,
    lang: Lang = SOURCE_LANGUAGE,
    json: Json = False,
) -> None:
    """Load every file of a folder that a mapping file is for: districts first, then what lies in them.

    Each file is loaded whole or not at all, with all its tables where it has several, such as the folders of a KML.
    Rows that do not fit go to a file of rejects, as with `load`. The same command goes on after a stop: files that
    were loaded by the same mapping are not read again. `--drop` and `--keep-anyway` are for every file that has such a
    column; `drop` and `keep_anyway` of a mapping file are for its own. Exit code 3: some files are done and some
    are not. Mode replace ends also what a file does not have, within the limits that `load` keeps to; each layer is
    replaced by one file.
    """
    if mode not in ("add", "update", "replace"):
        raise typer.BadParameter(f"{mode} is not add, update or replace.", param_hint="--mode")
    if mode != "replace" and (allow_ending is not None or district):
        raise typer.BadParameter("--allow-ending and --district go with --mode replace.")
    found = map_folder(folder, mapping)
    if mode == "replace":
        require_one_file_each(found.files)
    dropped, kept = personal_columns(drop, keep_anyway)
    speech = Spoken(language_of(lang))
    options = Options(
        speech=speech,
        mode=mode,
        source=source,
        licence=licence,
        source_date=_day(date_),
        strict=strict,
        ending=EndingLimits(allow_ending, tuple(district or ())),
        drop=dropped,
        keep_anyway=kept,
    )
    progress = FolderProgress(found.files)
    with stoppable():
        try:
            for number, file in enumerate(found.files, start=1):
                where = told(
                    "{file} -> {layer} ({number} of {files})",
                    file=file.name,
                    layer=file.layer,
                    number=number,
                    files=len(found.files),
                )
                _load(file, options, progress, where)
                if progress.halted:
                    break
        except KeyboardInterrupt:
            progress.interrupted_in = next(iter(progress.left), None)
    if json:
        print_json(_as_json(found, progress))
    else:
        _print(found, progress, speech)
    met = {column for report in progress.loaded.values() for column in report.dropped}
    if progress.loaded and (never := [column for column in drop or () if column not in met]):
        _tell(told("No file that was loaded has a column {columns}.", columns=", ".join(never)), speech)
    _tell_what_is_left(progress, speech)
    raise typer.Exit(progress.exit_code)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _load(file: MappedFile, options: Options, progress: FolderProgress, where: Told) -> None:
    """Load one file in a transaction of its own, and say what came of it."""
    speech = options.speech
    try:
        with writing() as connection:
            earlier = loaded_before(connection, file, options.mode)
            report = load_mapped(connection, file, options) if earlier is None else None
    except Exception as error:  # whatever it is, what was loaded before it stands and is told
        refusal = as_told(error)
        keys = keys_instead(refusal)
        if keys:
            message = "{refusal} {mapping} says that with: {keys}."
            refusal = told(message, refusal=refusal, mapping=file.mapping.name, keys=keys)
        progress.refused[file] = refusal
        progress.halted = isinstance(error, DatabaseUnavailable | NotAllowed)
        _tell(told(NOT_DONE, where=where, reason=refusal), speech)
        return
    if report is None:
        assert earlier is not None
        progress.before[file] = earlier
        _tell(told("{where}: done before, by load {load}.", where=where, load=str(earlier)), speech)
    elif is_wholly_rejected(report):
        progress.refused[file] = _none_good(report)
        _tell(told(NOT_DONE, where=where, reason=progress.refused[file]), speech)
    else:
        progress.loaded[file] = report
        rows = counts(report, FIGURES) or told("no rows")
        stored = told("{where}: load {load}; {rows}.", where=where, load=str(report.load_id), rows=rows)
        _tell(stored if report.stored else told("{where}: nothing changed; {rows}.", where=where, rows=rows), speech)


def _tell(sentence: str, speech: Speech) -> None:
    tell(retold(sentence, speech))


def _none_good(report: LoadReport) -> Told:
    """Why nothing of a file was loaded."""
    if not report.rejections:
        return told("None of {count} rows is wanted.", count=report.read)
    message = "None of {count} rows can be loaded. The first: {rejection}."
    none = told(message, count=report.read, rejection=report.rejections[0].told)
    if not report.rejects_file:
        return none
    return told("{none} All stand in {file}.", none=none, file=Path(report.rejects_file).name)


def _as_json(found: MappedFolder, progress: FolderProgress) -> dict[str, Any]:
    def named(file: MappedFile) -> dict[str, str]:
        return {"file": file.name, "layer": file.layer, "mapping": file.mapping.name}

    return {
        "loaded": [{**named(file), "report": report.to_json()} for file, report in progress.loaded.items()],
        "before": [{**named(file), "load": load} for file, load in progress.before.items()],
        "refused": [{**named(file), "reason": reason} for file, reason in progress.refused.items()],
        "interrupted_in": None if progress.interrupted_in is None else named(progress.interrupted_in),
        "left": [named(file) for file in progress.left],
        "unnamed": list(found.unnamed),
        "mappings_without_file": list(found.absent),
    }


def _print(found: MappedFolder, progress: FolderProgress, speech: Speech) -> None:
    """Print the report for people: a row for each file, then what else is in the folders."""
    rows: list[dict[str, Any]] = []
    for file in progress.files:
        row: dict[str, Any] = {"file": file.name, "layer": file.layer}
        if (report := progress.loaded.get(file)) is not None:
            row |= {"outcome": LOADED if report.stored else UNCHANGED, "load": report.load_id}
            row |= {name: getattr(report, name) or None for name in FIGURES}
        elif file in progress.before:
            row |= {"outcome": DONE_BEFORE, "load": progress.before[file]}
        else:
            row["outcome"] = REFUSED if file in progress.refused else NOT_BEGUN
        row["outcome"] = retold(row["outcome"], speech)
        rows.append(row)
    shown = [name for name in FIGURES if name in SHOWN or any(row.get(name) for row in rows)]
    headed = {name: retold(HEADINGS[name], speech) for name in ("file", "layer", "outcome", "load", *shown)}
    print_table([{headed[name]: row.get(name) for name in headed} for row in rows], tuple(headed.values()))
    for file, report in progress.loaded.items():
        if report.ended_in:
            tell(f"{file.name}: {retold(ended_in(report), speech)}")
        notes = [retold(note, speech) for note in notes_of(report)]
        for note in (*notes, *(say(finding.said, speech) for finding in report.findings)):
            tell(f"{file.name}: {note}")
        if report.rejects_file is not None:
            message = "{file}: rejected rows, with the reason: {rejects}"
            _tell(told(message, file=file.name, rejects=report.rejects_file), speech)
    if found.unnamed:
        _tell(told("No mapping names {files}.", files=", ".join(found.unnamed)), speech)
    if found.absent:
        _tell(told("No file is there for {mappings}.", mappings=", ".join(found.absent)), speech)


def _tell_what_is_left(progress: FolderProgress, speech: Speech) -> None:
    """Say on stderr where a run that is not complete stands, and how to go on."""
    if progress.exit_code == 0:
        return
    done = len(progress.loaded) + len(progress.before)
    _tell(told("{done} of {files} files are done, each whole.", done=done, files=len(progress.files)), speech)
    for file, reason in progress.refused.items():
        message = "Not done: {file} -> {layer}. {reason}"
        _tell(told(message, file=file.name, layer=file.layer, reason=reason), speech)
    if progress.interrupted_in is not None:
        message = "Interrupted in {file}, of which nothing was stored."
        _tell(told(message, file=progress.interrupted_in.name), speech)
    if progress.left:
        _tell(told("The same command goes on with the rest."), speech)
