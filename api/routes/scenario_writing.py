"""Scenarios that staff send: added, run, shown to everybody, and works ranked.

What is stored is stored whole, by four narrow functions.

One of them is computed at a time, in a thread and on a connection of its own, so that nobody else waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from api.deps import JSON, Caller, CallerDep, LanguageDep, enter_reading, get_caller, known_parameters
from api.language.speech import Spoken
from api.routes.plots import staff_answer
from api.routes.refusals import refusing_in
from api.routes.scenarios import require_staff
from api.web.description import Answer, given
from geo.water.need.periods import periods_of_year
from geo.water.need.rain import RAIN_METHODS
from geo.water.works.repairs import Goal
from layers.catalogue.base import STAFF
from layers.errors import BadFilter, DataRefused
from layers.postgres.engine import Connection, computing, noting, reading
from layers.records.audit import Act
from layers.records.phrases import retold, told
from layers.runs.code_digest import code_version
from layers.runs.scenario_plots import judge_plots
from layers.water.needs import Asked
from layers.water.repair_table import MOST_USD, WORKS, parse_table, parse_works, read_repairs
from layers.water.scenario_runs import Choice, Computed, compute_run
from layers.water.scenario_service import (
    hide_scenario_with,
    show_scenario_with,
    store_run_with,
    store_scenario_with,
    take_turn,
)
from layers.water.scenario_text import as_answer
from layers.water.scenarios import Kept, check_scenario, list_runs, read_scenario
from layers.water.shown_scenarios import prepare_shown
from layers.water.systems import read_systems
from layers.water.works import families_by_area, rank_repairs
from layers.water.works_text import describe_ranking, list_works, sum_up

router = APIRouter(
    tags=["water"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)

TOML: Final = "application/toml"
CSV: Final = "text/csv"
PLAIN: Final = "text/plain"
SENT: Final = "the request"  # what refusals call a body that has no name of a file
STATEMENT_S: Final = 60.0  # seconds one statement of a run may take
JUDGING_S: Final = 120.0  # seconds after which no further district is judged
MOST_WORKS: Final = 60  # ranked at once; more take longer than a request should

Year = Literal["dry", "normal", "wet"]
Rule = Literal["proportional", "max-min", "tail-first", "head-first", "gardens-first"]
By = Literal["month", "decade"]
YearParameter = Annotated[Year, Query(description="Kind of year.")]
RuleParameter = Annotated[Rule, Query(description="How water is shared.")]
ByParameter = Annotated[By, Query(description="Periods.")]
ScenarioName = Annotated[str, Path(description="Name.")]


def _choice(year: YearParameter = "dry", rule: RuleParameter = "proportional", by: ByParameter = "month") -> Choice:
    return Choice(year, rule, by)


ChoiceDep = Annotated[Choice, Depends(_choice)]


class ScenarioAdded(Answer):
    """A scenario that is stored."""

    name: str
    title: str
    cost_usd: float
    works: int


class WorkRanked(Answer):
    """A work that is chosen."""

    rank: int
    work: str
    cost_usd: float
    spent_usd: float
    missed: float | str = Field(description="Lost without it, all others done; families by tens.")


class Ranking(Answer):
    """Works to do under a budget."""

    objective: Literal["ha", "m3", "families"]
    budget_usd: float
    spent_usd: float
    found: float | str
    bound: float | str = Field(description="No set of works gains more.")
    gap: float | None
    all_sets_tried: bool
    gain_at_best: float | str
    before: float | str
    areas_unknown: int
    works: list[WorkRanked]
    losing: list[str] = Field(description="Command areas whose least ratio falls.")
    said: list[str] = Field(description="The same in sentences, in the reader's language.")


class ScenarioShown(Answer):
    """A scenario that everybody sees. changed : canal reaches and command areas that are others with it."""

    name: str
    run: int
    year: Year
    rule: Rule
    changed: int


class ScenarioHidden(Answer):
    """A scenario that is shown no more. runs : how many of it were."""

    withdrawn: str
    runs: int


MODELS: Final = (ScenarioAdded, ScenarioShown, ScenarioHidden, Ranking)


async def _sent(request: Request) -> str:
    """The body as text.

    Raises
    ------
    DataRefused : it is not UTF-8, or holds a character that no text has.
    """
    try:
        text = (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise DataRefused(told("{file}: a text in UTF-8 expected.", file=SENT))
    return text


Sent = Annotated[str, Depends(_sent)]


def _body(media_type: str, about: str, **others: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the body of an operation; others : schema by media type."""
    text = {"type": "string", "description": about}
    content = {kind: {"schema": schema} for kind, schema in {media_type: text, PLAIN: text, **others}.items()}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/scenarios",
    summary="Add a scenario of water",
    responses=given({JSON: ScenarioAdded}, 403, 404, 422),
    openapi_extra=_body(TOML, "A scenario, as obod scenario add takes it."),
)
def add_scenario(
    caller: CallerDep,
    lang: LanguageDep,
    sent: Sent,
    replace: Annotated[bool, Query(description="Whether it may take the place of another of its name.")] = False,
) -> Response:
    """Check a scenario against its form and against what is mapped now, and store it, for staff of all districts."""
    key_id = _key_of(caller)
    with refusing_in(lang):
        with computing(timeout_s=STATEMENT_S) as connection:
            scenario = check_scenario(connection, sent, source=SENT)
        with noting() as connection:
            store_scenario_with(connection, scenario, sent, key_id=key_id, source=SENT, replace=replace)
    added = {"name": scenario.name, "title": scenario.title, "cost_usd": scenario.cost_usd}
    return staff_answer(added | {"works": len(scenario.works)}, in_language=True)


