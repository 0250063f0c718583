"""Districts and places: where to look, and how the land is judged there."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from api.deps import SnapshotDep, get_caller, json_answer, known_parameters
from api.maps.places_cache import AtlasDep
from layers.cache.memory import Memo
from layers.errors import NotFound
from layers.features.districts import Summary, summaries
from layers.postgres.engine import reading

router = APIRouter(tags=["districts"], dependencies=[Depends(get_caller), Depends(known_parameters)])

HECTARE_DIGITS: Final = 2  # decimals of hectares in figures: 100 m2


@router.get("/districts", summary="Districts with their plots and hectares by class")
def get_districts(request: Request, state: SnapshotDep) -> Response:
    """Every district, by code: names, area, plots, and plots and hectares by class of the run that is shown."""
    return json_answer(_listed(request, state))


@router.get("/districts/{code}", summary="One district")
def get_district(code: str, request: Request, state: SnapshotDep) -> Response:
    """One district, as in the list."""
    for district in orjson.loads(_listed(request, state)):
        if district["code"] == code:
            return Response(
                orjson.dumps(district), media_type="application/json", headers={"Cache-Control": "no-cache"}
            )
    raise NotFound(f"There is no district {code!r}; GET /districts lists them.")


@router.get("/places", summary="Places by any of their names")
def get_places(
    state: SnapshotDep,
    atlas: AtlasDep,
    q: Annotated[str, Query(min_length=1, max_length=100, description="Name or part of it, in any script.")],
) -> Response:
    """Regions, districts, jamoats and settlements named like `q` in any language, the best fit first."""
    with reading() as connection:
        places = atlas.gazetteer(connection, state.fresh(connection))
    return json_answer(
        [
            {
                "layer": found.place.layer,
                "code": found.place.code,
                "name": found.name,
                "names": found.place.names,
                "within": found.place.within,
                "bbox": found.place.bounds,
            }
            for found in places.find(q)
        ]
    )


def _listed(request: Request, state: SnapshotDep) -> bytes:
    """The list, made again only when something that is served has changed."""
    with reading() as connection:
        served = state.fresh(connection)

        def make() -> bytes:
            return orjson.dumps([_as_json(item) for item in summaries(connection, served)])

        kept: Memo[None, bytes] = request.app.state.district_list
        return kept.get(None, make, fresh=served)


def _as_json(district: Summary) -> dict[str, Any]:
    shown = district.shown
    return {
        "code": district.code,
        "names": district.names,
        "region": district.region,
        "area_ha": None if district.area_ha is None else round(district.area_ha, HECTARE_DIGITS),
        "bbox": district.bounds,
        "boundary": {"official": False, "date": district.boundary_date, "note": district.boundary_note},
        "plots": district.plots,
        "plots_ha": round(district.plots_ha, HECTARE_DIGITS),
        "classes": {
            name: {"plots": figures["plots"], "area_ha": round(figures["area_ha"], HECTARE_DIGITS)}
            for name, figures in district.classes.items()
        },
        "run": None if shown is None else shown.run.run_id,
        "scheme": None if shown is None else shown.run.scheme,
        "published_at": None if shown is None else shown.published_at,
        "earlier_rule": shown is not None and shown.run.earlier_rule,
        "synthetic": district.synthetic,
    }
