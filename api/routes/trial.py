"""A district by other weights, for the panel of the planner's page: what each plot would be, and the figures of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.content.asked_plots import run_of
from api.content.figures import figures
from api.content.standing import tell_standing
from api.content.trial_text import say_emphasis, shares
from api.deps import JSON, LanguageDep, SnapshotDep, json_answer, known_parameters
from api.language.translate import Language, translate
from api.language.wording import NOT_PUBLISHED
from api.rendering.pages import render
from api.routes.emphasis import EmphasisDep
from api.routes.narrowing import asked_filters, narrows
from api.routes.plots import FILTER_PARAMETERS
from api.web.description import Answer, given, or_empty
from geo.suitability.trial import departure
from layers.catalogue.base import PUBLIC
from layers.errors import NotFound
from layers.features.districts import require_district, require_jamoats
from layers.features.filters import plot_conditions
from layers.features.matches import LOOKS
from layers.features.paging import Listing
from layers.features.plots import in_district, scored_plots
from layers.features.standing import WHOLE
from layers.postgres.engine import reading
from layers.records.snapshot import Choice
from layers.runs.trial import Trial, numbers_of, scheme_of, try_district

router = APIRouter(tags=["plots"], dependencies=[Depends(known_parameters)])


class PlotTrial(Answer):
    """What plots would be by other weights, each column in the order of their numbers. Not a published result."""

    district: str
    run: int
    told: str
    note: str
    weights: dict[str, float]
    orness: float
    looks: list[str]
    plot_no: list[int]
    look: list[int]
    parts: dict[str, str]


@router.get(
    "/districts/{code}/trial",
    summary="The plots of a district by other weights than its panel's: a trial, not a published result",
    response_class=Response,
    responses=given({JSON: PlotTrial}, 404, 422),
    openapi_extra={"parameters": [or_empty(item) for item in FILTER_PARAMETERS if item["name"] != "jamoat"]},
)
def get_trial(
    request: Request,
    code: str,
    lang: LanguageDep,
    state: SnapshotDep,
    emphasis: EmphasisDep,
    jamoat: Annotated[list[str] | None, Query(description="Jamoat code; may be given several times.")] = None,
) -> Response:
    """What the run that is shown kept is combined again with the weights asked for.

    What is unknown, not evaluated or shut stays so, and limits hold. Filters are of the published result. Numbers are
    each the difference to the one before; `look` says by its place in `looks` what the plot would be shown as. `told`
    says what is tried; `parts` are pieces of the planner's page in the reader's language, by their place there.
    """
    filters = asked_filters(request)
    narrowed = narrows(filters)
    with reading(PUBLIC) as connection:
        served = state.fresh(connection)
        require_district(connection, served, code)
        require_jamoats(connection, code, filters.get("jamoat", ()))
        run = run_of(served, Choice(), code, PUBLIC)
        if run is None:
            raise NotFound(f"No result is shown in district {code!r}.")
        features = scored_plots(PUBLIC, {code: run})
        conditions = [in_district(code), *plot_conditions(features, filters)]
        among = numbers_of(connection, Listing(features, conditions)) if narrowed else None
        scheme = scheme_of(connection, run)
    trial = try_district(run, code, emphasis, among)
    one = jamoat[0] if jamoat and not narrowed else WHOLE
    numbers = trial.plot_no
    content = {
        "district": code,
        "run": run.run_id,
        "told": say_emphasis(departure(scheme, emphasis), lang) or "",
        "note": translate(NOT_PUBLISHED, lang),
        "weights": dict(trial.scheme.land_weights),
        "orness": trial.scheme.orness,
        "looks": list(LOOKS),
        "plot_no": [int(step) for step in (numbers[:1].tolist() + (numbers[1:] - numbers[:-1]).tolist())],
        "look": trial.look.tolist(),
        "parts": pieces(trial, one, lang, base=request.scope.get("root_path", "")),
    }
    return json_answer(content, in_language=True)


def pieces(trial: Trial, jamoat: str | None, lang: Language, *, base: str) -> dict[str, str]:
    """Return the parts of the planner's page that follow a trial, as HTML by the id of their place."""
    counted, behind = trial.parts.get(jamoat) or trial.parts[WHOLE]
    values: dict[str, Any] = {
        "figures": figures(counted, lang, behind),
        "standing": tell_standing(behind, lang),
        "asked_by_jamoat": [],
        "weights": shares(trial.scheme, lang),
    }
    names = {"class-table": "_class_table.html", "standing": "_standing.html", "trial-weights": "_trial_weights.html"}
    found = {place: render(name, lang=lang, base=base, **values) for place, name in names.items()}
    for code, (classes, standing) in trial.parts.items():
        if code is not WHOLE:
            bar = {"figures": figures(classes, lang, standing), "code": code}
            found[f"jamoat-{code}"] = render("_jamoat_bar.html", lang=lang, base=base, **bar)
    return found
