"""``obod form``: what to ask about a layer in the field, as a form for a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.content.survey_form import survey_form
from api.language.translate import LANGUAGES
from api.rendering.xlsform import write_form
from layers.catalogue.base import STAFF, Audience
from layers.errors import DataRefused
from layers.features.features import require_code
from layers.loading.load import layer_named
from layers.postgres.engine import reading
from layers.runs.mined_districts import require_answer
from scripts.output import out, print_json
from scripts.verbs.export import For


def form(
    layer: Annotated[str, typer.Argument(metavar="LAYER", help="Layer, as `obod layer list` names it.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File; .xlsx.")],
    lang: Annotated[str, typer.Option(help="Language of the form: tg, ru or en.")] = "tg",
    audience: Annotated[
        For | None, typer.Option("--for", help="Whom the form is given to; those who may see the layer unless said.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="FIELD", help="Ask this, besides what every row needs; repeatable."),
    ] = None,
    district: Annotated[
        str | None, typer.Option(metavar="CODE", help="Where people go with it; its code stands in the form's title.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write a form for ODK Collect or KoboCollect (XLSForm) that asks what a layer holds.

    Choices, units and limits are those of the layer. Pictures of choices stand in the folder FORM-media beside it. No
    person is asked of; what is for staff alone is in no form for others. `obod layer load LAYER answers.csv --from-odk`
    takes the answers. Where mines are known of in a district there is no form of it before the mine action centre has
    answered for all of it.
    """
    found = layer_named(layer)
    language = next((one for one in LANGUAGES if one == lang), None)
    if language is None:
        require_code("language", lang, LANGUAGES)
        return
    if output.suffix.lower() != ".xlsx":
        raise DataRefused(f"{output.name} does not end in .xlsx.")
    if not output.parent.is_dir():
        raise DataRefused(f"There is no folder {output.parent.name} to write {output.name} to.")
    if district is not None:
        with reading(STAFF) as connection:
            require_answer(connection, district)
    reader = None if audience is None else Audience[audience.name]
    made = survey_form(found, language, reader, tuple(field or ()), district)
    media = write_form(made, output)
    if json:
        told = {"layer": layer, "file": str(output), "form_id": made.form_id, "lang": lang}
        print_json(told | {"media": None if media is None else str(media), "pictures": list(made.pictures)})
        return
    out.print(f"The form {made.form_id} is in {output}.", highlight=False)
    if media is not None:
        out.print(f"Give the server the {len(made.pictures)} pictures in {media} with it.", highlight=False)
