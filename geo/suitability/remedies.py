"""What would lift a plot by one class, at the least cost, proved by rating it again with the changed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources

import numpy as np

from geo.contract.classes import CLASS_LIMITS, CLASSES, NE, S3
from geo.contract.criterion import Criterion, Flags, Floats, Measured
from geo.contract.declared import Measuring
from geo.criteria import LAND_CRITERIA
from geo.measures.exclusion import nothing_excluded
from geo.measures.soil import AVAILABLE_WATER, GROUNDWATER_DEPTH
from geo.measures.water import SHARE_OF_CANAL
from geo.panel import remedy_sets
from geo.panel.remedy_sets import Applied, Change, Remedies, Remedy
from geo.panel.scheme import Scheme
from geo.suitability.assess import Suitability, evaluate
from geo.suitability.model import NOTHING
from geo.suitability.shown import shown_score
from geo.suitability.surroundings import Surroundings
from geo.water.repair import GOOD, reach_gain

BINDS_BELOW = 0.75  # rating of groundwater under which it is no longer S1
# m, 200 mm of leaching water lift the table so far at a drainable porosity of .08; domain reference 3.6 step 7
LEACHING_RISE_M = 2.5
LEAST_WATER_M = 1.5  # m, depth the groundwater keeps under leaching; likewise
SODIC_ESP_PCT = 15.0  # %, exchangeable sodium from which gypsum helps; likewise
LITTLE_GYPSUM_PCT = 2.0  # %, gypsum in the soil that helps by itself; likewise
GENTLE_PCT = 8.0  # %, beyond it levelling moves too much soil; default to calibrate
DRAINAGE_M = 0.5  # m a drain lowers the groundwater by; domain reference 6.5

BEARS = "As it is, the plot bears: {crops}."
NOTHING_BEARS = "Nothing known here bears the plot as it is."
MEASURE_FIRST = "Measure first: the head comes from a height model that errs by more than it says."
PARTLY_KNOWN = "Measure first: a part of this value is not known, and it may be good."
WORK_OF_MANY = "A work of all plots of the outlet area, not of one household: {usd} USD for its {area} ha."
MESSAGES = (BEARS, NOTHING_BEARS, MEASURE_FIRST, PARTLY_KNOWN, WORK_OF_MANY)


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
    """The cheapest measurement that would narrow an uncertain class, whatever it finds.

    first : it comes before any remedy.
    """

    criterion: str
    how: str
    cost_usd: float
    class_low: str
    class_high: str
    first: bool


@lru_cache
def catalogue() -> Remedies:
    """Return the remedies that ship with Obod.

    Returns
    -------
    Remedies of ``remedies.toml``, costs in USD.

    Raises
    ------
    SchemeError : an unknown key, or an effect on a criterion that does not exist; names file and key.
    """
    return parse_catalogue(resources.files("geo").joinpath("suitability", "remedies.toml").read_text(encoding="utf-8"))


def parse_catalogue(text: str, *, source: str = "remedies.toml") -> Remedies:
    """Return the catalogue a TOML text describes.

    Parameters
    ----------
    text : TOML.
    source : file name that refusals speak of.

    Returns
    -------
    Remedies, in the order of the text.

    Raises
    ------
    SchemeError : not TOML, an unknown key, or an effect on a criterion that does not exist; names ``source`` and key.
    """
    known = {criterion.id for criterion in LAND_CRITERIA}
    return remedy_sets.parse_remedies(Remedies, text, source=source, criteria=known, computed=("repair", "drain"))


def facts_of(values: Mapping[str, Measured], around: Surroundings) -> frozenset[str]:
    """Return the facts about one plot that remedies ask for; what is not known is no fact.

    Parameters
    ----------
    values : criterion id -> Measured of one plot.
    around : what is known around it.

    Returns
    -------
    Names of the facts that are known and true.
    """
    slope = values["slope_pct"]
    terraced = slope.table is not None and slope.table[0] == 1
    season_m = float(around.groundwater.least[0])
    wetness = float(GROUNDWATER_DEPTH(around.groundwater.least[:1])[0])
    binds = wetness < BINDS_BELOW and wetness <= float(AVAILABLE_WATER(around.available_water_mm_m[:1])[0])
    deep = season_m - LEACHING_RISE_M >= LEAST_WATER_M  # from 4 m down, beyond the 3 m asked for anyway
    sodic = bool(around.esp_pct[0] >= SODIC_ESP_PCT) and bool(around.gypsum_pct[0] < LITTLE_GYPSUM_PCT)
    facts = {
        "earth_canal": bool(around.earth_canal[0]),
        "not_terraced": not terraced and slope.not_assessed is None,
        "gentle": bool(gentle(slope.value)[0]),
        "groundwater_binds": binds,
        "outlet_known": bool(around.outlet_ha[0] > 0.0),
        "leachable": deep or (bool(around.drain_near[0]) and season_m >= LEAST_WATER_M),
        "sodic": sodic,
        "not_sodic": not sodic,
        "debris_flow": bool(around.by_debris_flow[0]),
    }
    return frozenset(name for name, holds in facts.items() if holds)


def gentle(slope_pct: Floats) -> Flags:
    """Return which plots can be levelled.

    Parameters
    ----------
    slope_pct : float64 (n,), per cent.

    Returns
    -------
    bool (n,), False where the slope is unknown.
    """
    return np.asarray(slope_pct <= GENTLE_PCT)


def applicable(
    values: Mapping[str, Measured],
    facts: frozenset[str],
    remedies: tuple[Remedy, ...],
    computed: Mapping[str, Change],
) -> list[Remedy]:
    """Return the remedies that can change a known value of one plot.

    Parameters
    ----------
    values : criterion id -> Measured of one plot.
    facts : of ``facts_of``.
    remedies : to choose from.
    computed : kind -> effect, of ``computed_changes``.

    Returns
    -------
    Remedies, cheapest on a hectare first, at most ``geo.panel.remedy_sets.MOST_REMEDIES``.
    """
    return remedy_sets.applicable(values, facts, remedies, computed)


def computed_changes(around: Surroundings) -> dict[str, Change]:
    """Return the effects of remedies that follow from what is known around one plot.

    Parameters
    ----------
    around : what is known around it.

    Returns
    -------
    Kind of effect -> change of the values.
    """
    return {"repair": repair, "drain": _drain(around)}


def cheapest_lift(
    values: Mapping[str, Measured], scheme: Scheme, *, area_ha: float, around: Surroundings, best: Suitability
) -> Lift | None:
    """Return the cheapest set of remedies that lifts one plot by at least a class, to S3 or better.

    Parameters
    ----------
    values : criterion id -> Measured of one plot.
    scheme : how to judge.
    area_ha : area of the plot, ha.
    around : what is known around it.
    best : suitability of the plot now. Land that is shut (mines, water) has no remedy; the caller does not ask.

    Returns
    -------
    Lift, or None where no set lifts it, the plot is S1 or not evaluated.
    """
    now = int(best.classes[0])
    computed = computed_changes(around)
    options = [
        _for_outlet(remedy, float(around.outlet_ha[0]))
        for remedy in applicable(values, facts_of(values, around), catalogue().remedy, computed)
    ]
    if not options or now in (0, NE):
        return None
    chosen = remedy_sets.every_set(len(options))
    rated = rated_with(values, scheme, options, chosen, computed)
    merit = np.nan_to_num(rated.score, nan=-1.0)
    winner = remedy_sets.cheapest(options, chosen, (rated.classes < now) & (rated.classes <= S3), merit, area_ha)
    if winner is None:
        return None
    return Lift(
        remedies=tuple(remedy for remedy, taken in zip(options, chosen[winner], strict=True) if taken),
        cost_usd=float(remedy_sets.costs_usd(options, chosen[winner : winner + 1], area_ha)[0]),
        score=float(shown_score(rated.score[winner : winner + 1])[0]),
        suitability_class=CLASSES[int(rated.classes[winner])],
    )


def _for_outlet(remedy: Remedy, outlet_ha: float) -> Remedy:
    """Price a work of many plots for the whole outlet area, whatever the plot measures."""
    if not remedy.shared:
        return remedy
    return remedy.model_copy(update={"cost_fixed": remedy.cost_usd(outlet_ha), "cost_per_ha": 0.0})


def rated_with(
    values: Mapping[str, Measured],
    scheme: Scheme,
    remedies: list[Remedy],
    chosen: Applied,
    computed: Mapping[str, Change],
) -> Suitability:
    """Rate one plot under sets of remedies.

    Parameters
    ----------
    values : criterion id -> Measured of one plot.
    scheme : how to judge.
    remedies : that may be taken.
    chosen : bool (m, len(remedies)), remedies of each set.
    computed : kind -> effect, of ``computed_changes``.

    Returns
    -------
    Suitability under each of the m sets.
    """
    changed = remedy_sets.changed(values, remedies, chosen, computed)
    return evaluate(changed, nothing_excluded(len(chosen)), scheme)


def cheapest_measurement(values: Mapping[str, Measured], scheme: Scheme, best: Suitability) -> Measurement | None:
    """Return the cheapest measurement of an unknown value that narrows the class, whatever it finds.

    Parameters
    ----------
    values : criterion id -> Measured of one plot.
    scheme : how to judge.
    best : suitability of the plot now.

    Returns
    -------
    Measurement, or None where none narrows the class.

    Notes
    -----
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
        found = _rated_at_ends(values, scheme, criterion)
        width = found.class_low.astype(int) - found.class_high.astype(int)
        if (width < low - high).all():
            return _measurement(criterion, measuring, found, first=False)
    return None


