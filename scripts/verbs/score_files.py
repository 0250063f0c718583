"""``obod score-files``: the same science on plain files, without a database."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.content.unknown_text import tell_not_assessed
from api.language.speech import Spoken
from api.language.translate import SOURCE_LANGUAGE, Language, language_of
from geo.panel.scheme import load_scheme
from layers.catalogue import BY_NAME, RASTERS
from layers.errors import DataRefused
from layers.loading import Options
from layers.records.open_load import REPORTED
from layers.records.phrases import Listed, Phrase, Told, retold, told
from layers.runs.score_files import DRIVERS, PARQUET, FilePart, FileReport, parts_of_folder, score_parts
from scripts.output import err, out, print_json, print_table, tell, tracked
from scripts.personal_columns import Drop, KeepAnyway, personal_columns
from scripts.reports import FIGURES, print_notes, print_rejections
from scripts.stopping import PARTLY
from scripts.verbs.layer import Crs, Encoding, Lang, Map, MappingFile, SwapAxes, Table, columns_by_field
from scripts.verbs.score import Certificates, Cluster, Insecure, place_of

GIVEN = (*(name for name in BY_NAME if name != "plots"), *(r.id for r in RASTERS if r.derived_from is None))
SCORED: Final = "{plots} plots scored with scheme {scheme} into {file}."
NOT_SCORED: Final = "Not scored: {file}. {why}"
NOT_ASSESSED: Final = "not assessed: {what}"

LAYERS_HELP = "Every other layer by its own option, such as --canals FILE --dem FILE: " + ", ".join(GIVEN)


def score_files(
    context: typer.Context,
    plots: Annotated[Path, typer.Option("--plots", help="File of plots, or a folder of GeoParquet parts.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="gpkg, fgb, geojson, parquet or csv; a folder for parts."),
    ],
    scheme: Annotated[str, typer.Option("--scheme", help="Name of a scheme, or a scheme file.")] = "default",
    key: Annotated[str | None, typer.Option("--key", help="Column that names the plots.")] = None,
    map_: Map = None,
    mapping: MappingFile = None,
    crs: Crs = None,
    encoding: Encoding = None,
    table: Table = None,
    swap_axes: SwapAxes = False,
    drop: Drop = None,
    keep_anyway: KeepAnyway = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="Ages of evidence are counted to this day, YYYY-MM-DD."),
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Score parts in this many processes.")] = None,
    cluster: Cluster = None,
    certificates: Certificates = None,
    insecure: Insecure = False,
    lang: Lang = SOURCE_LANGUAGE,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Score the plots of a file from layers in files. Every layer is an option of its own name.

    `--key`, `--map`, `--crs`, `--encoding`, `--table` and `--swap-axes` say how the plots are read, as with `layer
    load`; a folder of mapping files says it of every layer. Rows of plots that do not fit go, with the reason, to a
    file beside the output; a row that stands twice alike counts once. A bad row of another layer refuses its file, for
    what is left out might make a plot look better than it is.

    A folder of GeoParquet files, such as one for each district, is scored part by part into a folder of the same
    names, each part with the land around its own plots; `--workers` and `--cluster` share the parts out.
    """
    place = place_of(cluster, certificates, insecure)
    if workers is not None and cluster is not None:
        raise typer.BadParameter("--workers and --cluster exclude each other.")
    judged = load_scheme(scheme)
    files = layer_files(context.args)
    if plots.is_dir():
        if output.suffix or output.is_file():
            raise typer.BadParameter(f"{output.name}: the results of a folder go to a folder")
        pairs = parts_of_folder(plots, output)
    else:
        if output.suffix.casefold() not in {*DRIVERS, PARQUET}:
            raise typer.BadParameter(f"{output.name}: expected one of {', '.join((*DRIVERS, PARQUET))}")
        pairs = [(plots, output)]
    day = as_of.date() if as_of else date.today()
    dropped, kept = personal_columns(drop, keep_anyway)
    said = Options(
        mapping=mapping,
        assigned=columns_by_field(map_),
        key=key,
        crs=crs,
        encoding=encoding,
        table=table,
        swap_axes=swap_axes,
        one_of_many=len(pairs) > 1,
        drop=dropped,
        keep_anyway=kept,
    )
    parts = [FilePart(source, target, files, judged.text, day, said) for source, target in pairs]
    scored = score_parts(parts, workers=workers, cluster=place)
    if len(parts) > 1:
        scored = tracked(scored, total=len(parts), what="Scoring parts")
    reports = list(scored)
    done = [report for report in reports if report.refused is None]
    if not done:
        raise DataRefused(str(reports[0].refused))
    if json:
        print_json(_as_json(reports, judged.name, output))
    else:
        _print(done, judged.name, output, language_of(lang))
    for report in reports:
        if report.refused is not None:
            refused = told(NOT_SCORED, file=report.part.plots.name, why=report.refused)
            tell(retold(refused, Spoken(language_of(lang))))
    raise typer.Exit(0 if len(done) == len(reports) else PARTLY)


