"""What would lift a plot by one class, at the least cost, proved by rating it again with the changed values.

Every subset of the remedies that apply is one column of one rating: 12 remedies are 4,096 columns, rated in one call,
so the cheapest set is found exactly and nothing is assumed about how remedies add up.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from geo.combination import CLASSES, NE
from geo.criteria import LAND_CRITERIA
from geo.criterion import Measured
from geo.errors import SchemeError
from geo.exclusion import nothing_excluded
from geo.irrigation import CONDITION_FACTOR
from geo.scheme import Scheme
from geo.suitability import Suitability, combine, printed

Floats = NDArray[np.float64]
Applied = NDArray[np.bool_]

MOST_REMEDIES = 12  # remedies weighed at once; 2**12 sets are rated in a few milliseconds
GOOD_CONDITION = 1.0  # canal condition class after a repair


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Effect(_Strict):
    """How one value changes: kind and amount, held between ``least`` and ``most``."""

    criterion: str
    kind: Literal["scale", "add", "at_most", "at_least", "table", "repair"]
    amount: float = 0.0
    least: float | None = None
    most: float | None = None


class Remedy(_Strict):
    """One thing that can be done: what it changes, what it costs [USD], who does it, and where it applies."""

    id: str
    title: str
    cost_fixed: Annotated[float, Field(ge=0)]
    cost_per_ha: Annotated[float, Field(ge=0)]
    who: str
    where: str | None = None
    effects: tuple[Effect, ...]

    def cost_usd(self, area_ha: float) -> float:
        """Cost [USD] on a plot of ``area_ha`` [ha]."""
        return self.cost_fixed + self.cost_per_ha * area_ha


class Catalogue(_Strict):
    """The remedies and what measuring costs [USD a plot], with version and panel."""

    version: str
    panel: str
    date: object
    remedy: tuple[Remedy, ...]
    measurement: dict[str, Annotated[float, Field(gt=0)]]


@dataclass(frozen=True, slots=True)
class Lift:
    """The cheapest set of remedies that lifts a plot by one class or more.

    remedies : in the order of the catalogue. cost_usd : of all together. score, suitability_class : after them, from
    a rating with the changed values.
    """

    remedies: tuple[Remedy, ...]
    cost_usd: float
    score: float
    suitability_class: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """The cheapest measurement that would narrow an uncertain class, whatever it finds."""

    criterion: str
    cost_usd: float
    class_low: str
    class_high: str


@lru_cache
def catalogue() -> Catalogue:
    """Return the remedies that ship with Obod.

    Raises
    ------
    SchemeError : an unknown key, or an effect on a criterion that does not exist; names file and key.
    """
    return parse_catalogue(resources.files("geo").joinpath("remedies.toml").read_text(encoding="utf-8"))


def parse_catalogue(text: str, *, source: str = "remedies.toml") -> Catalogue:
    """Return the catalogue a TOML text describes; refusals name ``source`` and the key."""
    try:
        found = Catalogue.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as problem:
        raise SchemeError(f"{source}: not valid TOML: {problem}") from None
    except ValidationError as problem:
        first = problem.errors()[0]
        raise SchemeError(f"{source}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None
    known = {criterion.id for criterion in LAND_CRITERIA}
    named = [effect.criterion for remedy in found.remedy for effect in remedy.effects] + list(found.measurement)
    if strange := sorted(set(named) - known):
        raise SchemeError(f"{source}: there is no land criterion '{strange[0]}'")
    return found


def facts_of(values: Mapping[str, Measured], *, earth_canal: bool | None) -> frozenset[str]:
    """Facts about one plot that remedies ask for; what is not known is no fact.

    ``earth_canal``: the canal that feeds the plot is not lined; None = not recorded.
    """
    slope, wetness = values["slope_pct"], values["soil_water"]
    terraced = slope.table is not None and slope.table[0] == 1
    facts = {
        "earth_canal": bool(earth_canal),
        "not_terraced": not terraced and slope.not_assessed is None,
        "gentle": bool(slope.value[0] <= 8.0),  # %, beyond it levelling moves too much soil; default to calibrate
        "wet": bool(wetness.value[0] < 0.75),
    }
    return frozenset(name for name, holds in facts.items() if holds)


def applicable(values: Mapping[str, Measured], facts: frozenset[str], remedies: tuple[Remedy, ...]) -> list[Remedy]:
    """Remedies that can change a known value of one plot, cheapest on a hectare first, at most ``MOST_REMEDIES``."""
    found = []
    for remedy in remedies:
        if remedy.where is not None and remedy.where not in facts:
            continue
        if any(_changes(values, effect) for effect in remedy.effects):
            found.append(remedy)
    return sorted(found, key=lambda remedy: remedy.cost_usd(1.0))[:MOST_REMEDIES]


def cheapest_lift(
    values: Mapping[str, Measured], scheme: Scheme, *, area_ha: float, facts: frozenset[str], best: Suitability
) -> Lift | None:
    """Return the cheapest set of remedies that lifts one plot by at least a class; None if no set does.

    Parameters
    ----------
    values : criterion id -> Measured of one plot. best : its suitability now. facts : see ``facts_of``.
    Land that is shut (mines, water) has no remedy; the caller does not ask.
    """
    now = int(best.classes[0])
    options = applicable(values, facts, catalogue().remedy)
    if not options or now in (0, NE):
        return None
    chosen = (np.arange(2 ** len(options))[:, np.newaxis] >> np.arange(len(options)) & 1).astype(bool)
    rated = rated_with(values, scheme, options, chosen)
    lifted = rated.classes < now
    if not lifted.any():
        return None
    costs = chosen @ np.array([remedy.cost_usd(area_ha) for remedy in options])
    score = np.nan_to_num(rated.score, nan=-1.0)
    order = np.lexsort((chosen.sum(axis=1), -score, costs))
    winner = int(order[lifted[order]][0])
    return Lift(
        remedies=tuple(remedy for remedy, taken in zip(options, chosen[winner], strict=True) if taken),
        cost_usd=float(costs[winner]),
        score=float(printed(rated.score[winner : winner + 1])[0]),
        suitability_class=CLASSES[int(rated.classes[winner])],
    )


def rated_with(values: Mapping[str, Measured], scheme: Scheme, remedies: list[Remedy], chosen: Applied) -> Suitability:
    """Rate one plot under m sets of remedies; ``chosen`` is bool (m, len(remedies))."""
    changed = {name: _repeated(measured, len(chosen)) for name, measured in values.items()}
    for column, remedy in enumerate(remedies):
        for effect in remedy.effects:
            _apply(changed, effect, chosen[:, column])
    return combine(changed, nothing_excluded(len(chosen)), scheme)


def cheapest_measurement(values: Mapping[str, Measured], scheme: Scheme, best: Suitability) -> Measurement | None:
    """Return the cheapest measurement of an unknown value that narrows the class, whatever it finds; None if none does.

    Each unknown criterion is tried at membership 0 and at 1, the outermost findings there are: the class range of
    every finding between lies within what those two give.
    """
    low, high = int(best.class_low[0]), int(best.class_high[0])
    if low == high:
        return None
    prices = catalogue().measurement
    unknown = [
        criterion
        for criterion in LAND_CRITERIA
        if values[criterion.id].not_assessed is None
        and np.isnan(values[criterion.id].value[0])
        and criterion.id not in scheme.unweighed
    ]
    for criterion in sorted(unknown, key=lambda candidate: prices[candidate.id]):
        tables = scheme.memberships(criterion)
        outermost = np.array([_value_at(tables[0], level) for level in (0.0, 1.0)])
        tried = {name: _repeated(measured, 2) for name, measured in values.items()}
        tried[criterion.id] = replace(
            tried[criterion.id], value=outermost, sigma=None, evidence=np.zeros(2, dtype=np.int8), table=None
        )
        found = combine(tried, nothing_excluded(2), scheme)
        width = found.class_low.astype(int) - found.class_high.astype(int)
        if (width < low - high).all():
            return Measurement(
                criterion.id,
                prices[criterion.id],
                CLASSES[int(found.class_low.max())],
                CLASSES[int(found.class_high.min())],
            )
    return None


def _value_at(table: object, level: float) -> float:
    """A value whose membership is ``level``, by the knots or classes of a membership table."""
    knots = getattr(table, "values", None) or getattr(getattr(table, "surveyed", None), "values", None)
    if knots is not None:
        return float(knots[0] if level == 1.0 else knots[-1])
    classes: Mapping[int, float] = getattr(table, "table", {})
    return float(min(classes, key=lambda code: (abs(classes[code] - level), code)))


def _repeated(measured: Measured, times: int) -> Measured:
    """One plot's measurement ``times`` over, with arrays of its own."""
    return replace(
        measured,
        value=np.repeat(measured.value[:1], times),
        table=None if measured.table is None else np.repeat(measured.table[:1], times),
        sigma=None if measured.sigma is None else np.repeat(measured.sigma[:1], times),
        evidence=None if measured.evidence is None else np.repeat(measured.evidence[:1], times),
        notes={name: np.repeat(flags[:1], times) for name, flags in measured.notes.items()},
    )


