"""Why a household fit has its light: both groups with values and memberships, what limits, the area she can run alone.

Everything is computed from the fit that was kept. Sentences are message ids in plain English with named places, ready
for gettext, as those of ``geo.suitability.explanation`` are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from geo.contract.criterion import Measured
from geo.contract.memberships import ByClass, Knots
from geo.crops.catalogue import crops
from geo.household.labour import MONTH_NAMES, area_alone_ha, crop_labour, demand_days_ha, peak_month
from geo.household.profile import Profile
from geo.household_criteria import CARE_WALK, FIT_BY_ID, FIT_CRITERIA, FIT_GROUPS, WALK, own_walk
from geo.household_fit.rating import LIGHTS, ROUNDING, SUPPORT_NEEDED, FitRating, rate_fit
from geo.household_fit.remedies import FitLift, Papers, cheapest_fit_lift, computed_changes, facts_of
from geo.panel.scheme import Scheme
from geo.suitability.crop_choice import RankedCrop

FIT_GROUP_TITLES = {"labour": "Labour", "tenure": "Land rights"}
OF_LIGHT = {
    "green": "The plot fits this kind of household as it is.",
    "amber": "The plot fits this kind of household with some support.",
    "red": "This kind of household needs support before it takes on the plot.",
    "unknown": "Too little is known to say whether the plot fits; ask for: {criteria}.",
}
FIT_UNKNOWN = "Not known of the fit: {criteria}."
RED_BECAUSE = "Support is needed first: {reason}."
ALONE = "{area} ha of {crop} can be run alone; the peak of the work is in {month}."
COSTS_ARE_DEFAULTS = "Costs and effects are defaults to calibrate."

MESSAGES = (
    *(*FIT_GROUP_TITLES.values(), *(criterion.poor for criterion in FIT_CRITERIA), *OF_LIGHT.values()),
    *(FIT_UNKNOWN, RED_BECAUSE, ALONE, COSTS_ARE_DEFAULTS, SUPPORT_NEEDED, CARE_WALK.text),
)

Said = dict[str, Any]


def explain_fit(
    row: Mapping[str, Any],
    scheme: Scheme,
    profile: Profile,
    *,
    walk_minutes: float | None,
    papers: Papers,
    crop: str,
    zone: str,
    area_ha: float,
    not_assessed: Mapping[str, str] | None = None,
    ranked: Sequence[RankedCrop] = (),
) -> dict[str, Any]:
    """Return the explanation of one plot's fit, ready for JSON.

    Parameters
    ----------
    row : the kept fit: a value per fit criterion (None unknown), light, actions.
    scheme : weights within labour and tenure.
    profile : the kind of household.
    walk_minutes : from home one way, as the land was measured; None unknown.
    papers : what staff recorded.
    crop : reference crop id.
    zone : crop calendar, lowland or mountain.
    area_ha : area of the plot, ha.
    not_assessed : criterion id -> why it could not be measured where the plot lies.
    ranked : the best crops here, with what their work asks of the household.

    Returns
    -------
    dict : ``light``, ``says``, ``groups`` with their criteria, ``limiting``, ``unknown``, ``alone`` (area and peak
    month of the reference crop), ``crops``, ``remedies`` (the cheapest set that lifts the light by one step, None if
    there is none), ``actions``, ``profile`` and ``note``.
    """
    values = kept_values(row, walk_minutes, profile)
    rating = rate_fit(values, scheme, profile)
    work = crop_labour().get((crop, zone))
    computed = computed_changes(profile, papers, work)
    lift = cheapest_fit_lift(
        values, scheme, profile, area_ha=area_ha, facts=facts_of(values, profile, papers), computed=computed
    )
    unknown = [c.id for c, known in zip(FIT_CRITERIA, rating.memberships[:, 0], strict=True) if np.isnan(known)]
    limiting = limiting_criterion(rating, scheme)
    alone = alone_with(profile, crop, zone)
    return {
        "profile": {
            "name": profile.name,
            "title": profile.title,
            "version": profile.version,
            "panel": profile.panel,
            "date": profile.date.isoformat(),
        },
        "light": str(rating.light[0]),
        "light_at_worst": LIGHTS[int(rating.worst_light[0])],
        "light_at_best": LIGHTS[int(rating.best_light[0])],
        "fit_low": round(float(rating.fit_low[0]), 4),
        "fit_high": round(float(rating.fit_high[0]), 4),
        "says": list(_says(values, profile, rating, limiting, unknown, alone)),
        "limiting": None if limiting is None else {"criterion": limiting, "title": FIT_BY_ID[limiting].title},
        "groups": [_group(group, values, rating, scheme, not_assessed or {}) for group in FIT_GROUPS],
        "unknown": unknown,
        "alone": alone,
        "crops": [_crop(one, alone_with(profile, one.crop, zone), area_ha) for one in ranked],
        "remedies": None if lift is None else _remedies(lift),
        "actions": list(row["actions"]),
        "note": SUPPORT_NEEDED,
    }


def kept_values(row: Mapping[str, Any], walk_minutes: float | None, profile: Profile) -> dict[str, Measured]:
    """Return the values of a kept fit as they were measured, with the walk at the household's own pace.

    Parameters
    ----------
    row : the kept fit; None unknown.
    walk_minutes : from home one way, as the land was measured; None unknown.
    profile : the kind of household.

    Returns
    -------
    Criterion id, and the walk -> Measured of one plot.
    """
    values = {criterion.id: Measured(_one(row[criterion.id])) for criterion in FIT_CRITERIA}
    values[WALK] = own_walk(_one(walk_minutes), profile)
    return values


def limiting_criterion(rating: FitRating, scheme: Scheme) -> str | None:
    """Return the criterion whose full membership would raise the combined fit most.

    Where raising one criterion cannot raise it, the other group being as low, the one its group lacks most of.

    Parameters
    ----------
    rating : of one plot.
    scheme : weights within labour and tenure.

    Returns
    -------
    Id of the criterion, None if nothing is lacking.
    """
    low = {group: float(rating.low[group][0]) for group in FIT_GROUPS}
    best, most = None, (ROUNDING, ROUNDING)
    for criterion, membership in zip(FIT_CRITERIA, rating.memberships[:, 0], strict=True):
        weight = scheme.fit_groups[criterion.group].weights.get(criterion.id, 0.0)
        lack = weight * (1.0 - np.nan_to_num(membership))
        raised = min({**low, criterion.group: low[criterion.group] + lack}.values()) - min(low.values())
        in_worst = lack if low[criterion.group] <= min(low.values()) + ROUNDING else 0.0
        if (raised, in_worst) > most and in_worst > ROUNDING:
            best, most = criterion.id, (raised, in_worst)
    return best


def alone_with(profile: Profile, crop: str, zone: str) -> dict[str, Any] | None:
    """Return how much of a crop the household can run alone, and the month that decides it.

    Parameters
    ----------
    profile : the kind of household.
    crop : crop id.
    zone : crop calendar, lowland or mountain.

    Returns
    -------
    dict : area, ha, peak month, 1-12, and its person-days; None where nothing is known of the crop's labour there.
    """
    work = crop_labour().get((crop, zone))
    if work is None:
        return None
    demand_ha, supply = demand_days_ha(work, tractor=profile.tractor), profile.supply_days
    peak, area_ha = peak_month(supply, demand_ha), area_alone_ha(supply, demand_ha)
    shown = f"{np.floor(area_ha * 100) / 100:.2f}"  # rounded down: an area that is promised can be run
    return {
        "crop": crop,
        "area_ha": round(area_ha, 4),
        "peak_month": peak,
        "demand_days_ha": round(float(demand_ha[peak - 1]), 2),
        "supply_days": round(float(supply[peak - 1]), 2),
        "says": _say(ALONE, area=shown, crop=crops()[crop].title, month=MONTH_NAMES[peak - 1]),
    }


def _says(
    values: Mapping[str, Measured],
    profile: Profile,
    rating: FitRating,
    limiting: str | None,
    unknown: Sequence[str],
    alone: Mapping[str, Any] | None,
) -> Iterator[Said]:
    light = str(rating.light[0])
    titles = [FIT_BY_ID[name].title for name in unknown]
    yield _say(OF_LIGHT[light], **({"criteria": titles} if light == "unknown" else {}))
    for criterion in FIT_CRITERIA:
        for limit in criterion.limits:
            if limit.reached(values[criterion.id])[0]:
                yield _say(RED_BECAUSE, reason=limit.text)
    if profile.care_duties and CARE_WALK.reached(values[WALK])[0]:
        yield _say(RED_BECAUSE, reason=CARE_WALK.text)
    if light != "green" and limiting is not None and limiting not in unknown:
        yield _say(FIT_BY_ID[limiting].poor)
    if alone is not None:
        yield alone["says"]
    if titles and light != "unknown":
        yield _say(FIT_UNKNOWN, criteria=titles)


def _group(
    group: str, values: Mapping[str, Measured], rating: FitRating, scheme: Scheme, not_assessed: Mapping[str, str]
) -> dict[str, Any]:
    rows = []
    for criterion, memberships in zip(FIT_CRITERIA, rating.memberships, strict=True):
        if criterion.group != group:
            continue
        value, table = float(values[criterion.id].value[0]), criterion.memberships[0]
        known = not np.isnan(value)
        rows.append(
            {
                "id": criterion.id,
                "code": criterion.code,
                "title": criterion.title,
                "unit": criterion.unit,
                "value": value if known else None,
                "level": criterion.levels[round(value)] if criterion.levels and known else None,
                "membership": round(float(memberships[0]), 4) if known else None,
                "weight": round(scheme.fit_groups[group].weights.get(criterion.id, 0.0), 4),
                "why_unknown": not_assessed.get(criterion.id),
                "knots": list(table.values) if isinstance(table, Knots) else _levels(table),
                "basis": criterion.basis,
            }
        )
    return {
        "group": group,
        "title": FIT_GROUP_TITLES[group],
        "low": round(float(rating.low[group][0]), 4),
        "high": round(float(rating.high[group][0]), 4),
        "criteria": rows,
    }


def _levels(table: object) -> list[float]:
    return [table.table[code] for code in sorted(table.table)] if isinstance(table, ByClass) else []


def _crop(ranked: RankedCrop, alone: Mapping[str, Any] | None, area_ha: float) -> dict[str, Any]:
    return {
        **ranked.as_dict(),
        "labour": alone,
        "whole_plot_alone": None if alone is None else bool(alone["area_ha"] >= area_ha),
    }


def _remedies(lift: FitLift) -> dict[str, Any]:
    return {
        "set": [{"id": remedy.id, "title": remedy.title, "who": remedy.who} for remedy in lift.remedies],
        "cost_usd": round(lift.cost_usd, 2),
        "light": lift.light,
        "fit": round(lift.fit, 4),
        "note": COSTS_ARE_DEFAULTS,
    }


def _say(text: str, **args: Any) -> Said:
    return {"text": text, "args": args}


def _one(value: float | None) -> Any:
    return np.array([np.nan if value is None else float(value)])
