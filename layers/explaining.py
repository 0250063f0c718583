"""Why a plot has its class: the kept result, the sentences of the science, and what would help."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from geo.explanation import explain
from geo.scheme import parse_scheme
from layers.base import Audience
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.results import ScoringRun, suitability
from layers.served import Choice, read_runs


def explain_plot(
    connection: Connection, plot_id: str, audience: Audience, *, choice: Choice = Choice()
) -> dict[str, Any]:
    """Return the explanation of one plot's served result, ready for JSON; no staff attribute is part of it.

    ``choice`` asks for another published scheme or a stored run.

    Raises
    ------
    NotFound : no such plot, or it was never scored under that choice.
    """
    del audience  # everything an explanation is made of is public; the reading role holds that
    plot = connection.execute(
        select(Plot.plot_id, Plot.plot_no, Plot.district, Plot.jamoat, Plot.area_ha).where(
            Plot.plot_id == plot_id, Plot.ended_by.is_(None)
        )
    ).one_or_none()
    if plot is None:
        raise NotFound(f"There is no plot {plot_id}.")
    run = read_runs(connection).runs_of(choice).get(plot.district or "")
    row = None
    if run is not None:
        found = select(suitability).where(suitability.c.run_id == run.run_id, suitability.c.plot_no == plot.plot_no)
        row = connection.execute(found).mappings().one_or_none()
    if run is None or row is None:
        raise NotFound(f"Plot {plot_id} has not been scored yet.")
    kept = connection.execute(
        select(
            ScoringRun.scheme_text,
            ScoringRun.criteria,
            ScoringRun.not_assessed,
            ScoringRun.as_of,
            ScoringRun.synthetic,
        ).where(ScoringRun.run_id == run.run_id)
    ).one()
    scheme = parse_scheme(kept.scheme_text, source=f"run {run.run_id}")
    explained = explain(
        dict(row), scheme, order=kept.criteria, not_assessed=kept.not_assessed.get(plot.district or "", {})
    )
    return {
        "plot_id": plot.plot_id,
        "district": plot.district,
        "jamoat": plot.jamoat,
        "area_ha": round(float(plot.area_ha), 4),
        "run": run.run_id,
        "as_of": kept.as_of.isoformat(),
        "synthetic": kept.synthetic,
        **explained,
        "crops": row["crops"],
    }
