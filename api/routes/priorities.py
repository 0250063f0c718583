"""Priority for support of a district: a result of its own, beside land suitability and household fit."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response

from api.content.asked_plots import run_of
from api.deps import JSON, CallerDep, LanguageDep, SnapshotDep, enter_reading, get_caller, json_answer, known_parameters
from api.language.translate import translate
from api.routes.answers import Priority
from api.routes.plots import ChoiceDep, cache_headers
from api.web.description import given
from geo.programme.priority import FULL_IMPROVEMENT, FULL_NEED, HIGH_FROM, LEFT_OUT, MEDIUM_FROM, NEED_UNKNOWN, NOTE
from layers.cache.memory import Memo
from layers.catalogue.admin import JamoatHouseholds
from layers.catalogue.base import STAFF, Audience
from layers.catalogue.land import Plot
from layers.errors import NotAllowed, NotFound
from layers.features.districts import require_district
from layers.features.priorities import SMALLEST_CELL, priority_by_jamoat, priority_by_plot
from layers.postgres.engine import computing, reading
from layers.records.audit import Act
from layers.records.snapshot import Snapshot

router = APIRouter(
    tags=["districts"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)

PLOTS: Final = 100  # plots listed unless asked otherwise
MOST_PLOTS: Final = 10_000  # plots listed at most

# Bands of a district by district, run and audience; good as long as the snapshot they were made from.
Bands = Memo[tuple[str, int, Audience], list[dict[str, Any]]]
BANDS_KEPT: Final = 1_000  # of them, by one process; a few kB each


@router.get(
    "/districts/{code}/priority",
    summary="Priority for support by jamoat",
    responses=given({JSON: Priority}, 403, 404),
)
def get_priority(
    request: Request,
    code: str,
    caller: CallerDep,
    state: SnapshotDep,
    lang: LanguageDep,
    choice: ChoiceDep,
    by: Annotated[Literal["jamoat", "plot"], Query(description="By jamoat; by plot to staff only.")] = "jamoat",
    limit: Annotated[int, Query(ge=1, le=MOST_PLOTS, description="Plots listed, highest priority first.")] = PLOTS,
) -> Response:
    """Potential suitability x improvement possible x need, in bands by jamoat.

    Need is a statistic of the jamoat, never of a plot or household; a jamoat in which it would rest on few households
    is left out. With an unknown need the band is an interval, from `lowest` to `highest`.
    """
    audience = caller.audience_in(code)
    if by == "plot" and audience < STAFF:
        raise NotAllowed("Priority by plot is for staff only; ask with a staff key of the district.")
    with reading() as connection:
        served = state.fresh(connection)
        require_district(connection, served, code)
    run = run_of(served, choice, code, audience)
    if run is None:
        raise NotFound(f"No run has judged district {code!r} yet.")
    about = {
        "district": code,
        "run": run.run_id,
        "scheme": run.scheme,
        "synthetic": served.synthetic(code) or run.synthetic,
        "note": translate(NOTE, lang),
        "bands": {"medium_from": MEDIUM_FROM, "high_from": HIGH_FROM},
        "basis": {"full_improvement": FULL_IMPROVEMENT, "full_need_share": FULL_NEED, "note": "default to calibrate"},
    }
    if by == "plot":
        with reading(STAFF) as connection:
            plots = priority_by_plot(connection, code, run.run_id, limit=limit)
        enter_reading(caller, code, Act.LIST, Plot.__tablename__, len(plots))
        answer = json_answer({**about, "plots": plots})
    else:
        smallest = {"smallest_cell": SMALLEST_CELL[audience], "left_out": translate(LEFT_OUT, lang)}
        unknown = {"need_unknown": translate(NEED_UNKNOWN, lang)}
        jamoats = by_jamoat(request.app, served, code, run.run_id, audience)
        enter_reading(caller, code, Act.LIST, JamoatHouseholds.__tablename__, len(jamoats))
        answer = json_answer({**about, **smallest, **unknown, "jamoats": jamoats})
    answer.headers.update(cache_headers(audience))
    answer.headers["Vary"] = "Accept-Language"
    return answer


def by_jamoat(app: FastAPI, served: Snapshot, code: str, run_id: int, audience: Audience) -> list[dict[str, Any]]:
    """Return the jamoats as an audience may see them, made again only when something that is served has changed.

    Counts of households are read to compute with; what leaves below staff are bands of cells that are large enough.
    """

    def make() -> list[dict[str, Any]]:
        with computing() as connection:
            return priority_by_jamoat(connection, code, run_id, audience)

    kept: Bands = app.state.priorities
    return kept.get((code, run_id, audience), make, fresh=served)
