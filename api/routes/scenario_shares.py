"""The water of command areas with a scenario and without it, in the form of the water balance: for staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field

from api.web.description import Answer
from layers.water.scenarios import RunKept


class ScenarioPeriod(Answer):
    """A month (part 0) or a part of ten days, without the scenario and with it. Null: not known, or not needed."""

    month: int
    part: int
    counts: bool = Field(description="Whether the period counts for what grows there now.")
    counts_with: bool
    need_m3_s: float | None
    need_with_m3_s: float | None
    delivered_m3_s: float | None
    delivered_with_m3_s: float | None
    ratio: float | None = Field(description="Delivered over needed, at the worst that what is known allows.")
    ratio_with: float | None
    ratio_best: float | None
    ratio_best_with: float | None


class ScenarioShare(Answer):
    """What a command area that the scenario concerns gets by period."""

    code: str
    canal: str | None
    periods: list[ScenarioPeriod]


class WaterWithScenario(Answer):
    """The newest run of a scenario; areas it does not concern are as in the balance without it, and not among these."""

    scenario: str
    run: int
    year: Literal["dry", "normal", "wet"]
    rule: str
    by: Literal["month", "decade"]
    synthetic: bool
    as_of_load: int
    crop_table: str
    code_version: str
    made_at: datetime
    of_file: bool = Field(description="Made from the scenario as it is now.")
    taken_back: bool = Field(description="A load that it saw was taken back.")
    note: str
    areas: list[ScenarioShare]


OF_RUN: Final[tuple[str, ...]] = (
    "scenario",
    "run",
    "year",
    "rule",
    "by",
    "synthetic",
    "as_of_load",
    "crop_table",
    "code_version",
)
STATE: Final = ("made_at", "of_file", "taken_back")
MODELS: Final = (WaterWithScenario,)


def about_run(run: RunKept) -> dict[str, Any]:
    """Return what a run is."""
    return {name: getattr(run, name) for name in (*OF_RUN, *STATE)}