def _changes(values: Mapping[str, Measured], effect: Effect) -> bool:
    """Whether an effect would change the value of one plot; an unknown value cannot be changed."""
    once = {name: _repeated(measured, 1) for name, measured in values.items()}
    if once[effect.criterion].not_assessed is not None or np.isnan(once[effect.criterion].value[0]):
        return False
    before = once[effect.criterion]
    _apply(once, effect, np.ones(1, dtype=bool))
    after = once[effect.criterion]
    same_table = np.array_equal(
        before.table if before.table is not None else [0], after.table if after.table is not None else [0]
    )
    return not (same_table and before.value[0] == after.value[0])


def _apply(values: dict[str, Measured], effect: Effect, taken: Applied) -> None:
    """Change the values where a remedy is taken; scales and sums commute, so the order of remedies does not matter."""
    measured = values[effect.criterion]
    if measured.not_assessed is not None:
        return
    value = measured.value
    if effect.kind == "repair":
        repair(values, taken)
        return
    if effect.kind == "table":
        table = np.zeros(len(value), dtype=np.int8) if measured.table is None else measured.table
        values[effect.criterion] = replace(measured, table=np.where(taken, np.int8(effect.amount), table))
        return
    changed = {
        "scale": value * effect.amount,
        "add": value + effect.amount,
        "at_most": np.minimum(value, effect.amount),
        "at_least": np.maximum(value, effect.amount),
    }[effect.kind]
    if effect.least is not None:
        changed = np.maximum(changed, np.minimum(value, effect.least))
    if effect.most is not None:
        changed = np.minimum(changed, np.maximum(value, effect.most))
    values[effect.criterion] = replace(measured, value=np.where(taken, changed, value))


def repair(values: dict[str, Measured], taken: Applied) -> None:
    """Bring the canal to class 1; water adequacy grows by the conveyance gained (domain reference 6.4).

    From a destroyed canal the recorded ratio stands: it was found while the canal still ran.
    """
    condition = values["canal_condition"]
    gain = np.ones(len(condition.value))
    for name, factor in CONDITION_FACTOR.items():
        if factor > 0:
            gain = np.where(condition.value == name, CONDITION_FACTOR[1] / factor, gain)
    water = values["water_adequacy"]
    values["canal_condition"] = replace(condition, value=np.where(taken, GOOD_CONDITION, condition.value))
    if water.not_assessed is None:
        values["water_adequacy"] = replace(water, value=np.where(taken, water.value * gain, water.value))
