"""What would lift the fit of a household by one light, at the least cost, proved by rating it again.

The catalogue is one of its own: papers, hands, water turns and the way. Nothing in it needs the act of an absent
husband, of in-laws or of a court: asking for that can end in eviction and is left to legal aid. Where there is no
right or a dispute is open nothing but looking after children is proposed: no investment advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources

import numpy as np

from geo.contract.criterion import Measured
from geo.household.labour import CropLabour, supply_days
from geo.household.profile import Profile
from geo.household.tenure import BY_CODE, OF_OTHERS
from geo.household_criteria import DOCUMENT_STEPS, FIT_CRITERIA, LABOUR_BALANCE, RIGHT_CLASS, WALK
from geo.household_fit.rating import GREEN, LIGHTS, FitRating, rate_fit
from geo.panel import remedy_sets
from geo.panel.remedy_sets import Applied, Change, Remedies, Remedy
from geo.panel.scheme import Scheme

COMPUTED = ("documents", "tractor", "child_care")  # effects computed for the household and the plot
SMALL_CHILDREN, NO_SMALL_CHILDREN = "woman_with_children_under_7", "woman"
NO_RIGHT = BY_CODE["O12"].number


@dataclass(frozen=True, slots=True)
class Papers:
    """What staff recorded of one plot: documents missing and open disputes, NaN unknown."""

    missing: float
    disputes: float


@dataclass(frozen=True, slots=True)
class FitLift:
    """The cheapest set of remedies that lifts the light of a fit by one step or more.

    remedies : in the order of the catalogue. cost_usd : of all together. light, fit : light and membership after
    them, unknown parts taken as 0, from a rating with the changed values.
    """

    remedies: tuple[Remedy, ...]
    cost_usd: float
    light: str
    fit: float


@lru_cache
def catalogue() -> Remedies:
    """Return the fit remedies that ship with Obod.

    Returns
    -------
    Remedies of ``household_fit/remedies.toml``, costs in USD.

    Raises
    ------
    SchemeError : an unknown key, or an effect on what is no value of a fit; names file and key.
    """
    return parse_catalogue(
        resources.files("geo").joinpath("household_fit", "remedies.toml").read_text(encoding="utf-8")
    )


def parse_catalogue(text: str, *, source: str = "household_fit/remedies.toml") -> Remedies:
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
    SchemeError : not TOML, an unknown key, or an effect on what is no value of a fit; names ``source`` and the key.
    """
    known = {*(criterion.id for criterion in FIT_CRITERIA), WALK}
    return remedy_sets.parse_remedies(Remedies, text, source=source, criteria=known, computed=COMPUTED)


def facts_of(values: Mapping[str, Measured], profile: Profile, papers: Papers) -> frozenset[str]:
    """Return the facts about a household and one plot that remedies ask for; what is not known is no fact.

    Parameters
    ----------
    values : criterion id, and the walk -> Measured of one plot.
    profile : the kind of household.
    papers : what staff recorded.

    Returns
    -------
    Names of the facts that are known and true. ``settled`` : a right is recorded and no dispute is open; nothing is put
    into land before that. ``own`` : moreover no paper is in the name of a husband, of in-laws or of a head.
    """
    right = values[RIGHT_CLASS.id].value[0]
    holds_right = bool(right < NO_RIGHT)
    facts = {
        "own": holds_right and papers.disputes == 0 and right not in [known.number for known in OF_OTHERS],
        "settled": holds_right and papers.disputes == 0,
        "no_tractor": not profile.tractor,
        "small_children": profile.adults.get(SMALL_CHILDREN, 0) > 0,
        "way_known": bool(np.isfinite(values[WALK].value[0])),
        **{code: right == known.number for code, known in BY_CODE.items()},
    }
    return frozenset(name for name, holds in facts.items() if holds)