def _counts(reports: list[FileReport]) -> tuple[dict[str, int], dict[str, int], dict[str, str]]:
    """Plots by class, rows by what became of them, and criteria that were not assessed, over all parts."""
    classes: Counter[str] = Counter()
    rows: Counter[str] = Counter(read=0, repeated=0, rejected=0)
    not_assessed: dict[str, str] = {}
    for report in reports:
        classes.update(report.classes)
        not_assessed |= report.not_assessed
        if report.read is not None:
            rows.update(read=report.read.read, repeated=report.read.repeated, rejected=report.read.rejected)
    return dict(sorted(classes.items())), dict(rows), not_assessed


def _rejects(reports: list[FileReport]) -> list[str]:
    return [report.read.rejects_file for report in reports if report.read and report.read.rejects_file]


def _as_json(reports: list[FileReport], scheme: str, output: Path) -> dict[str, Any]:
    classes, rows, not_assessed = _counts(reports)
    return {
        "plots": sum(classes.values()),
        "scheme": scheme,
        "classes": classes,
        "parts": len(reports),
        **rows,
        "rejections": [
            {"file": report.part.plots.name, **asdict(rejection)}
            for report in reports
            if report.read is not None
            for rejection in report.read.rejections[:REPORTED]
        ],
        "rejects_files": _rejects(reports),
        "dropped": {report.part.plots.name: report.read.dropped for report in reports if report.read is not None},
        "notes": {report.part.plots.name: report.read.notes for report in reports if report.read is not None},
        "refused": {str(report.part.plots): report.refused for report in reports if report.refused is not None},
        "not_assessed": not_assessed,
        "output": output.name,
    }


def _print(reports: list[FileReport], scheme: str, output: Path, lang: Language) -> None:
    classes, rows, not_assessed = _counts(reports)
    speech = Spoken(lang)
    _say(told(SCORED, plots=sum(classes.values()), scheme=scheme, file=output.name), speech)
    if rows["repeated"] or rows["rejected"]:
        _say(
            told("{counts}", counts=Listed([Phrase(FIGURES[name], {"count": n}) for name, n in rows.items() if n])),
            speech,
        )
    print_table([{"class": name, "plots": count} for name, count in classes.items()], ("class", "plots"))
    for report in reports:
        if report.read is not None:
            print_notes(report.read, speech)
            print_rejections(report.read, speech)
    for sentence in tell_not_assessed(not_assessed, lang):
        err.print(retold(told(NOT_ASSESSED, what=sentence), speech), highlight=False)


def _say(sentence: Told, speech: Spoken) -> None:
    out.print(retold(sentence, speech), highlight=False)


def layer_files(arguments: list[str]) -> dict[str, Path]:
    """Files by layer from ``--LAYER FILE`` pairs; anything else is wrong usage."""
    found: dict[str, Path] = {}
    rest = iter(arguments)
    for argument in rest:
        option, _, value = argument.partition("=")
        name = option.removeprefix("--").replace("-", "_")
        if not option.startswith("--") or name not in GIVEN:
            raise typer.BadParameter(f"no such option or layer: {argument}")
        path = value or next(rest, "")
        if not path:
            raise typer.BadParameter(f"--{name} needs a file")
        found[name] = Path(path)
    return found
