"""``obod layer``: what the layers hold, files checked and loaded into them, loads taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.language.speech import Spoken
from api.language.translate import SOURCE_LANGUAGE, language_of
from layers.catalogue import RASTERS_BY_NAME
from layers.catalogue.base import STAFF
from layers.loading import LoadReport, Options, check_file, load_file
from layers.loading import undo as undo_load
from layers.loading.chunks import CHUNK, Chunk
from layers.loading.listing import list_layers, list_loads
from layers.loading.replacement import EndingLimits
from layers.loading.rows import Conflict
from layers.postgres.engine import Connection, reading, writing
from layers.records.phrases import Speech
from layers.settings import get_settings
from scripts.faults import refusing_in
from scripts.output import out, print_json, print_table, tracked
from scripts.personal_columns import Drop, KeepAnyway, personal_columns
from scripts.reports import is_wholly_rejected, print_report
from scripts.verbs.load_all import load_all
from scripts.verbs.purge import purge

app = typer.Typer(help="Layers: what they hold, loading files into them, taking loads back.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
LayerName = Annotated[str, typer.Argument(metavar="LAYER", help="Layer, as `obod layer list` names it.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="Any vector file or table; a raster for raster layers.")]
Map = Annotated[
    list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Which column fills a field; repeatable.")
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", metavar="FILE|DIR", help="Mapping file, or a folder with one for this file.")
]
Key = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column that names rows for ever; `digest` makes one from the position."),
]
Mode = Annotated[
    str, typer.Option(metavar="add|update|replace", help="What to do with rows that are there under the same key.")
]
Crs = Annotated[str | None, typer.Option(metavar="CRS", help="EPSG code, WKT, .prj file or PROJ pipeline.")]
Encoding = Annotated[
    str | None, typer.Option(metavar="NAME", help="Encoding of the text, such as cp1251, koi8_t or tajik-font.")
]
Table = Annotated[
    str | None, typer.Option(metavar="NAME", help="Table or sheet of a file that holds several; '*' reads all as one.")
]
SwapAxes = Annotated[bool, typer.Option("--swap-axes", help="Exchange x and y of every position.")]
Source = Annotated[str | None, typer.Option(metavar="TEXT", help="Who made the data.")]
Licence = Annotated[str | None, typer.Option(metavar="TEXT", help="Licence of the data.")]
Date = Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Date of the data, YYYY-MM-DD.")]
AllowEnding = Annotated[
    int | None,
    typer.Option("--allow-ending", min=0, metavar="N", help="With replace: rows that may end, anywhere."),
]
EmptyClears = Annotated[
    bool,
    typer.Option("--empty-clears", help="With update: an empty cell empties what is there; without it, it is kept."),
]
Unit = Annotated[
    list[str] | None,
    typer.Option("--unit", metavar="FIELD=UNIT", help="Unit of a field's column, such as flow=l/s; repeatable."),
]
AcceptDisorder = Annotated[
    bool, typer.Option("--accept-disorder", help="Flows of a dry year may lie above those of a normal or wet one.")
]
InDistrict = Annotated[
    list[str] | None, typer.Option("--district", metavar="CODE", help="With replace: end rows of this district only.")
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Refuse the file if rows overlap, stand twice, leave gaps, are of an odd size, ..."),
]
FromOdk = Annotated[
    bool, typer.Option("--from-odk", help="FILE is a CSV export of answers of a form, by ODK Central or KoboToolbox.")
]
Synthetic = Annotated[bool, typer.Option("--synthetic", help="The data are made up; they will be marked so.")]
Lang = Annotated[str, typer.Option(help="Language of the report: tg, ru or en; --json is English.")]


@app.command("list")
def list_(json: Json = False) -> None:
    """List every layer: its rows, source, date and licence."""
    with reading(STAFF, timeout_s=get_settings().command_seconds) as connection:
        holdings = [asdict(holding) for holding in list_layers(connection)]
    if json:
        print_json(holdings)
        return
    for holding in holdings:
        holding["rows"] = f"{holding['rows']:,}"
        if holding["synthetic"]:
            holding["source"] = f"SYNTHETIC: {holding['source'] or 'made up'}"
    print_table(holdings, ("layer", "rows", "source", "date", "licence", "load"))


@app.command()
def loads(
    layer: Annotated[str | None, typer.Argument(metavar="[LAYER]", help="Only this layer.")] = None,
    json: Json = False,
) -> None:
    """List the loads that were made, newest first."""
    with reading(STAFF) as connection:
        past = [asdict(load) for load in list_loads(connection, layer)]
    if json:
        print_json(past)
        return
    for load in past:
        load["loaded"] = f"{load['loaded_at']:%Y-%m-%d}"
        load["file"] = load["file_name"]
        first = f"part of {load['part_of']}" if load["part_of"] else load["mode"]
        load["kind"] = f"undo of {load['undoes']}" if load["undoes"] else first
        figures = {name: load[name] for name in ("added", "changed", "ended", "rejected")}
        load["rows"] = ", ".join(f"{count:,} {name}" for name, count in figures.items() if count)
    print_table(past, ("load", "layer", "kind", "loaded", "file", "rows"))


@app.command()
def check(
    layer: LayerName,
    file: File,
    map_: Map = None,
    mapping: MappingFile = None,
    key: Key = None,
    mode: Mode = "add",
    crs: Crs = None,
    encoding: Encoding = None,
    table: Table = None,
    swap_axes: SwapAxes = False,
    unit: Unit = None,
    accept_disorder: AcceptDisorder = False,
    empty_clears: EmptyClears = False,
    allow_ending: AllowEnding = None,
    district: InDistrict = None,
    strict: Strict = False,
    from_odk: FromOdk = False,
    drop: Drop = None,
    keep_anyway: KeepAnyway = None,
    lang: Lang = SOURCE_LANGUAGE,
    json: Json = False,
) -> None:
    """Say what loading a file would do, and load nothing.

    Also what shows only in the layer as a whole: rows that overlap, stand there twice under other keys, leave gaps in
    layers that tile the land, are of an unusual size, have very many vertices, or lie in no district.
    """
    dropped, kept = personal_columns(drop, keep_anyway)
    options = _options(map_, mapping, key, mode, crs, encoding, table, swap_axes, None, None, None, False)
    options = replace(
        options,
        empty_clears=_update_only(mode, empty_clears),
        ending=_ending(mode, allow_ending, district),
        strict=strict,
        from_odk=from_odk,
        units=pairs_of(unit, "--unit", "FIELD=UNIT"),
        accept_disorder=accept_disorder,
        drop=dropped,
        keep_anyway=kept,
    )
    _run(layer, file, options, json, Spoken(language_of(lang)), only_check=True)


@app.command()
def load(
    layer: LayerName,
    file: File,
    map_: Map = None,
    mapping: MappingFile = None,
    key: Key = None,
    mode: Mode = "add",
    crs: Crs = None,
    encoding: Encoding = None,
    table: Table = None,
    swap_axes: SwapAxes = False,
    source: Source = None,
    licence: Licence = None,
    date_: Date = None,
    synthetic: Synthetic = False,
    unit: Unit = None,
    accept_disorder: AcceptDisorder = False,
    empty_clears: EmptyClears = False,
    allow_ending: AllowEnding = None,
    district: InDistrict = None,
    strict: Strict = False,
    from_odk: FromOdk = False,
    drop: Drop = None,
    keep_anyway: KeepAnyway = None,
    lang: Lang = SOURCE_LANGUAGE,
    json: Json = False,
) -> None:
    """Load a file into a layer: the good rows in one transaction, the others into a file the report names.

    Mode add refuses rows that differ from what is there under the same key; update changes the columns the file has,
    and needs no positions for that; replace puts its rows in the place of all that the file is about: it
    also ends rows the file does not have: none outside the districts it is about and no more than a tenth of the layer,
    unless --allow-ending or --district say so. Loading the same file twice changes nothing.

    A column that looks like names of people, phones or identity numbers refuses the file until --drop or --keep-anyway
    names it; one that no field takes is left out by itself, of the file of rejected rows too.

    With --from-odk, answers of a form of `obod form` are taken as they are exported, rows of a repeat from
    FILE-rows.csv beside FILE. What was answered without a code is new and is called as its answer; with the code of
    what is there it changes that, with --mode update. Device, phone, user, start position and pictures are dropped.
    """
    day = None if date_ is None else date_.date()
    dropped, kept = personal_columns(drop, keep_anyway)
    options = _options(map_, mapping, key, mode, crs, encoding, table, swap_axes, source, licence, day, synthetic)
    options = replace(
        options,
        empty_clears=_update_only(mode, empty_clears),
        ending=_ending(mode, allow_ending, district),
        strict=strict,
        from_odk=from_odk,
        units=pairs_of(unit, "--unit", "FIELD=UNIT"),
        accept_disorder=accept_disorder,
        drop=dropped,
        keep_anyway=kept,
    )
    _run(layer, file, options, json, Spoken(language_of(lang)), only_check=False)


app.command("load-all")(load_all)
app.command("purge")(purge)


@app.command()
def undo(
    load: Annotated[int, typer.Argument(metavar="LOAD", help="Number of the load, as `obod layer loads` shows it.")],
    json: Json = False,
) -> None:
    """Take a load back: end what it brought, bring again what it ended."""
    with writing() as connection:
        report = undo_load(connection, load)
    if json:
        print_json(report.to_json())
        return
    out.print(
        f"Load {load} of {report.layer} is taken back by load {report.load_id}: {report.ended:,} rows ended, "
        f"{report.added:,} brought again.",
        highlight=False,
    )


def _update_only(mode: str, empty_clears: bool) -> bool:
    if empty_clears and mode != "update":
        raise typer.BadParameter("--empty-clears goes with --mode update.")
    return empty_clears


def _ending(mode: str, allow: int | None, districts: list[str] | None) -> EndingLimits:
    if mode != "replace" and (allow is not None or districts):
        raise typer.BadParameter("--allow-ending and --district go with --mode replace.")
    return EndingLimits(allow, tuple(districts or ()))


def columns_by_field(given: list[str] | None) -> dict[str, str]:
    """Return columns by field from the pairs of ``--map``; what is no pair is wrong usage."""
    return pairs_of(given, "--map", "FIELD=COLUMN")


def pairs_of(given: list[str] | None, option: str, shape: str) -> dict[str, str]:
    """Return the pairs of an option; what is no pair is wrong usage."""
    pairs = [pair.partition("=") for pair in given or ()]
    for field, mark, value in pairs:
        if not (field and mark and value):
            raise typer.BadParameter(f"{field}{mark}{value} is not {shape}.", param_hint=option)
    return {field: value for field, _, value in pairs}


def _options(
    assigned: list[str] | None,
    mapping: Path | None,
    key: str | None,
    mode: str,
    crs: str | None,
    encoding: str | None,
    table: str | None,
    swap_axes: bool,
    source: str | None,
    licence: str | None,
    day: date | None,
    synthetic: bool,
) -> Options:
    if mode not in ("add", "update", "replace"):
        raise typer.BadParameter(f"{mode} is not add, update or replace.", param_hint="--mode")
    return Options(
        mode=mode,
        mapping=mapping,
        assigned=columns_by_field(assigned),
        key=key,
        crs=crs,
        encoding=encoding,
        table=table,
        swap_axes=swap_axes,
        source=source,
        licence=licence,
        source_date=day,
        synthetic=synthetic,
    )


def _run(layer: str, file: Path, options: Options, json: bool, speech: Speech, *, only_check: bool) -> None:
    options = replace(options, speech=speech)
    try:
        with refusing_in(speech), writing() as connection:
            report = _report(connection, layer, file, options, only_check=only_check)
    except Conflict as conflict:
        if json:
            print_json({"layer": layer, "refused": str(conflict), "differing": list(conflict.keys)})
        raise
    if json:
        print_json(report.to_json())
    else:
        print_report(report, speech)
    if is_wholly_rejected(report):
        raise typer.Exit(1)


def _report(connection: Connection, layer: str, file: Path, options: Options, *, only_check: bool) -> LoadReport:
    if layer in RASTERS_BY_NAME:
        from layers.loading.raster_files import check_raster, load_raster  # whoever loads plots need not wait for it

        return (check_raster if only_check else load_raster)(connection, layer, file, options)
    how = check_file if only_check else load_file
    return how(connection, layer, file, options, progress=_progress)


def _progress(chunks: Iterable[Chunk], total: int) -> Iterable[Chunk]:
    if total < 2:  # over before a bar could be read
        return chunks
    return tracked(chunks, total=total, what=f"Chunks of {CHUNK:,} rows")
