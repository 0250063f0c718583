"""Why a plot is in its class, over HTTP."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Depends, Response

from api.content.about_files import told_of
from api.content.asked_plots import run_of
from api.content.plot_water import tell_water
from api.content.unknown_text import tell_unrecorded
from api.deps import JSON, CallerDep, LanguageDep, SnapshotDep, enter_reading, get_caller, json_answer, known_parameters
from api.maps.places_cache import AtlasDep
from api.routes.answers import Explanation
from api.routes.plots import ChoiceDep, ProfileQuery, cache_headers
from api.web.description import given
from layers.catalogue.base import PUBLIC
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.explain.household_fit import explain_fit_of_plot
from layers.explain.plot import explain_plot
from layers.features.household_fit import require_staff
from layers.features.paging import read_feature
from layers.features.plots import PLOTS, district_of_plot, scored_plots
from layers.features.priorities import plot_priority
from layers.postgres.engine import reading
from layers.records.audit import Act

router = APIRouter(
    tags=["plots"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)


@router.get(
    "/plots/{plot_id}/explanation",
    summary="Why a plot is in its class",
    responses=given({JSON: Explanation}, 403, 404, 422),
)
def get_explanation(
    plot_id: str,
    caller: CallerDep,
    state: SnapshotDep,
    atlas: AtlasDep,
    lang: LanguageDep,
    choice: ChoiceDep,
    profile: ProfileQuery = None,
) -> Response:
    """What was measured, how it was judged and weighed, what limits the plot most and what would lift it.

    `told` is what card, page, files and command line say of the plot, in the language of the reader.

    With `profile`, staff also get `fit`, why the plot fits that kind of household or not and what support would help,
    and `priority` for support; the three results stand side by side.
    """
    with reading() as connection:
        district = district_of_plot(connection, plot_id)
    audience = caller.audience_in(district)
    if profile is not None:
        require_staff(audience)
    with reading(audience) as connection:
        served = state.fresh(connection)
        run = run_of(served, choice, district, audience)
        explained = explain_plot(connection, plot_id, audience=audience, choice=choice, served=served)
        features = scored_plots(PUBLIC, {district: run} if run and district else {})
        feature = read_feature(connection, features, PLOTS.plot_id == plot_id)
        if feature is None:
            raise NotFound(f"There is no plot {plot_id!r}.")
        plot = orjson.loads(feature)["properties"]
        explained |= told_of(plot, atlas.gazetteer(connection, served), lang)
        water = tell_water(explained["water"], plot, lang)
        explained["water_told"] = [] if water is None else list(water.sentences)
        explained["no_record_told"] = tell_unrecorded(explained["no_record"], lang)
        if profile is not None:
            explained["fit"] = explain_fit_of_plot(connection, plot_id, explained["run"], profile)
            explained["priority"] = plot_priority(connection, explained["district"], explained["run"], plot_id)
        answer = json_answer(explained, in_language=True)
    enter_reading(caller, district, Act.LIST, Plot.__tablename__, 1)
    answer.headers.update(cache_headers(audience))
    return answer
