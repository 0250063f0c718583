"""Household fit: labour and tenure of a kind of household on a plot, beside land suitability and never mixed into it.

A low fit means *support needed*. It never lowers a woman's rank for assistance, and no result of this module is a
column of a plot that anybody but staff can see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.labour import ZONES, area_alone_ha, crop_labour, demand_days_ha, labour_balance
from geo.memberships import ByClass, Knots
from geo.profile import Profile
from geo.tenure import BY_CODE, right_membership

Floats = NDArray[np.float64]

LABOUR_BALANCE = Knots(1.2, 1.0, 0.8, 0.6, 0.4)  # F1, ratio, default to calibrate; domain reference 4
HEAVY_TURNS = Knots(0.0, 10.0, 30.0, 60.0, 90.0)  # F2, % of turns, default to calibrate; domain reference 4
DOCUMENT_STEPS = ByClass({0: 1.0, 1: 0.75, 2: 0.5, 3: 0.25, 4: 0.0})  # L2, count, default to calibrate
F_WEIGHTS = (0.667, 0.333)  # F1, F2, AHP within the group; domain reference 4.2
L_WEIGHTS = (0.667, 0.333)  # L1, L2, AHP within the group; domain reference 4.2
GREEN_FROM = 0.50  # membership from which a fit needs no support first, default to calibrate
AMBER_FROM = 0.25  # membership below which a fit is red, default to calibrate
CARE_WALK_LIMIT_MIN = 120.0  # min one way with care duties, then red; domain reference 4, A1
MOUNTAIN_PREFIX = "TJ.RR."  # districts whose crop calendar is the mountain one, default to calibrate


@dataclass(frozen=True, slots=True)
class Tenure:
    """Staff answers on papers, per plot: right class (None unknown), documents missing, open disputes (NaN unknown)."""

    right_class: NDArray[np.object_]
    missing_documents: Floats
    disputes: Floats


@dataclass(frozen=True, slots=True)
class Fit:
    """Fit of one profile on n plots.

    labour_balance : F1, supply over demand in the worst month [-]. heavy_turns : F2 [%]. document_steps : L2 [count].
    labour_low/high, tenure_low/high : memberships 0-1, apart where something is unknown. area_alone_ha : hectares of
    the crop the profile can run alone. light : green, amber, red or unknown. actions : message ids per plot, the
    most pressing first, joined by semicolons.
    """

    labour_balance: Floats
    heavy_turns: Floats
    document_steps: Floats
    labour_low: Floats
    labour_high: Floats
    tenure_low: Floats
    tenure_high: Floats
    area_alone_ha: Floats
    light: NDArray[np.str_]
    actions: NDArray[np.object_]


def zone_of(districts: NDArray[np.object_]) -> NDArray[np.str_]:
    """Crop calendar that holds in each district: ``mountain`` or ``lowland``."""
    names = np.asarray(districts, dtype=str)
    return np.where(np.char.startswith(names, MOUNTAIN_PREFIX), ZONES[1], ZONES[0])


def assess_fit(
    profile: Profile,
    *,
    area_ha: Floats,
    districts: NDArray[np.object_],
    crop: NDArray[np.str_],
    walk_minutes: Floats,
    heavy_turns_pct: Floats,
    tenure: Tenure,
) -> Fit:
    """Fit of a profile on each of n plots; nothing here reads or changes a suitability.

    A crop without a labour row in its zone leaves the balance unknown. Tenure answers are staff only.

    Raises
    ------
    TableError : a right class that is not O1-O12.
    """
    n = len(area_ha)
    balance, alone = np.full(n, np.nan), np.full(n, np.nan)
    zones = zone_of(districts)
    supply = profile.supply_days
    for name, zone in {(str(c), str(z)) for c, z in zip(crop, zones, strict=True)}:
        work = crop_labour().get((name, zone))
        if work is None:
            continue
        here = (crop == name) & (zones == zone)
        demand = demand_days_ha(work, tractor=profile.tractor)
        balance[here] = labour_balance(supply, demand, area_ha[here])
        alone[here] = area_alone_ha(supply, demand)

    steps = tenure.missing_documents + tenure.disputes
    labour = _bounds((LABOUR_BALANCE(balance), HEAVY_TURNS(heavy_turns_pct)), F_WEIGHTS)
    papers = _bounds((right_membership(tenure.right_class), DOCUMENT_STEPS(np.minimum(steps, 4.0))), L_WEIGHTS)
    red = tenure.right_class == "O12"
    if profile.care_duties:
        red = red | (walk_minutes > CARE_WALK_LIMIT_MIN)
    return Fit(
        labour_balance=balance,
        heavy_turns=heavy_turns_pct,
        document_steps=steps,
        labour_low=labour[0],
        labour_high=labour[1],
        tenure_low=papers[0],
        tenure_high=papers[1],
        area_alone_ha=alone,
        light=_light(np.minimum(labour[0], papers[0]), np.minimum(labour[1], papers[1]), red),
        actions=_actions(profile, balance, heavy_turns_pct, walk_minutes, tenure, steps),
    )


def _bounds(parts: tuple[Floats, ...], weights: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Lowest and highest weighted mean, an unknown part taken as 0 and as 1."""
    total = sum(weights)
    low = sum(w * np.nan_to_num(part, nan=0.0) for part, w in zip(parts, weights, strict=True))
    high = sum(w * np.nan_to_num(part, nan=1.0) for part, w in zip(parts, weights, strict=True))
    return np.asarray(low / total), np.asarray(high / total)


def _light(low: Floats, high: Floats, red: NDArray[np.bool_]) -> NDArray[np.str_]:
    """Traffic light that holds for every value between ``low`` and ``high``; otherwise unknown."""

    def of(value: Floats) -> NDArray[np.str_]:
        return np.where(value >= GREEN_FROM, "green", np.where(value >= AMBER_FROM, "amber", "red"))

    at_low, at_high = of(low), of(high)
    return np.where(red, "red", np.where(at_low == at_high, at_low, "unknown"))


def _actions(
    profile: Profile,
    balance: Floats,
    heavy_turns_pct: Floats,
    walk_minutes: Floats,
    tenure: Tenure,
    steps: Floats,
) -> NDArray[np.object_]:
    """Steps that would help, as message ids joined by semicolons, the most pressing first."""
    right = tenure.right_class
    asked = np.array([BY_CODE[code].step if code in BY_CODE else "" for code in right], dtype=object)
    parts: list[NDArray[np.object_]] = [
        np.where(tenure.disputes > 0, "Ask legal aid about the open dispute", "").astype(object),
        np.where(right_membership(right) < 1.0, asked, "").astype(object),
        np.where(steps - tenure.disputes > 0, "Complete the missing documents", "").astype(object),
        np.where(balance < 1.0, "Pool labour, take a smaller part, or another crop", "").astype(object),
        np.where((balance < 1.0) & (not profile.tractor), "Hire a tractor", "").astype(object),
        np.where(heavy_turns_pct > 30.0, "Ask the water users' association for day turns", "").astype(object),
        np.where(profile.care_duties & (walk_minutes > CARE_WALK_LIMIT_MIN), "Look for land nearer home", "").astype(
            object
        ),
    ]
    joined = parts[0]
    for part in parts[1:]:
        between = np.where((joined != "") & (part != ""), "; ", "")
        joined = joined + between + part
    return joined