def measured_first(values: Mapping[str, Measured], scheme: Scheme, best: Suitability) -> Measurement | None:
    """Return what to measure before anything is built: the value that limits a plot, uncertain rather than bad.

    That is a head taken from a height model, and a value of which a part is not known that may be in its S1 range.

    Parameters
    ----------
    values : criterion id -> Measured of one plot.
    scheme : how to judge.
    best : suitability of the plot now.

    Returns
    -------
    Measurement, or None where nothing limits, or what limits is known.
    """
    k = int(best.limiting[0])
    if k == NOTHING or best.shut[0]:
        return None
    criterion, sigma = LAND_CRITERIA[k], values[LAND_CRITERIA[k].id].sigma
    measuring = criterion.measuring
    modelled = sigma is not None and bool(sigma[0] > 0.0)
    low, high = float(best.rated.memberships[k, 0]), float(best.rated.highest[k, 0])
    if measuring is None or not (modelled or low < CLASS_LIMITS[0] <= high):
        return None
    return _measurement(criterion, measuring, _rated_at_ends(values, scheme, criterion), first=True)


def _rated_at_ends(values: Mapping[str, Measured], scheme: Scheme, criterion: Criterion) -> Suitability:
    """Rate one plot with a criterion surveyed at membership 0 and at 1."""
    tables = scheme.memberships(criterion)
    outermost = np.array([_value_at(tables[0], level) for level in (0.0, 1.0)])
    tried = {name: remedy_sets.repeated(measured, 2) for name, measured in values.items()}
    tried[criterion.id] = replace(
        tried[criterion.id],
        value=outermost,
        sigma=None,
        evidence=np.zeros(2, dtype=np.int8),
        table=None,
        worst=None,
        best=None,
    )
    return evaluate(tried, nothing_excluded(2), scheme)