def computed_changes(profile: Profile, papers: Papers, work: CropLabour | None) -> dict[str, Change]:
    """Return the effects computed for a household and one plot.

    Parameters
    ----------
    profile : the kind of household.
    papers : what staff recorded.
    work : labour of the reference crop, None unknown.

    Returns
    -------
    Kind of effect -> change of the values.

    Notes
    -----
    A tractor divides demand by 1 / (1 - land preparation), which is how ``geo.household.labour.demand_days_ha`` adds
    it; child care gives each woman with small children the hours of one without.
    """
    hours = profile.free_hours
    adults = dict(profile.adults)
    adults[NO_SMALL_CHILDREN] = adults.get(NO_SMALL_CHILDREN, 0) + adults.pop(SMALL_CHILDREN, 0)
    before, after = (supply_days(counted, hours=hours).sum() for counted in (profile.adults, adults))
    care = float(after / before) if before > 0 else 1.0
    tractor = 1.0 if work is None or profile.tractor else 1.0 / (1.0 - work.land_preparation)
    return {
        "documents": _less(papers.missing),
        "tractor": _times(tractor),
        "child_care": _times(max(care, 1.0)),
    }


def cheapest_fit_lift(
    values: Mapping[str, Measured],
    scheme: Scheme,
    profile: Profile,
    *,
    area_ha: float,
    facts: frozenset[str],
    computed: Mapping[str, Change],
) -> FitLift | None:
    """Return the cheapest set of remedies that lifts the light of one plot's fit.

    Parameters
    ----------
    values : criterion id, and the walk at the household's own pace -> Measured of one plot.
    scheme : weights within labour and tenure.
    profile : the kind of household.
    area_ha : area of the plot, ha.
    facts : of ``facts_of``.
    computed : kind -> effect, of ``computed_changes``.

    Returns
    -------
    FitLift, or None if the light is green or no set lifts it.

    Notes
    -----
    What is unknown stays unknown and is taken as 0: the light after the remedies holds whatever it turns out to be.
    """
    now = int(rate_fit(values, scheme, profile).worst_light[0])
    options = remedy_sets.applicable(values, facts, catalogue().remedy, computed)
    if now == GREEN or not options:
        return None
    chosen = remedy_sets.every_set(len(options))
    rated = fit_with(values, scheme, profile, options, chosen, computed)
    fit = rated.fit_low
    winner = remedy_sets.cheapest(options, chosen, rated.worst_light < now, fit, area_ha)
    if winner is None:
        return None
    taken = {remedy.id for remedy, is_taken in zip(options, chosen[winner], strict=True) if is_taken}
    return FitLift(
        remedies=tuple(remedy for remedy in catalogue().remedy if remedy.id in taken),
        cost_usd=float(remedy_sets.costs_usd(options, chosen[winner : winner + 1], area_ha)[0]),
        light=LIGHTS[int(rated.worst_light[winner])],
        fit=float(fit[winner]),
    )


def fit_with(
    values: Mapping[str, Measured],
    scheme: Scheme,
    profile: Profile,
    remedies: list[Remedy],
    chosen: Applied,
    computed: Mapping[str, Change],
) -> FitRating:
    """Rate the fit of one plot under sets of remedies.

    Parameters
    ----------
    values : criterion id, and the walk -> Measured of one plot.
    scheme : weights within labour and tenure.
    profile : the kind of household.
    remedies : that may be taken.
    chosen : bool (m, len(remedies)), remedies of each set.
    computed : kind -> effect, of ``computed_changes``.

    Returns
    -------
    FitRating under each of the m sets.
    """
    return rate_fit(remedy_sets.changed(values, remedies, chosen, computed), scheme, profile)


def _less(steps: float) -> Change:
    """Take a number of steps off what is still to be done; an unknown number changes nothing."""

    def change(values: dict[str, Measured], taken: Applied) -> None:
        before = values[DOCUMENT_STEPS.id]
        fewer = np.maximum(before.value - np.nan_to_num(steps), 0.0)
        values[DOCUMENT_STEPS.id] = replace(before, value=np.where(taken, fewer, before.value))

    return change


def _times(factor: float) -> Change:
    """Multiply the balance of labour."""

    def change(values: dict[str, Measured], taken: Applied) -> None:
        before = values[LABOUR_BALANCE.id]
        values[LABOUR_BALANCE.id] = replace(before, value=np.where(taken, before.value * factor, before.value))

    return change
