"""Household fit beside a finished run: computed for a profile on the plots the run saw, stored for staff only.

A run stays what it is: nothing here reads a score, and nothing here changes one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from sqlalchemy import REAL, Connection, and_, delete, insert, select, update

from geo.criterion import Judgement
from geo.household import Fit, assess_fit
from geo.household_criteria import FIT_CRITERIA, WALK, HouseholdBlock
from geo.profile import Profile, parse_profile
from geo.scheme import Scheme, parse_scheme
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.frames import PLOT_COLUMNS, Around, as_of, district_bounds, read_layer
from layers.result_rows import copy_frame
from layers.results import FitProfile, ScoringRun, household_fit, suitability
from layers.scoring import code_version

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
    """Fit a profile to every plot of a finished run and store it, in the caller's transaction.

    A fit the run already has for a profile of that name is computed anew.

    Raises
    ------
    NotFound : there is no such finished run.
    """
    run = finished_run(connection, run_id)
    scheme = parse_scheme(run["scheme_text"], source=f"run {run_id}")
    same = (FitProfile.run_id == run_id, FitProfile.profile == profile.name)
    connection.execute(delete(FitProfile).where(*same))
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
    lights: Counter[str] = Counter()
    not_assessed: dict[str, dict[str, str]] = {}
    for district in progress(run["districts"]):
        frame, why = fit_district(connection, run, scheme, profile, district)
        copy_frame(connection, household_fit, frame)
        lights.update(frame["light"])
        not_assessed[district] = why
    plots = sum(lights.values())
    connection.execute(update(FitProfile).where(*same).values(plots=plots, not_assessed=not_assessed))
    return FitReport(run_id, profile.name, plots, dict(sorted(lights.items())), not_assessed)


def fit_district(
    connection: Connection, run: Any, scheme: Scheme, profile: Profile, district: str
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the rows of the fit table for one district of a run, and the criteria not assessed there with the reason.

    Papers, turns and surveys are read as they stood when the run was made; the walk is the one the run measured.
    """
    block = household_block(connection, run, scheme, profile, district)
    fit = assess_fit(block, scheme)
    frame = fit.to_frame()
    frame.insert(0, "run_id", np.int32(run["run_id"]))
    frame.insert(1, "profile", profile.name)
    frame.insert(2, "plot_no", block.plots["plot_no"].to_numpy())
    return frame, reasons(fit)


def household_block(
    connection: Connection, run: Any, scheme: Scheme, profile: Profile, district: str
) -> HouseholdBlock:
    """Return the plots of a district a run scored, with all a fit is measured from."""
    load_id = run["as_of_load"]
    mine = and_(Plot.district == district, as_of(Plot, load_id))
    plots = read_layer(connection, Plot, mine, (*PLOT_COLUMNS, *STAFF_COLUMNS))
    walked = select(suitability.c.plot_no, suitability.c[WALK]).where(
        suitability.c.run_id == run["run_id"], suitability.c.district == district
    )
    minutes = pd.Series({row[0]: row[1] for row in connection.execute(walked)}, dtype=np.float64)
    reach = {name: criterion.reach_m for criterion in FIT_CRITERIA for name in criterion.needs}
    bounds = district_bounds(connection, district, load_id)
    return HouseholdBlock(
        plots,
        Around(connection, district, bounds, reach, load_id, {}),
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
    scheme = parse_scheme(run["scheme_text"], source=f"run {run_id}")
    columns = [column.name for column in household_fit.columns]
    differing: dict[str, int] = {}
    for name, text in connection.execute(
        select(FitProfile.profile, FitProfile.profile_text).where(FitProfile.run_id == run_id)
    ).all():
        profile = parse_profile(text, source=f"profile {name} of run {run_id}")
        again = [fit_district(connection, run, scheme, profile, district)[0] for district in run["districts"]]
        rows = connection.execute(
            select(household_fit).where(household_fit.c.run_id == run_id, household_fit.c.profile == name)
        )
        kept = pd.DataFrame(rows.all(), columns=columns)
        differing[name] = _differing(kept, pd.concat(again, ignore_index=True)[columns])
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
