"""``obod export``: a layer as a file."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from api.content.about_files import about_layer, about_plots, cut_sentence
from api.language.translate import language_of
from layers.cache.files import write_whole_at
from layers.catalogue import BY_NAME
from layers.catalogue.base import Audience, Layer
from layers.errors import DataRefused, NotFound
from layers.features.cql import cql2_condition
from layers.features.districts import district_names, require_district
from layers.features.export import About, Format, format_of, write_file
from layers.features.features import layer_features, nearest, readable_layer, rows_in_district
from layers.features.file_dictionary import CSVW_SUFFIX, csvw
from layers.features.paging import Listing, count_rows
from layers.features.plots import by_class_and_score, scored_plots
from layers.features.row_provenance import with_provenance
from layers.postgres.engine import Connection, reading, writing
from layers.records.audit import Act, note
from layers.records.snapshot import Choice, read_snapshot
from layers.settings import get_settings
from scripts.output import err, out, print_json


class For(StrEnum):
    """Whom the file is for."""

    PUBLIC = "public"
    PARTNER = "partner"
    STAFF = "staff"


def export(
    layer: Annotated[str, typer.Argument(help="Layer or table, such as plots or canals.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File; .gpkg .fgb .parquet .geojson .csv .xlsx.")],
    district: Annotated[str | None, typer.Option(help="Only this district, by code.")] = None,
    where: Annotated[str | None, typer.Option(help="Only rows that meet this condition, CQL2 text.")] = None,
    audience: Annotated[For, typer.Option("--for", help="Whom the file is for; decides what is in it.")] = For.PUBLIC,
    scheme: Annotated[str | None, typer.Option(help="Results of the run published for this scheme.")] = None,
    run: Annotated[int | None, typer.Option(help="Results of this run.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the first N rows, in their order.")
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of headings and explanations: tg, ru or en.")] = "en",
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write the current rows of a layer to a file, with what is known about them and of every column.

    Tables (CSV, XLSX) have `lon` and `lat` of the place, or of a point that lies on a line or area, and then the whole
    shape as `wkt`. Beside a CSV file stands what its columns mean, FILE-metadata.json. Every row says where it comes
    from (`data_source`, `data_licence`, `data_date`, `synthetic`). What was written can be loaded again, keeps its
    source, and says nothing new.
    """
    wanted = format_of(output)
    if not output.parent.is_dir():
        raise DataRefused(f"There is no folder {output.parent.name} to write {output.name} to.")
    reader = Audience[audience.name]
    found = _layer(layer, reader)
    with reading(reader, timeout_s=get_settings().command_seconds) as connection:
        listing, about = listing_of(connection, found, reader, district, Choice(scheme, run), lang)
        if where is not None:
            listing = replace(listing, conditions=[*listing.conditions, cql2_condition(listing.features, where)])
        rows = count_rows(connection, listing)
        if rows == 0:
            raise NotFound(f"No row of {layer} matches; nothing was written.")
        if limit is not None and limit < rows:
            rows, about = limit, replace(about, cut=cut_sentence(limit, language_of(lang)))
        if reader is not Audience.PUBLIC:  # before there is a file
            enter_export(reader, layer, district, rows)
        with write_whole_at(output) as draft:  # an older file of the name stands until the new one is whole
            write_file(connection, listing, wanted, draft, about, limit)
        if wanted is Format.CSV:
            with write_whole_at(output.with_name(f"{output.name}{CSVW_SUFFIX}")) as draft:
                draft.write_bytes(orjson.dumps(csvw(listing.features, about, output.name, lang)))
    if json:
        told = {"layer": layer, "file": str(output), "format": wanted.value, "rows": rows, "for": audience.value}
        print_json(told | {"cut": about.cut})
    else:
        out.print(f"{rows} rows of {layer} are in {output}.", highlight=False)
    if about.cut is not None:
        err.print(about.cut, highlight=False)


def enter_export(reader: Audience, layer: str, district: str | None, rows: int) -> None:
    """Write into the audit log that rows were exported for partners or staff."""
    with writing() as connection:
        districts = None if district is None else [district]
        note(connection, Act.EXPORT, audience=reader, layer=layer, districts=districts, rows=rows)


def _layer(name: str, audience: Audience) -> type[Layer]:
    known = BY_NAME.get(name)
    if known is None:
        raise NotFound(f"There is no layer {name!r}{nearest(name, BY_NAME)}.")
    if known.card.audience > audience:
        needed = known.card.audience.name.lower()
        raise NotFound(f"{name} is not public; write it for those who may see it with --for {needed}.")
    return readable_layer(name, audience)


def listing_of(
    connection: Connection, layer: type[Layer], audience: Audience, district: str | None, choice: Choice, lang: str
) -> tuple[Listing, About]:
    """Return the rows of a layer that are asked for, and what a file of them says.

    Raises
    ------
    NotFound : no such district. DataRefused : a result of a layer that has none, or a layer that knows no districts.
    """
    language = language_of(lang)
    served = read_snapshot(connection)
    if district is not None:
        try:
            require_district(connection, served, district)
        except NotFound:
            raise NotFound(
                f"There is no district {district!r}; obod export districts -o FILE.csv writes those there are."
            ) from None
    if not layer.judged:
        if choice != Choice():
            raise DataRefused("Only plots have results: leave out --scheme and --run.")
        features = with_provenance(layer_features(layer, audience))
        conditions = [] if district is None else [rows_in_district(features, district)]
        return Listing(features, conditions), about_layer(connection, features, language)
    runs = served.runs_of(choice)
    features = with_provenance(scored_plots(audience, runs))
    if district is None:
        return Listing(features, keys=by_class_and_score(features)), about_layer(connection, features, language)
    names = district_names(connection, district)
    about = about_plots(connection, served, district, names, runs.get(district), features, language, cut_at=None)
    return Listing(features, [rows_in_district(features, district)], by_class_and_score(features)), about
