"""Districts and places: where to look, and how the land is judged there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from api.deps import JSON, SnapshotDep, get_caller, json_answer, known_parameters
from api.language.translate import LANGUAGES, translate
from api.language.wording import EARLIER_RULE
from api.maps.places_cache import AtlasDep
from api.routes.answers import PlaceFound
from api.routes.district_answers import DistrictByJamoat, DistrictFigures
from api.web.description import given
from geo.contract.shut_land import INUNDATION, RELEASABLE
from layers.cache.memory import Memo
from layers.errors import NotFound
from layers.features.agreement import Agreement
from layers.features.districts import Summary, summaries
from layers.features.hectares import Figures, hectares_by_jamoat
from layers.features.potential import potential_by_jamoat
from layers.features.standing import WHOLE, Standing, Tally, settled_classes, standing_by_jamoat
from layers.postgres.engine import Connection, reading
from layers.records.snapshot import SnapshotCache

router = APIRouter(
    tags=["districts"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)

HECTARE_DIGITS: Final = 2  # decimals of hectares in figures: 100 m2


@router.get(
    "/districts",
    summary="Districts with their plots and hectares by class",
    responses=given({JSON: list[DistrictFigures]}),
)
def get_districts(request: Request, state: SnapshotDep) -> Response:
    """Every district, by code: names, area, plots, and plots and hectares by class of the run that is shown.

    Beside the classes stand, empty for a run of the earlier rule: `not_settled`, plots whose class may be one of three
    or more, which `classes` does not count, together and by their outlook; `ask_first`, by what is to be asked first;
    `shut_by_rule`, by the kind of area that shuts them, where mined land may be released and land below a planned
    reservoir is farmed until it fills; and `unfit_by_nature`, the other plots of class N2.
    """
    return json_answer(_listed(request, state))


@router.get("/districts/{code}", summary="One district", responses=given({JSON: DistrictByJamoat}, 404))
def get_district(code: str, request: Request, state: SnapshotDep) -> Response:
    """One district, as in the list, and the same figures for each of its jamoats.

    `potential` has plots and whole hectares of a jamoat by the class they could reach; null where so few plots are in a
    class that one could be told. Of single plots that are neither offered nor in reserve, it is told to partners and
    staff.
    """
    for district in orjson.loads(_listed(request, state)):
        if district["code"] == code:
            return json_answer({**district, "jamoats": list(_jamoats(code, state))})
    raise NotFound(f"There is no district {code!r}; GET /districts lists them.")


@router.get("/places", summary="Places by any of their names", responses=given({JSON: list[PlaceFound]}))
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
            return orjson.dumps([_as_json(item, _standing(connection, item)) for item in summaries(connection, served)])

        kept: Memo[None, bytes] = request.app.state.district_list
        return kept.get(None, make, fresh=served)


def _standing(connection: Connection, district: Summary) -> Standing | None:
    if district.shown is None:
        return None
    return standing_by_jamoat(connection, district.shown.run, district.code).get(WHOLE)


def _jamoats(code: str, state: SnapshotCache) -> Iterator[dict[str, Any]]:
    """Figures of every jamoat of a district with plots in the run that is shown, by code; null = none recorded."""
    with reading() as connection:
        shown = state.fresh(connection).shown.get(code)
        if shown is None:
            return
        classes = hectares_by_jamoat(connection, code, shown.run.run_id)
        standing = standing_by_jamoat(connection, shown.run, code)
        potential = potential_by_jamoat(connection, shown.run, code)
    for jamoat, figures in classes.items():
        here = standing.get(jamoat)
        yield {
            "jamoat": jamoat or None,
            "classes": _classes(figures, here),
            "potential": potential.get(jamoat),
            **_standing_json(here),
        }


def _standing_json(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        return dict.fromkeys(("not_settled", "ask_first", "shut_by_rule", "unfit_by_nature"))
    return {
        "not_settled": {
            **_tally(standing.not_settled),
            "outlook": {name: _tally(tally) for name, tally in standing.not_settled_by_outlook().items()},
        },
        "ask_first": {name: _tally(asked) for name, asked in standing.ask_first.items()},
        "shut_by_rule": {
            kind: {
                **_tally(shut),
                "may_be_released": kind in RELEASABLE,
                **({"from_year": _years(standing)} if kind == INUNDATION else {}),
            }
            for kind, shut in standing.shut.items()
        },
        "unfit_by_nature": _tally(standing.unfit),
    }


def _years(standing: Standing) -> list[dict[str, Any]]:
    """Plots a planned reservoir takes by the year it fills, unknown years last."""
    return [{"year": year, **_tally(tally)} for year, tally in standing.years()]


def _tally(tally: Tally) -> dict[str, float]:
    return {"plots": tally.plots, "area_ha": round(tally.area_ha, HECTARE_DIGITS)}


def _classes(figures: Figures, standing: Standing | None) -> dict[str, dict[str, float]]:
    """Plots and hectares by class; what is not settled stands apart."""
    if standing is not None:
        figures = settled_classes(figures, standing)
    return {
        name: {"plots": found["plots"], "area_ha": round(found["area_ha"], HECTARE_DIGITS)}
        for name, found in figures.items()
    }


def _agreement(one: Agreement) -> dict[str, Any]:
    return {"source": one.source, "date": one.dated, "licence": one.licence, "agrees_pct": one.percent}


def _as_json(district: Summary, standing: Standing | None) -> dict[str, Any]:
    shown = district.shown
    earlier = shown is not None and shown.run.earlier_rule
    return {
        "code": district.code,
        "names": district.names,
        "region": district.region,
        "area_ha": None if district.area_ha is None else round(district.area_ha, HECTARE_DIGITS),
        "bbox": district.bounds,
        "boundary": {
            "official": False,
            "date": district.boundary_date,
            "note": district.boundary_note,
            "agreement": [_agreement(one) for one in district.agreement],
            "doubtful": any(one.doubtful for one in district.agreement) if district.agreement else None,
        },
        "plots": district.plots,
        "plots_ha": round(district.plots_ha, HECTARE_DIGITS),
        "classes": _classes(district.classes, standing),
        **_standing_json(standing),
        "run": None if shown is None else shown.run.run_id,
        "scheme": None if shown is None else shown.run.scheme,
        "published_at": None if shown is None else shown.published_at,
        "earlier_rule": earlier,
        "warning": {lang: translate(EARLIER_RULE, lang) for lang in LANGUAGES} if earlier else None,
        "synthetic": district.synthetic,
    }
