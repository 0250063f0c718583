"""The ways between home and a plot as lines on a map."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from api.deps import CallerDep, SnapshotDep, get_caller, json_answer, known_parameters
from api.routes.answers import Ways
from api.routes.plots import GEOJSON, cache_headers
from api.web.description import given
from layers.explain.ways import way_lines
from layers.features.plots import district_of_plot
from layers.postgres.engine import computing, reading

router = APIRouter(
    tags=["plots"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)


@router.get(
    "/plots/{plot_id}/way", summary="The ways between home and a plot", responses=given({GEOJSON: Ways}, 404, 422)
)
def get_way(plot_id: str, caller: CallerDep, state: SnapshotDep) -> Response:
    """The quickest way from home to the plot and back, and a safer one where there is one, as lines of GeoJSON.

    Each line has its minutes and its exposure: metres in hazard zones times the factor of their level, by month. Zones
    derived from terrain are a susceptibility, not a hazard map.
    """
    with reading() as connection:
        district = district_of_plot(connection, plot_id)
        served = state.fresh(connection)
    with computing() as connection:
        answer = json_answer(way_lines(connection, plot_id, served))
    answer.headers.update(cache_headers(caller.audience_in(district)) | {"Content-Type": GEOJSON})
    return answer
