"""Scenarios of water as they are stored, and what their runs found: for staff."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from api.deps import (
    JSON,
    Caller,
    CallerDep,
    LanguageDep,
    enter_reading,
    get_caller,
    known_parameters,
)
from api.language.speech import Spoken
from api.routes.plots import staff_answer
from api.web.description import Answer, given
from layers.catalogue.base import STAFF
from layers.errors import NotAllowed
from layers.postgres.engine import reading
from layers.records.audit import Act
from layers.records.scenarios import ScenarioFile
from layers.water.scenario_text import as_answer, list_row
from layers.water.scenarios import changed_plots, list_runs, list_scenarios, read_scenario

router = APIRouter(
    tags=["water"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)

MOST_PLOTS: Final = 1_000


class ScenarioRow(Answer):
    """A scenario, with the newest of its runs; null: it was never run."""

    name: str
    title: str
    cost_usd: float
    works: int
    added_at: datetime
    run: int | None
    year: Literal["dry", "normal", "wet"] | None
    rule: str | None
    by: Literal["month", "decade"] | None
    gained_ha: float | None = Field(description="Newly with three quarters of its need, at worst.")
    harmed_areas: int | None = Field(description="Command areas whose least ratio falls by more than 0.01.")
    synthetic: bool | None
    state: str | None


class ScenarioList(Answer):
    """Scenarios by name."""

    scenarios: list[ScenarioRow]


class PlotMoved(Answer):
    """A plot, its class as it is and with the scenario, and whether each is settled."""

    plot_id: str
    district: str
    jamoat: str | None
    area: str | None = Field(description="Command area that holds most of it.")
    area_ha: float
    before: str
    before_settled: bool
    after: str
    after_settled: bool


class ScenarioTold(Answer):
    """A scenario as its file has it, and its runs, the newest first."""

    name: str
    title: str
    cost_usd: float
    added_at: datetime
    file: str = Field(description="TOML, as it was written.")
    runs: list[dict[str, Any]] = Field(description="Figures, and what is said of them in the reader's language.")
    plots: list[PlotMoved] = Field(
        description=f"Plots whose class the newest run changes, or whether it is settled, at most {MOST_PLOTS:,}."
    )


MODELS: Final = (ScenarioList, ScenarioTold)


@router.get("/scenarios", summary="Scenarios of water", responses=given({JSON: ScenarioList}, 403))
def get_scenarios(caller: CallerDep) -> Response:
    """All scenarios, for staff."""
    require_staff(caller)
    with reading(STAFF) as connection:
        rows = [list_row(kept, run) for kept, run in list_scenarios(connection)]
    return _answered(caller, {"scenarios": rows}, len(rows))


@router.get("/scenarios/{name}", summary="A scenario of water", responses=given({JSON: ScenarioTold}, 403, 404))
def get_scenario(name: Annotated[str, Path(description="Name.")], caller: CallerDep, lang: LanguageDep) -> Response:
    """One scenario with what its runs found, computed from estimated deliveries, for staff."""
    require_staff(caller)
    with reading(STAFF) as connection:
        kept, runs = read_scenario(connection, name), list_runs(connection, name)
        plots = changed_plots(connection, runs[0].run, MOST_PLOTS) if runs else []
    found = kept.scenario
    told = {"name": found.name, "title": found.title, "cost_usd": found.cost_usd, "added_at": kept.added_at}
    speech = Spoken(lang)
    content = {**told, "file": kept.file, "runs": [as_answer(run, speech) for run in runs], "plots": plots}
    return _answered(caller, content, len(runs) + len(plots))


def require_staff(caller: Caller) -> None:
    """Refuse all but staff of all districts."""
    if caller.audience_in(None) < STAFF:
        raise NotAllowed("This is for staff only; ask with a staff key of all districts.")


def _answered(caller: Caller, content: dict[str, Any], rows: int) -> Response:
    enter_reading(caller, None, Act.LIST, ScenarioFile.__tablename__, rows)
    return staff_answer(content, in_language=True)
