"""``obod qfield``: the layers of a district for QField and QGIS, to be looked at and corrected on the ground."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import Annotated, Final

import typer

from api.content.field_pack import layer_of_project, layers_of_pack, read_first
from api.language.translate import LANGUAGES
from api.rendering.qgis_project import project_xml
from layers.cache.files import write_whole_at
from layers.catalogue.base import STAFF, Audience
from layers.errors import DataRefused
from layers.features.export import Format, write_file
from layers.features.features import require_code
from layers.features.paging import count_rows
from layers.frames.around import district_bounds
from layers.postgres.engine import reading
from layers.records.snapshot import Choice
from layers.runs.mined_districts import require_answer
from layers.settings import get_settings
from scripts.output import out, print_json
from scripts.verbs.export import For, enter_export, listing_of

MOMENT: Final = (1980, 1, 1, 0, 0, 0)  # of members of the zip: the same data give the same names and times


def qfield(
    district: Annotated[str, typer.Argument(metavar="DISTRICT", help="District by code.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File; .zip.")],
    audience: Annotated[For, typer.Option("--for", help="Whom the pack is for; decides what is in it.")] = For.PUBLIC,
    lang: Annotated[str, typer.Option(help="Language of the project: tg, ru or en.")] = "tg",
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write a pack for QField: a project of QGIS and a GeoPackage of the district's layers, styled, with forms.

    Layers that people are asked about can be corrected and added to, by the choices and limits of `obod form`; the
    others are for finding one's way. `obod layer load LAYER PACK.gpkg --table LAYER --mode update` brings it back.
    Where mines are known of there is no pack before the mine action centre has answered for all of the district.
    """
    if output.suffix.lower() != ".zip":
        raise DataRefused(f"{output.name} does not end in .zip.")
    if not output.parent.is_dir():
        raise DataRefused(f"There is no folder {output.parent.name} to write {output.name} to.")
    require_code("language", lang, LANGUAGES)
    language = next(one for one in LANGUAGES if one == lang)
    reader = Audience[audience.name]
    package, rows, members = f"{district}.gpkg", {}, []
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".obod-") as folder:
        data = Path(folder) / package
        with reading(STAFF) as connection:
            require_answer(connection, district)
        with reading(reader, timeout_s=get_settings().command_seconds) as connection:
            for layer in layers_of_pack(reader):
                listing, about = listing_of(connection, layer, reader, district, Choice(None, None), lang)
                write_file(connection, listing, Format.GPKG, data, about)
                rows[layer.__tablename__] = count_rows(connection, listing)
                members.append(layer_of_project(layer, listing.features, about, reader, language))
            bounds = district_bounds(connection, district, None)
        if reader is not Audience.PUBLIC:  # before there is a file
            for name, count in rows.items():
                enter_export(reader, name, district, count)
        with write_whole_at(output) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as pack:
            _add(pack, f"{district}.qgs", project_xml(district, package, members, bounds))
            _add(pack, package, data.read_bytes())
            _add(pack, "READ-FIRST.txt", read_first(package, language).encode())
    if json:
        print_json({"district": district, "file": str(output), "for": audience.value, "lang": lang, "rows": rows})
    else:
        held = ", ".join(f"{name} {count:,}" for name, count in rows.items() if count)
        out.print(f"The pack of {district} is in {output}: {held}.", highlight=False)


def _add(pack: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, MOMENT)
    member.compress_type = zipfile.ZIP_DEFLATED
    pack.writestr(member, content)
