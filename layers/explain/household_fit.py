"""Why a plot fits a kind of household, from the fit that was kept beside a run; for staff only."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from geo.household.labour import zone_of
from geo.household.profile import parse_profile
from geo.household_criteria import WALK
from geo.household_fit.explanation import explain_fit
from geo.household_fit.remedies import Papers
from geo.panel.scheme import parse_scheme
from geo.suitability.crop_choice import best_crops_here
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.explain.remedies import values_of_plot
from layers.explain.surroundings import read_plot
from layers.features.household_fit import title_of_fit
from layers.frames.around import as_of
from layers.records.rows_of_run import of_run
from layers.records.runs import FitProfile, household_fit, suitability
from layers.records.snapshot import read_runs
from layers.runs.household_fit import finished_run


def explain_fit_of_plot(connection: Connection, plot_id: str, run_id: int, profile: str) -> dict[str, Any]:
    """Return the explanation of one plot's fit to a profile beside a run; the connection reads as staff.

    Raises
    ------
    NotFound : no such profile was fitted to the run, or the run did not score the plot.
    """
    title_of_fit(connection, run_id, profile)
    run = finished_run(connection, run_id)
    plot = connection.execute(
        select(Plot.plot_no, Plot.district, Plot.area_ha, Plot.missing_documents, Plot.disputes).where(
            Plot.plot_id == plot_id, as_of(Plot, run["as_of_load"])
        )
    ).one_or_none()
    number = None if plot is None else plot.plot_no
    chosen = select(suitability).where(of_run(connection, run_id), suitability.c.plot_no == number)
    judged = connection.execute(chosen).mappings().one_or_none()
    fit = (
        connection.execute(
            select(household_fit, FitProfile.profile_text, FitProfile.not_assessed)
            .join(FitProfile, (FitProfile.run_id == household_fit.c.run_id) & (FitProfile.profile == profile))
            .where(
                household_fit.c.run_id == run_id, household_fit.c.profile == profile, household_fit.c.plot_no == number
            )
        )
        .mappings()
        .one_or_none()
    )
    if plot is None or judged is None or fit is None:
        raise NotFound(f"Run {run_id} did not score plot {plot_id}.")
    scheme = parse_scheme(run["scheme_text"], source=f"run {run_id}", judged=run["criteria"])
    values, block = values_of_plot(
        connection,
        dict(judged),
        scheme,
        order=run["criteria"],
        served=read_runs(connection),
        plots=read_plot(connection, plot_id, run["as_of_load"]),
        as_of_load=run["as_of_load"],
        day=run["as_of"],
    )
    return explain_fit(
        dict(fit),
        scheme,
        parse_profile(fit["profile_text"], source=f"profile {profile} of run {run_id}"),
        walk_minutes=judged[WALK],
        papers=Papers(
            *(np.nan if steps is None else float(steps) for steps in (plot.missing_documents, plot.disputes))
        ),
        crop=scheme.crop_of(plot.district),
        zone=str(zone_of(np.array([plot.district], dtype=object))[0]),
        area_ha=float(plot.area_ha),
        not_assessed=fit["not_assessed"].get(plot.district, {}),
        ranked=best_crops_here(block, values)[0],
    )
