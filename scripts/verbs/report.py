"""``obod report``: a district, a jamoat or a plot on paper."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qs

import typer

from api.content.plot_paper import plot_sheet
from api.content.report import report_of
from api.content.sheets import plot_on_paper, report_sheet
from api.language.translate import LANGUAGES, Language
from api.rendering.paper import make_pdf
from layers.cache.files import write_whole_at
from layers.catalogue.admin import District, Jamoat
from layers.catalogue.base import PUBLIC
from layers.errors import BadFilter, DataRefused
from layers.features.features import nearest, require_code
from layers.features.filters import PLOT_FILTERS
from layers.features.places import read_gazetteer
from layers.features.plots import plots_called
from layers.postgres.engine import reading
from layers.records.snapshot import Choice, read_snapshot
from layers.settings import get_settings
from scripts.output import out, print_json

FORMS: Final = (".pdf", ".html")


class For(StrEnum):
    """Whom the paper is for."""

    PLANNER = "planner"
    FAMILY = "family"


def report(
    place: Annotated[str, typer.Argument(metavar="PLACE", help="District or jamoat by code, or a plot.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File; .pdf or .html.")],
    lang: Annotated[str, typer.Option(help="Language: tg, ru or en.")] = "tg",
    narrowed: Annotated[
        str, typer.Option("--filter", help="Only some plots: what stands after ? in the address of their list.")
    ] = "",
    reader: Annotated[
        For, typer.Option("--for", help="Whom the paper is for; a family gets one of a plot.")
    ] = For.PLANNER,
    scheme: Annotated[str | None, typer.Option(help="Results of the run published for this scheme.")] = None,
    run: Annotated[int | None, typer.Option(help="Results of this run, which was published.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write what everybody may see of the plots of a place as a report for print.

    A map with its key, scale and north, figures by class and jamoat, what to ask first, the first plots of the list,
    how it was judged, and sources; of one plot its card, or with `--for family` one small side with pictures.
    `--filter 'class=S1&class=S2&max_walk_minutes=30'` leaves some plots.
    """
    if output.suffix.lower() not in FORMS:
        raise DataRefused(f"{output.name} ends in neither {' nor '.join(FORMS)}.")
    if not output.parent.is_dir():
        raise DataRefused(f"There is no folder {output.parent.name} to write {output.name} to.")
    language = _language(lang)
    filters, sortby = _filters(narrowed)
    choice, family = Choice(scheme, run), reader is For.FAMILY
    if family or _is_plot(place):
        if filters or sortby:
            raise DataRefused("A paper of one plot takes no --filter.")
        with reading(PUBLIC, timeout_s=get_settings().command_seconds) as connection:
            served, places = read_snapshot(connection), read_gazetteer(connection)
            sheet = plot_sheet(connection, served, places, place, choice, language)
        html, plots = plot_on_paper(sheet, language, root="", alone=True, family=family), 1
    else:
        html, plots = _of_place(place, filters, sortby, choice, language)
    body = make_pdf(html) if output.suffix.lower() == ".pdf" else html.encode()
    with write_whole_at(output) as draft:
        draft.write_bytes(body)
    if json:
        print_json({"place": place, "file": str(output), "plots": plots, "lang": language})
    else:
        counted = "1 plot" if plots == 1 else f"{plots:,} plots"
        out.print(f"The report on {counted} is in {output}.", highlight=False)


def _is_plot(name: str) -> bool:
    """Whether a current plot is called so; a district or jamoat of the name comes first."""
    with reading(PUBLIC) as connection:
        known = read_gazetteer(connection).places
        if (District.__tablename__, name) in known or (Jamoat.__tablename__, name) in known:
            return False
        return any(plot.plot_id == name for plot in plots_called(connection, name))


def _of_place(
    place: str, filters: dict[str, list[str]], sortby: str | None, choice: Choice, language: Language
) -> tuple[str, int]:
    """HTML of the report of a district or jamoat, and on how many plots it is."""
    with reading(PUBLIC, timeout_s=get_settings().command_seconds) as connection:
        served, places = read_snapshot(connection), read_gazetteer(connection)
        district = place
        if (jamoat := places.places.get((Jamoat.__tablename__, place))) is not None and jamoat.within:
            district, filters = jamoat.within, {**filters, "jamoat": [place]}
        found = report_of(connection, served, places, district, filters, choice, language, sortby=sortby)
    return report_sheet(found, language, root="", alone=True), found.figures.total_plots


def _language(lang: str) -> Language:
    require_code("language", lang, LANGUAGES)
    return next(one for one in LANGUAGES if one == lang)


def _filters(text: str) -> tuple[dict[str, list[str]], str | None]:
    """Filters and order as an address has them; language, run and pages of the address are passed over."""
    asked = parse_qs(text.lstrip("?"))
    for name in asked:
        if name not in PLOT_FILTERS and name not in ("sortby", "lang", "column"):
            raise BadFilter(f"There is no filter {name!r}{nearest(name, PLOT_FILTERS)}.")
    return {name: asked[name] for name in PLOT_FILTERS if name in asked}, asked.get("sortby", [None])[0]