def _measurement(criterion: Criterion, measuring: Measuring, found: Suitability, *, first: bool) -> Measurement:
    worst, best = CLASSES[int(found.class_low.max())], CLASSES[int(found.class_high.min())]
    return Measurement(criterion.id, measuring.how, measuring.usd, worst, best, first)


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

    Parameters
    ----------
    values : criterion id -> Measured of one plot under m sets of remedies; changed in place.
    taken : bool (m,), sets with the repair.
    """
    condition = values["canal_condition"]
    share = condition.beside.get(SHARE_OF_CANAL, np.full(len(condition.value), np.nan))
    gain = reach_gain(condition.value, share)
    water = values["water_adequacy"]
    values["canal_condition"] = replace(condition, value=np.where(taken, float(GOOD), condition.value))
    if water.not_assessed is None:
        values["water_adequacy"] = water.with_parts(lambda part: np.where(taken, part * gain, part))


def _drain(around: Surroundings) -> Change:
    """Lower the groundwater; the rating of soil water is made again from its two quantities."""
    held, water = AVAILABLE_WATER(around.available_water_mm_m[:1]), around.groundwater

    def drained(part: Floats, depth_m: Floats, taken: Applied) -> Floats:
        after = np.minimum(held, GROUNDWATER_DEPTH(depth_m[:1] + DRAINAGE_M))  # NaN where one of them is not known
        return np.where(taken & (after > part), after, part)

    def change(values: dict[str, Measured], taken: Applied) -> None:
        before = values["soil_water"]
        values["soil_water"] = replace(
            before,
            value=drained(before.value, water.value, taken),
            worst=None if before.worst is None else drained(before.worst, water.least, taken),
            best=None if before.best is None else drained(before.best, water.most, taken),
        )

    return change