@router.post(
    "/scenarios/{name}/runs",
    summary="Run a scenario of water",
    responses=given({JSON: dict}, 403, 404, 422),
)
def run_scenario(name: ScenarioName, caller: CallerDep, lang: LanguageDep, choice: ChoiceDep) -> Response:
    """Compute what a scenario does and store that, for staff of all districts; one is computed at a time."""
    key_id = _key_of(caller)
    with refusing_in(lang):
        kept = _read(name)
        with computing(timeout_s=STATEMENT_S) as connection:
            run = _computed(connection, kept, choice)
        with noting() as connection:
            number = store_run_with(connection, run, code=code_version(), key_id=key_id)
        with reading(STAFF) as connection:
            made = next(one for one in list_runs(connection, name) if one.run == number)
    return staff_answer(as_answer(made, Spoken(lang)), in_language=True)


@router.post(
    "/scenarios/{name}/publication",
    summary="Show everybody a scenario of water",
    responses=given({JSON: ScenarioShown}, 403, 404, 422),
)
def show_scenario(name: ScenarioName, caller: CallerDep, lang: LanguageDep, choice: ChoiceDep) -> Response:
    """Run a scenario, store that and show it beside the published balance of its rows, for staff of all districts."""
    key_id = _key_of(caller)
    with refusing_in(lang):
        kept = _read(name)
        with computing(timeout_s=STATEMENT_S) as connection:
            run = _computed(connection, kept, choice)
            ready = prepare_shown(connection, run)
        with noting() as connection:
            number = store_run_with(connection, run, code=code_version(), key_id=key_id)
            show_scenario_with(connection, run, number, ready, key_id=key_id)
    shown = {"name": name, "run": number, "year": choice.year, "rule": choice.rule}
    return staff_answer(shown | {"changed": len(ready.rows)})


@router.delete(
    "/scenarios/{name}/publication",
    summary="Show a scenario of water no more",
    responses=given({JSON: ScenarioHidden}, 403, 404),
)
def hide_scenario(name: ScenarioName, caller: CallerDep, lang: LanguageDep) -> Response:
    """Show a scenario no more, of no kind of year and rule, for staff of all districts; its runs stay stored."""
    key_id = _key_of(caller)
    with refusing_in(lang), noting() as connection:
        runs = hide_scenario_with(connection, name, key_id=key_id)
    return staff_answer({"withdrawn": name, "runs": runs})


@router.post(
    "/works/rankings",
    summary="Rank works on canals under a budget",
    responses=given({JSON: Ranking}, 403, 404, 422),
    openapi_extra=_body(CSV, "Works, as obod works rank takes them.", **{JSON: WORKS}),
)
def rank_works(
    request: Request,
    caller: CallerDep,
    lang: LanguageDep,
    sent: Sent,
    budget: Annotated[
        float | None,
        Query(gt=0, le=MOST_USD, allow_inf_nan=False, description="Most that may be spent [USD]; of JSON its own."),
    ] = None,
    objective: Annotated[Literal["ha", "m3", "families"], Query(description="What for.")] = "ha",
    year: YearParameter = "dry",
    rule: RuleParameter = "max-min",
    by: ByParameter = "month",
) -> Response:
    """Choose works under a budget by what all of them bring together, for staff of all districts; nothing is stored."""
    _key_of(caller)
    with refusing_in(lang):
        if _is_json(request):
            if budget is not None:
                raise BadFilter(told("{file}: its budget expected inside, and none in the address.", file=SENT))
            columns, table, budget = parse_works(sent, source=SENT)
        elif budget is None:
            raise BadFilter(told("budget: a number above 0 expected"))
        else:
            columns, table = parse_table(sent, source=SENT)
        with computing(timeout_s=STATEMENT_S) as connection:
            take_turn(connection)
            systems = read_systems(connection, None, Asked(year, periods_of_year(by), RAIN_METHODS[0], None))
            stored = systems.stored
            repairs = read_repairs(table, columns, stored.reaches, stored.capacity_m3_s, source=SENT)
            if len(repairs) > MOST_WORKS:
                message = "{file}: at most {most} works expected, there are {count}; obod works rank takes more."
                raise DataRefused(told(message, file=SENT, most=MOST_WORKS, count=len(repairs)))
            families = families_by_area(connection, stored.areas.tolist()) if objective == "families" else None
            weight = systems.fields.area_ha if families is None else families
            ranked = rank_repairs(systems, repairs, Goal(objective, weight, systems.season, rule), budget, source=SENT)
    works = list_works(ranked, objective)
    enter_reading(caller, None, Act.LIST, "works", len(works))
    speech = Spoken(lang)
    said = [retold(sentence, speech) for sentence in describe_ranking(ranked, objective, budget)]
    return staff_answer(
        {**sum_up(ranked, objective, budget), "works": works, "losing": ranked.losing, "said": said}, in_language=True
    )


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == JSON


def _read(name: str) -> Kept:
    with reading(STAFF) as connection:
        return read_scenario(connection, name)


def _computed(connection: Connection, kept: Kept, choice: Choice) -> Computed:
    """A run, with plots, computed while no other is."""
    take_turn(connection)
    return judge_plots(connection, compute_run(connection, kept, choice), JUDGING_S)


def _key_of(caller: Caller) -> str:
    require_staff(caller)
    assert caller.key_id is not None  # nobody is staff without one
    return caller.key_id
