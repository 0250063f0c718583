"""Plots that filters leave, so small that a map can draw them and no others; its tiles stay those of everybody."""

from __future__ import annotations

import numpy as np
from fastapi import APIRouter, Depends, Request, Response
from numpy.typing import NDArray

from api.content.asked_plots import run_of
from api.deps import JSON, SnapshotDep, json_answer, known_parameters
from api.routes.narrowing import asked_filters
from api.routes.plots import FILTER_PARAMETERS, ChoiceDep
from api.web.description import Answer, given, or_empty
from layers.catalogue.base import PUBLIC
from layers.features.districts import require_district, require_jamoats
from layers.features.filters import plot_conditions
from layers.features.matches import LOOKS, matches_of
from layers.features.paging import Listing
from layers.features.plots import in_district, scored_plots
from layers.postgres.engine import reading

router = APIRouter(tags=["plots"], dependencies=[Depends(known_parameters)])


class PlotMatches(Answer):
    """Plots that filters leave, each column in the order of their numbers."""

    district: str
    run: int | None
    looks: list[str]
    plot_no: list[int]
    longitude: list[int]
    latitude: list[int]
    look: list[int]


@router.get(
    "/districts/{code}/matches",
    summary="Numbers and places of the plots that filters leave",
    response_class=Response,
    responses=given({JSON: PlotMatches}, 404),
    openapi_extra={"parameters": [or_empty(item) for item in FILTER_PARAMETERS]},
)
def get_matches(request: Request, code: str, state: SnapshotDep, choice: ChoiceDep) -> Response:
    """The plots of `GET /districts/{code}/plots` as everybody sees them, in the order of their numbers.

    Numbers and places are each the difference to the one before; places are of the middle of a plot's box, in 1/100,000
    degree. `look` says by its place in `looks` what the plot is shown as: its class, or the outlook of land that is not
    settled.
    """
    filters = asked_filters(request)
    with reading(PUBLIC) as connection:
        served = state.fresh(connection)
        require_district(connection, served, code)
        require_jamoats(connection, code, filters.get("jamoat", ()))
        run = run_of(served, choice, code, PUBLIC)
        features = scored_plots(PUBLIC, {} if run is None else {code: run})
        found = matches_of(connection, Listing(features, [in_district(code), *plot_conditions(features, filters)]))
    content = {
        "district": code,
        "run": None if run is None else run.run_id,
        "looks": list(LOOKS),
        "plot_no": _steps(found.plot_no),
        "longitude": _steps(found.longitude),
        "latitude": _steps(found.latitude),
        "look": found.look.tolist(),
    }
    return json_answer(content)


def _steps(values: NDArray[np.int64]) -> list[int]:
    """Each value as the difference to the one before, the first to zero."""
    steps: list[int] = np.diff(values, prepend=0).tolist()
    return steps
