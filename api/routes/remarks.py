"""Remarks of staff on a plot: written, read and taken back by staff of its district, and told to nobody else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field

from api.deps import JSON, Caller, CallerDep, LanguageDep, enter_reading, get_caller, known_parameters
from api.language.translate import Language, clock
from api.routes.error_page import wants_page
from api.routes.plots import cache_headers, staff_answer
from api.routes.refusals import refusing_in
from api.web.description import REFUSED, Answer, given
from api.web.signed_in import FORM, form_fields
from layers.catalogue.base import STAFF
from layers.errors import BadFilter, NotAllowed
from layers.features.plots import district_of_plot
from layers.postgres.engine import noting, reading
from layers.records.audit import Act
from layers.records.remarks import MOST_CHARACTERS, PlotRemark, Remark, end_remark, read_remarks, store_remark

router = APIRouter(
    tags=["plots"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)

LARGEST: Final = 2**31 - 1  # number of a remark
WRITTEN: Final = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)  # a number of one as a page sends it
FOR_STAFF: Final = "Remarks on plots are for staff only; ask with a staff key of the district."


class RemarkTold(Answer):
    """A remark in force."""

    remark: int = Field(description="Its number; it is taken back by it.")
    text: str
    key_id: str = Field(description="Public half of the key it was written with.")
    made_at: datetime


class RemarkList(Answer):
    """Remarks in force on a plot, the latest first."""

    plot_id: str
    remarks: list[RemarkTold]


class RemarkStored(Answer):
    """A remark that is stored."""

    plot_id: str
    remark: int


MODELS: Final = (RemarkList, RemarkStored)
LED: Final[dict[int | str, dict[str, Any]]] = {
    303: {
        "description": "To a page that sent it: the page of the plot.",
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
}
SENT: Final = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "properties": {
                        "text": {"type": "string", "description": f"At most {MOST_CHARACTERS} characters, no names."},
                        "end": {"type": "string", "description": "Number of a remark to take back instead."},
                        "token": {"type": "string", "description": "Of a page, where somebody signed in sends it."},
                    },
                }
            }
        },
    }
}
PlotId = Annotated[str, Path(description="Plot.")]
Number = Annotated[int, Path(ge=1, le=LARGEST, description="Number of the remark.")]


@router.get("/plots/{plot_id}/remarks", summary="Remarks on a plot", responses=given({JSON: RemarkList}, 403, 404))
def get_remarks(plot_id: PlotId, caller: CallerDep) -> Response:
    """What staff remarked on a plot, for staff of its district."""
    _key, district = _require_staff(caller, plot_id)
    remarks = remarks_for(caller, district, [plot_id])
    told = [{name: getattr(one, name) for name in RemarkTold.model_fields} for one in remarks]
    return staff_answer({"plot_id": plot_id, "remarks": told})


@router.post(
    "/plots/{plot_id}/remarks",
    summary="Remark something on a plot",
    responses={**given({JSON: RemarkStored}, 403, 404, 422), **LED},
    openapi_extra=SENT,
)
def post_remark(
    request: Request,
    plot_id: PlotId,
    caller: CallerDep,
    lang: LanguageDep,
    fields: Annotated[dict[str, str], Depends(form_fields)],
) -> Response:
    """Store a remark, for staff of the plot's district; or take one back, as a page without a script asks."""
    key_id, _district = _require_staff(caller, plot_id)
    ends = fields.get("end")
    if ends is not None and not (WRITTEN.fullmatch(ends) and int(ends) <= LARGEST):
        raise BadFilter("end needs the number of a remark.")
    with refusing_in(lang), noting() as connection:
        if ends is None:
            number = store_remark(connection, plot_id, fields.get("text", ""), key_id=key_id)
        else:
            number = int(ends)
            end_remark(connection, plot_id, number, key_id=key_id)
    if wants_page(request):
        back = f"{request.scope.get('root_path', '')}/plots/{quote(plot_id, safe='')}/why?lang={lang}#remarks"
        return Response(status_code=303, headers={"Location": back, **cache_headers(STAFF)})
    return staff_answer({"plot_id": plot_id, "remark": number})


@router.delete(
    "/plots/{plot_id}/remarks/{remark}",
    summary="Take a remark back",
    status_code=204,
    responses={status: {"description": REFUSED[str(status)]} for status in (403, 404)},
)
def delete_remark(plot_id: PlotId, remark: Number, caller: CallerDep) -> Response:
    """Take a remark back, for staff of the plot's district; it is kept as ended until it is erased."""
    key_id, _district = _require_staff(caller, plot_id)
    with noting() as connection:
        end_remark(connection, plot_id, remark, key_id=key_id)
    return Response(status_code=204, headers=cache_headers(STAFF))


def remarks_for(caller: Caller, district: str | None, plot_ids: Sequence[str]) -> list[Remark]:
    """Return the remarks in force on plots of a district, and enter that they are read; none for all but its staff."""
    if caller.audience_in(district) is not STAFF or not plot_ids:
        return []
    with reading(STAFF) as connection:
        found = read_remarks(connection, plot_ids)
    enter_reading(caller, district, Act.LIST, PlotRemark.__tablename__, len(found))
    return found


def tell_remarks(found: Sequence[Remark], lang: Language) -> list[dict[str, Any]]:
    """Return remarks as pages show them."""
    return [
        {
            "remark": one.remark,
            "plot_id": one.plot_id,
            "text": one.text,
            "by": one.key_id,
            "at": clock(one.made_at, lang),
        }
        for one in found
    ]


def _require_staff(caller: Caller, plot_id: str) -> tuple[str, str | None]:
    """Return the public half of a key of staff of a plot's district, and the district."""
    if caller.audience is not STAFF or caller.key_id is None:
        raise NotAllowed(FOR_STAFF)
    with reading() as connection:
        district = district_of_plot(connection, plot_id)
    if caller.audience_in(district) is not STAFF:
        raise NotAllowed(FOR_STAFF)
    return caller.key_id, district
