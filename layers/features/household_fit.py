"""Household fit as it is served: beside the results of plots, for staff only, for a profile that was computed.

No surface below staff knows these properties, so that nobody else can filter or sort by them; tiles never carry them.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, and_, func, select

from layers.catalogue.base import STAFF, Audience
from layers.errors import NotAllowed, NotFound
from layers.features.features import Features, plain_property
from layers.features.plots import NO_RUN, PLOTS, meaning_of_empty
from layers.records.outcomes import FIT_OUTCOMES
from layers.records.runs import FitProfile, household_fit

FIT = household_fit.c
PROFILE_TITLE = "Household profile"


def require_staff(audience: Audience) -> None:
    """Refuse anybody but staff.

    Raises
    ------
    NotAllowed : the audience is below staff.
    """
    if audience < STAFF:
        raise NotAllowed("How plots fit a kind of household is for staff only; ask with a staff key of the district.")


def title_of_fit(connection: Connection, run_id: int | None, profile: str) -> str:
    """Return the title of a profile that was fitted to a run; the connection reads as staff.

    Raises
    ------
    NotFound : no fit of that profile was computed for the run; names those there are.
    """
    kept = select(FitProfile.profile, FitProfile.title).where(FitProfile.run_id == run_id).order_by(FitProfile.profile)
    known = {row[0]: row[1] for row in connection.execute(kept)}
    if profile not in known:
        there_are = f"there are: {', '.join(known)}" if known else "none was computed for the result served here"
        raise NotFound(f"There is no fit of the household profile {profile!r}; {there_are}.")
    return str(known[profile])


def lights_of_run(connection: Connection, run_id: int) -> dict[str, dict[str, int]]:
    """Return household profile -> light -> plots of a run; the connection reads as staff."""
    found: dict[str, dict[str, int]] = {}
    kinds = (FIT.profile, FIT.light)
    counted = select(*kinds, func.count()).where(FIT.run_id == run_id).group_by(*kinds).order_by(*kinds)
    for profile, light, plots in connection.execute(counted):
        found.setdefault(profile, {})[light] = int(plots)
    return found


def fitted_plots(features: Features, run_id: int, profile: str) -> Features:
    """Return plots with the fit of a profile beside their results; a plot the run did not score has none.

    The right class on record is a property of the plot already and keeps its name and place.
    """
    fit = [replace(plain_property(FIT.profile, PROFILE_TITLE, "", STAFF), empty=NO_RUN)]
    fit += [
        replace(plain_property(FIT[shown.name], shown.title, shown.unit, STAFF), empty=meaning_of_empty(shown))
        for shown in FIT_OUTCOMES
    ]
    same = and_(FIT.plot_no == PLOTS.plot_no, FIT.run_id == run_id, FIT.profile == profile)
    return replace(
        features,
        properties={**features.properties, **{p.name: p for p in fit if p.name not in features.properties}},
        source=features.source.outerjoin(household_fit, same),
    )
