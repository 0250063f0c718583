"""What would lift a plot by one class, at the least cost, proved by rating it again with the changed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources

import numpy as np

from geo.contract.criterion import Measured
from geo.criteria import LAND_CRITERIA
from geo.measures.exclusion import nothing_excluded
from geo.measures.water import SHARE_OF_CANAL
from geo.panel import remedy_sets
from geo.panel.remedy_sets import Applied, Change, Remedies, Remedy
from geo.panel.scheme import Scheme
from geo.suitability.assess import Suitability, evaluate
from geo.suitability.model import CLASSES, NE
from geo.suitability.shown import shown_score
from geo.water.repair import GOOD, reach_gain


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
    how: str
    cost_usd: float
    class_low: str
    class_high: str


@lru_cache
def catalogue() -> Remedies:
    """Return the remedies that ship with Obod.

    Raises
    ------
    SchemeError : an unknown key, or an effect on a criterion that does not exist; names file and key.
    """
    return parse_catalogue(resources.files("geo").joinpath("suitability", "remedies.toml").read_text(encoding="utf-8"))


def parse_catalogue(text: str, *, source: str = "remedies.toml") -> Remedies:
    """Return the catalogue a TOML text describes; refusals name ``source`` and the key."""
    known = {criterion.id for criterion in LAND_CRITERIA}
    return remedy_sets.parse_remedies(Remedies, text, source=source, criteria=known, computed=COMPUTED)


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
    """Remedies that can change a known value of one plot, cheapest on a hectare first."""
    return remedy_sets.applicable(values, facts, remedies, COMPUTED)


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
    chosen = remedy_sets.every_set(len(options))
    rated = rated_with(values, scheme, options, chosen)
    merit = np.nan_to_num(rated.score, nan=-1.0)
    winner = remedy_sets.cheapest(options, chosen, rated.classes < now, merit, area_ha)
    if winner is None:
        return None
    return Lift(
        remedies=tuple(remedy for remedy, taken in zip(options, chosen[winner], strict=True) if taken),
        cost_usd=float(remedy_sets.costs_usd(options, chosen[winner : winner + 1], area_ha)[0]),
        score=float(shown_score(rated.score[winner : winner + 1])[0]),
        suitability_class=CLASSES[int(rated.classes[winner])],
    )


def rated_with(values: Mapping[str, Measured], scheme: Scheme, remedies: list[Remedy], chosen: Applied) -> Suitability:
    """Rate one plot under m sets of remedies; ``chosen`` is bool (m, len(remedies))."""
    changed = remedy_sets.changed(values, remedies, chosen, COMPUTED)
    return evaluate(changed, nothing_excluded(len(chosen)), scheme)


def cheapest_measurement(values: Mapping[str, Measured], scheme: Scheme, best: Suitability) -> Measurement | None:
    """Return the cheapest measurement of an unknown value that narrows the class, whatever it finds; None if none does.

    Each unknown criterion is tried at membership 0 and at 1, the outermost findings there are: the class range of
    every finding between lies within what those two give.
    """
    low, high = int(best.class_low[0]), int(best.class_high[0])
    if low == high:
        return None
    unknown = [
        (criterion, criterion.measuring)
        for criterion in LAND_CRITERIA
        if criterion.measuring is not None
        and values[criterion.id].not_assessed is None
        and np.isnan(values[criterion.id].value[0])
        and criterion.id not in scheme.unweighed
    ]
    for criterion, measuring in sorted(unknown, key=lambda candidate: candidate[1].usd):
        tables = scheme.memberships(criterion)
        outermost = np.array([_value_at(tables[0], level) for level in (0.0, 1.0)])
        tried = {name: remedy_sets.repeated(measured, 2) for name, measured in values.items()}
        tried[criterion.id] = replace(
            tried[criterion.id], value=outermost, sigma=None, evidence=np.zeros(2, dtype=np.int8), table=None
        )
        found = evaluate(tried, nothing_excluded(2), scheme)
        width = found.class_low.astype(int) - found.class_high.astype(int)
        if (width < low - high).all():
            return Measurement(
                criterion.id,
                measuring.how,
                measuring.usd,
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


def repair(values: dict[str, Measured], taken: Applied) -> None:
    """Bring the reach that feeds the plot to class 1; water adequacy grows by the conveyance that reach gains.

    Other reaches of the canal stay as they are, so no repair brings more than the potential state does.
    """
    condition = values["canal_condition"]
    share = condition.beside.get(SHARE_OF_CANAL, np.full(len(condition.value), np.nan))
    gain = reach_gain(condition.value, share)
    water = values["water_adequacy"]
    values["canal_condition"] = replace(condition, value=np.where(taken, float(GOOD), condition.value))
    if water.not_assessed is None:
        values["water_adequacy"] = replace(water, value=np.where(taken, water.value * gain, water.value))


COMPUTED: Mapping[str, Change] = {"repair": repair}
