"""Household fit beside a finished run: computed for a profile on the plots the run saw, stored for staff only.

A run stays what it is: nothing here reads a score, and nothing here changes one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
from sqlalchemy import REAL, Connection, and_, delete, insert, select, update

from geo.contract.criterion import Judgement
from geo.household.profile import Profile, parse_profile
from geo.household_criteria import FIT_CRITERIA, WALK, HouseholdBlock
from geo.household_fit.rating import Fit, assess_fit
from geo.panel.scheme import Scheme, parse_scheme
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.frames.around import PLOT_COLUMNS, Around, as_of, district_bounds, read_layer
from layers.postgres.copy_rows import copy_frame
from layers.records.rows_of_run import of_run
from layers.records.runs import FitProfile, Publication, ScoringRun, household_fit, suitability
from layers.runs.code_digest import code_version

STAFF_COLUMNS = ("right_class", "missing_documents", "disputes")  # what tenure is read from

Progress = Callable[[Sequence[str]], Iterable[str]]


@dataclass(frozen=True, slots=True)
class FitReport:
    """What a fit found: plots by light, and the criteria that could not be assessed, why, per district."""

    run_id: int
    profile: str
    plots: int
    lights: dict[str, int]
    not_assessed: dict[str, dict[str, str]]


def fit_run(
    connection: Connection, run_id: int, profile: Profile, *, progress: Progress = lambda names: names
) -> FitReport:
    """Fit one profile to every plot of a finished run; see ``fit_profiles``."""
    return fit_profiles(connection, run_id, [profile], progress=progress)[0]


def fit_profiles(
    connection: Connection, run_id: int, profiles: Sequence[Profile], *, progress: Progress = lambda names: names
) -> list[FitReport]:
    """Fit profiles to every plot of a finished run and store the fits, in the caller's transaction.

    A fit the run already has for a profile of that name is computed anew.

    Raises
    ------
    NotFound : there is no such finished run.
    """
    run = finished_run(connection, run_id)
    scheme = parse_scheme(run["scheme_text"], source=f"run {run_id}", judged=run["criteria"])
    if not profiles:
        return []
    for profile in profiles:
        _begin(connection, run_id, profile)
    lights: dict[str, Counter[str]] = {profile.name: Counter() for profile in profiles}
    not_assessed: dict[str, dict[str, dict[str, str]]] = {profile.name: {} for profile in profiles}
    for district in progress(run["districts"]):
        for name, frame, why in fit_district(connection, run, scheme, profiles, district):
            copy_frame(connection, household_fit, frame)
            lights[name].update(frame["light"])
            not_assessed[name][district] = why
    reports = []
    for name, counted in lights.items():
        plots, same = sum(counted.values()), (FitProfile.run_id == run_id, FitProfile.profile == name)
        connection.execute(update(FitProfile).where(*same).values(plots=plots, not_assessed=not_assessed[name]))
        reports.append(FitReport(run_id, name, plots, dict(sorted(counted.items())), not_assessed[name]))
    return reports


def profiles_shown(connection: Connection, districts: Sequence[str]) -> list[Profile]:
    """Return the profiles that were fitted to the runs shown in some districts; of one name, that of the newest run."""
    shown = select(Publication.run_id).where(
        Publication.district.in_(districts), Publication.shown, Publication.scenario == ""
    )
    kept = select(FitProfile.profile, FitProfile.profile_text).where(FitProfile.run_id.in_(shown))
    texts = {row.profile: row.profile_text for row in connection.execute(kept.order_by(FitProfile.run_id))}
    return [parse_profile(text, source=f"profile {name}") for name, text in sorted(texts.items())]


def _begin(connection: Connection, run_id: int, profile: Profile) -> None:
    """Put a profile on record for a run, in the place of an earlier fit of that name."""
    connection.execute(delete(FitProfile).where(FitProfile.run_id == run_id, FitProfile.profile == profile.name))
    connection.execute(
        insert(FitProfile).values(
            run_id=run_id,
            profile=profile.name,
            title=profile.title,
            profile_text=profile.text,
            profile_sha256=hashlib.sha256(profile.text.encode()).hexdigest(),
            code_version=code_version(),
            plots=0,
        )
    )


def fit_district(
    connection: Connection, run: Any, scheme: Scheme, profiles: Sequence[Profile], district: str
) -> Iterator[tuple[str, pd.DataFrame, dict[str, str]]]:
    """Yield for each profile its name, the rows of the fit table of a district, and what was not assessed there, why.

    Papers, turns and surveys are read as they stood when the run was made; the walk is the one the run measured. What
    does not depend on the profile is measured once.
    """
    block = household_block(connection, run, scheme, profiles[0], district)
    for profile in profiles:
        fit = assess_fit(replace(block, profile=profile), scheme)
        frame = fit.to_frame()
        frame.insert(0, "run_id", np.int32(run["run_id"]))
        frame.insert(1, "profile", profile.name)
        frame.insert(2, "plot_no", block.plots["plot_no"].to_numpy())
        yield profile.name, frame, reasons(fit)


def household_block(
    connection: Connection, run: Any, scheme: Scheme, profile: Profile, district: str
) -> HouseholdBlock:
    """Return the plots of a district a run scored, with all a fit is measured from."""
    load_id = run["as_of_load"]
    mine = and_(Plot.district == district, as_of(Plot, load_id))
    plots = read_layer(connection, Plot, mine, (*PLOT_COLUMNS, *STAFF_COLUMNS))
    walked = select(suitability.c.plot_no, suitability.c[WALK]).where(
        of_run(connection, run["run_id"]), suitability.c.district == district
    )
    minutes = pd.Series({row[0]: row[1] for row in connection.execute(walked)}, dtype=np.float64)
    reach = {name: criterion.reach_m for criterion in FIT_CRITERIA for name in criterion.layers}
    bounds = district_bounds(connection, district, load_id)
    return HouseholdBlock(
        plots,
        Around(connection, district, bounds, reach, load_id),
        Judgement(as_of=run["as_of"], crop=np.full(len(plots), scheme.crop_of(district))),
        profile=profile,
        walk_minutes=minutes.reindex(plots["plot_no"]).to_numpy(dtype=np.float64),
    )


def replay_fits(connection: Connection, run_id: int) -> dict[str, int]:
    """Compute every fit of a run again; return profile -> plots that come out differently. Nothing is stored.

    Raises
    ------
    NotFound : there is no such finished run.
    """
    run = finished_run(connection, run_id)
    scheme = parse_scheme(run["scheme_text"], source=f"run {run_id}", judged=run["criteria"])
    columns = [column.name for column in household_fit.columns]
    texts = select(FitProfile.profile, FitProfile.profile_text).where(FitProfile.run_id == run_id)
    profiles = [
        parse_profile(text, source=f"profile {name} of run {run_id}")
        for name, text in connection.execute(texts.order_by(FitProfile.profile)).all()
    ]
    differing = {profile.name: 0 for profile in profiles}
    for district in run["districts"] if profiles else ():
        mine = select(suitability.c.plot_no).where(of_run(connection, run_id), suitability.c.district == district)
        for name, again, _ in fit_district(connection, run, scheme, profiles, district):
            rows = connection.execute(
                select(household_fit).where(
                    household_fit.c.run_id == run_id,
                    household_fit.c.profile == name,
                    household_fit.c.plot_no.in_(mine),
                )
            )
            differing[name] += _differing(pd.DataFrame(rows.all(), columns=columns), again[columns])
    return differing


def finished_run(connection: Connection, run_id: int) -> Any:
    """Return the row of a finished run.

    Raises
    ------
    NotFound : there is none of that number.
    """
    run = connection.execute(select(ScoringRun.__table__).where(ScoringRun.run_id == run_id)).mappings().first()
    if run is None or run["status"] != "complete":
        raise NotFound(f"There is no finished run {run_id}.")
    return run


def reasons(fit: Fit) -> dict[str, str]:
    """Return criterion id -> why it could not be measured at all."""
    values = {criterion.id: fit.values[criterion.id] for criterion in FIT_CRITERIA}
    return {name: found.not_assessed for name, found in values.items() if found.not_assessed is not None}


def _differing(kept: pd.DataFrame, again: pd.DataFrame) -> int:
    """How many plots differ in any column; a plot that came or went differs."""
    both = kept.merge(again, on="plot_no", how="outer", suffixes=("", "_again"), indicator=True)
    unlike = np.array(both["_merge"] != "both")
    for column in household_fit.columns:
        if column.name == "plot_no":
            continue
        first, second = both[column.name], both[f"{column.name}_again"]
        if isinstance(column.type, REAL):
            one, two = (series.to_numpy(dtype=np.float32, na_value=np.nan) for series in (first, second))
            unlike |= ~np.isclose(one, two, rtol=0.0, atol=0.0, equal_nan=True)
        else:
            pairs = zip(cast("list[object]", first.to_list()), second.to_list(), strict=True)
            unlike |= np.array([one != two for one, two in pairs], dtype=bool)
    return int(unlike.sum())
