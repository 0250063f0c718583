"""Household fit: labour and tenure of a kind of household on a plot, beside land suitability and never mixed into it.

A low fit means *support needed*. It never lowers a woman's rank for assistance, and no result of this module is a
column of a plot that anybody but staff can see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.contract.columns import numbers, texts
from geo.contract.criterion import Flags, Measured
from geo.household.labour import area_alone_ha, demand_days_ha, labour_of
from geo.household.profile import Profile
from geo.household.tenure import OF_OTHERS, RIGHT_CLASSES
from geo.household_criteria import (
    CARE_WALK,
    DOCUMENT_STEPS,
    FIT_CRITERIA,
    FIT_GROUPS,
    HEAVY_TURNS,
    LABOUR_BALANCE,
    RIGHT_CLASS,
    WALK,
    HouseholdBlock,
    own_walk,
)
from geo.panel.scheme import Scheme

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

LIGHTS = ("green", "amber", "red")
GREEN, AMBER, RED = range(3)
UNKNOWN_LIGHT = "unknown"
GREEN_FROM = 0.50  # membership from which a fit needs no support first, default to calibrate
AMBER_FROM = 0.25  # membership below which a fit is red, default to calibrate
ROUNDING = 1e-12  # membership; weights sum to 1 only within rounding
EASY_TURNS_PCT = 30.0  # %, share of heavy turns from which day turns are asked for: membership 0.5

SUPPORT_NEEDED = "A low fit means that support is needed; it never lowers anybody's rank for it."
OWN_STEP = "Get birth certificates and copies of papers: that can be done alone"
DISPUTE_STEP = "Ask legal aid about the open dispute"
DOCUMENT_STEP = "Complete the missing documents"
LABOUR_STEP = "Pool labour, take a smaller part, or another crop"
TRACTOR_STEP = "Hire a tractor"
TURNS_STEP = "Ask the water users' association for day turns"
WALK_STEP = "Look for land nearer home"
STEPS = (
    *(OWN_STEP, DISPUTE_STEP, *(right.step for right in RIGHT_CLASSES), DOCUMENT_STEP),
    *(LABOUR_STEP, TRACTOR_STEP, TURNS_STEP, WALK_STEP),
)


@dataclass(frozen=True, slots=True)
class FitRating:
    """Fit of one profile on n plots, from measured values.

    memberships : float64 (4, n), in the order of ``FIT_CRITERIA``, NaN unknown. low, high : group -> membership 0-1,
    float64 (n,), an unknown part taken as 0 and as 1. red : a limit makes the light red whatever else fits.
    """

    memberships: Floats
    low: Mapping[str, Floats]
    high: Mapping[str, Floats]
    red: Flags

    @property
    def fit_low(self) -> Floats:
        """Combined fit, the lesser of labour and tenure, with unknown parts taken as 0."""
        return np.asarray(np.min([self.low[group] for group in FIT_GROUPS], axis=0))

    @property
    def fit_high(self) -> Floats:
        """Combined fit with unknown parts taken as 1."""
        return np.asarray(np.min([self.high[group] for group in FIT_GROUPS], axis=0))

    @property
    def worst_light(self) -> Codes:
        """Light the unknown parts allow at worst, index into ``LIGHTS``."""
        return _light(self.fit_low, self.red)

    @property
    def best_light(self) -> Codes:
        """Light the unknown parts allow at best, index into ``LIGHTS``."""
        return _light(self.fit_high, self.red)

    @property
    def light(self) -> NDArray[np.object_]:
        """Light that holds for every value the unknown parts may have: green, amber, red; otherwise unknown."""
        worst = self.worst_light
        certain = worst == self.best_light
        return np.array([*LIGHTS, UNKNOWN_LIGHT], dtype=object)[np.where(certain, worst, len(LIGHTS))]


@dataclass(frozen=True, slots=True)
class Fit:
    """All that is found out about n plots for one profile.

    values : criterion id -> Measured, and the walk at the household's own pace. area_alone_ha : hectares of the
    reference crop the household can run alone, float64 (n,), NaN unknown. actions : steps that would help, message
    ids, the most pressing first, as lists (n,).
    """

    values: Mapping[str, Measured]
    rating: FitRating
    area_alone_ha: Floats
    actions: NDArray[np.object_]

    def to_frame(self) -> pd.DataFrame:
        """Return the fit as a table in the columns it is kept in.

        Returns
        -------
        DataFrame of n rows; numbers float32, NaN unknown.
        """
        return pd.DataFrame(
            {
                **{criterion.id: self.values[criterion.id].value.astype(np.float32) for criterion in FIT_CRITERIA},
                **{f"{group}_low": self.rating.low[group].astype(np.float32) for group in FIT_GROUPS},
                **{f"{group}_high": self.rating.high[group].astype(np.float32) for group in FIT_GROUPS},
                "light": self.rating.light,
                "area_alone_ha": self.area_alone_ha.astype(np.float32),
                "actions": self.actions,
            }
        )


def assess_fit(block: HouseholdBlock, scheme: Scheme) -> Fit:
    """Return the fit of a profile on each plot of a block; nothing here reads or changes a suitability.

    Parameters
    ----------
    block : n plots judged for a household.
    scheme : weights within labour and tenure.

    Returns
    -------
    Fit of the n plots.

    Raises
    ------
    TableError : a right class that is not O1-O12.
    """
    values = {criterion.id: criterion.measured(block) for criterion in FIT_CRITERIA}
    values[WALK] = own_walk(block.walk_minutes, block.profile)
    rating = rate_fit(values, scheme, block.profile)
    return Fit(values, rating, _areas_alone(block), _actions(block, values))


def rate_fit(values: Mapping[str, Measured], scheme: Scheme, profile: Profile) -> FitRating:
    """Return the fit of n plots from measured values.

    Parameters
    ----------
    values : id of every fit criterion, and the walk at the household's pace -> Measured of n plots.
    scheme : weights within labour and tenure.
    profile : the kind of household.

    Returns
    -------
    FitRating of the n plots.

    Notes
    -----
    Each group is the weighted mean of its criteria; the combined fit is the lesser of the two, min(F, L).
    """
    memberships = np.array([criterion.memberships[0](values[criterion.id].value) for criterion in FIT_CRITERIA])
    red = np.zeros(memberships.shape[1], dtype=bool)
    for criterion in FIT_CRITERIA:
        for limit in criterion.limits:
            red |= limit.reached(values[criterion.id])
    if profile.care_duties:
        red |= CARE_WALK.reached(values[WALK])
    low, high = {}, {}
    for group in FIT_GROUPS:
        weights = scheme.fit_groups[group].weights
        share = np.array([[weights.get(criterion.id, 0.0)] for criterion in FIT_CRITERIA])
        low[group] = (share * np.nan_to_num(memberships, nan=0.0)).sum(axis=0)
        high[group] = (share * np.nan_to_num(memberships, nan=1.0)).sum(axis=0)
    return FitRating(memberships, low, high, red)


def _light(fit: Floats, red: Flags) -> Codes:
    by_fit = (fit < GREEN_FROM - ROUNDING).astype(np.int8) + (fit < AMBER_FROM - ROUNDING)
    return np.where(red, RED, by_fit).astype(np.int8)


def _areas_alone(block: HouseholdBlock) -> Floats:
    """Hectares of the reference crop the household can run alone on each plot; NaN without a row of labour."""
    found = np.full(len(block), np.nan)
    for here, work in labour_of(block.judgement.crop, texts(block.plots, "district")):
        if work is not None:
            demand_ha = demand_days_ha(work, tractor=block.profile.tractor)
            found[here] = area_alone_ha(block.profile.supply_days, demand_ha)
    return found


def _actions(block: HouseholdBlock, values: Mapping[str, Measured]) -> NDArray[np.object_]:
    """Steps that would help, as lists of message ids, the most pressing first."""
    profile = block.profile
    balance, heavy = values[LABOUR_BALANCE.id].value, values[HEAVY_TURNS.id].value
    right, steps = values[RIGHT_CLASS.id].value, values[DOCUMENT_STEPS.id].value
    disputes = numbers(block.plots, "disputes")
    insecure = RIGHT_CLASS.memberships[0](right) < 1.0
    asked: list[tuple[str, Flags]] = [
        (OWN_STEP, np.isin(right, [known.number for known in OF_OTHERS])),
        (DISPUTE_STEP, disputes > 0.0),
        *((known.step, insecure & (right == known.number)) for known in RIGHT_CLASSES),
        (DOCUMENT_STEP, steps - disputes > 0.0),
        (LABOUR_STEP, balance < 1.0),
        (TRACTOR_STEP, (balance < 1.0) & (not profile.tractor)),
        (TURNS_STEP, heavy > EASY_TURNS_PCT),
        (WALK_STEP, CARE_WALK.reached(values[WALK]) & profile.care_duties),
    ]
    pattern = sum(where.astype(np.int64) << k for k, (_, where) in enumerate(asked))
    patterns, which = np.unique(pattern, return_inverse=True)
    lists = np.empty(len(patterns), dtype=object)
    lists[:] = [[step for k, (step, _) in enumerate(asked) if bits >> k & 1] for bits in patterns.tolist()]
    return lists[which.reshape(-1)]
