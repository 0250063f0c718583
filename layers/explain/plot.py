"""Why a plot has its class: the kept result, the sentences of the science, and what would help."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from geo.contract.classes import CLASSES
from geo.panel.scheme import parse_scheme
from geo.suitability.explanation import explain
from layers.audience import STAFF, Audience
from layers.cache.memory import Memo
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.explain.remedies import lift_of_plot
from layers.explain.surroundings import read_plot
from layers.explain.water import is_shut, is_withheld, told_water, water_of_plot
from layers.explain.ways import hazards_on, ways_of_plot
from layers.postgres.engine import computing
from layers.records.rows_of_run import in_run
from layers.records.runs import ScoringRun, suitability
from layers.records.snapshot import Choice, Snapshot, read_runs
from layers.runs.exclusion_records import unrecorded_kinds
from layers.runs.robustness import stored_row

STATE = "state"  # of the plot among what is kept of an explanation; no audience is told it there


def explain_plot(
    connection: Connection,
    plot_id: str,
    *,
    audience: Audience = STAFF,
    choice: Choice = Choice(),
    ways: bool = True,
    served: Snapshot | None = None,
) -> dict[str, Any]:
    """Return the explanation of one plot's served result, ready for JSON, as it is told to an audience.

    Below partners what a plot could become, and for how much, is told only of one that is offered or in reserve: of
    others ``remedies`` and ``potential`` are empty and ``potential_withheld`` is true. ``choice`` asks for another
    published scheme or a stored run. ``ways`` False leaves out ``way`` and ``services``, which have to be searched.
    ``served`` : a snapshot read through this connection; with it what is explained is kept for the next who asks while
    the same is served. Without one nothing is kept.

    Raises
    ------
    NotFound : no such plot, or it was never scored under that choice.
    """
    if served is None:
        return _told(_explain(connection, plot_id, choice, read_runs(connection), ways=ways), audience)
    found = _KEPT.get(
        (plot_id, choice, ways), lambda: _explain(connection, plot_id, choice, served, ways=ways), fresh=served
    )
    return _told(found, audience)


def _told(found: dict[str, Any], audience: Audience) -> dict[str, Any]:
    """What is kept for all audiences, as one is told it."""
    found = dict(found)
    withheld = is_withheld(found.pop(STATE), audience)
    found["potential_withheld"] = withheld
    if withheld:
        found |= {"remedies": None, "bears": None, "potential": dict.fromkeys(found["potential"])}
    found["water"] = told_water(found["water"], withheld=withheld)
    return found


# Some 20 kB each: the page of a plot, its explanation and the explanation in another language are asked for together.
_KEPT: Memo[tuple[str, Choice, bool], dict[str, Any]] = Memo("explanations", most=2_000)


def _explain(connection: Connection, plot_id: str, choice: Choice, served: Snapshot, *, ways: bool) -> dict[str, Any]:
    """The same, made now."""
    plot = connection.execute(
        select(Plot.plot_id, Plot.plot_no, Plot.district, Plot.jamoat, Plot.area_ha, Plot.availability).where(
            Plot.plot_id == plot_id, Plot.ended_by.is_(None)
        )
    ).one_or_none()
    if plot is None:
        raise NotFound(f"There is no plot {plot_id}.")
    run = served.runs_of(choice).get(plot.district or "")
    row = None
    if run is not None:
        found = select(suitability).where(
            in_run(run), suitability.c.plot_no == plot.plot_no, suitability.c.district == plot.district
        )
        row = connection.execute(found).mappings().one_or_none()
    if plot.district is None:
        raise NotFound(f"Plot {plot_id} is not scored: it lies in no district.")
    if run is None or row is None:
        raise NotFound(f"Plot {plot_id} has not been scored yet.")
    kept = connection.execute(
        select(
            ScoringRun.scheme_text,
            ScoringRun.criteria,
            ScoringRun.not_assessed,
            ScoringRun.as_of,
            ScoringRun.as_of_load,
            ScoringRun.synthetic,
        ).where(ScoringRun.run_id == run.run_id)
    ).one()
    scheme = parse_scheme(kept.scheme_text, source=f"run {run.run_id}", judged=kept.criteria)
    missing = kept.not_assessed.get(plot.district or "", {})
    # Surveys are open to partners only; what is said of them here (a remedy, a price) quotes none of their values.
    with computing() as science:
        plots = read_plot(science, plot.plot_id, kept.as_of_load)
        lift = lift_of_plot(
            science,
            dict(row),
            scheme,
            order=kept.criteria,
            served=served,
            plots=plots,
            as_of_load=kept.as_of_load,
            day=kept.as_of,
        )
        unchanged = served.loads.get(Plot.__tablename__, 0) <= kept.as_of_load
        on_foot = ways_of_plot(science, plot.plot_id, served, plots if unchanged else None) if ways else {}
        now_closed_by = lift.pop("closed_by")
        water = None
        if not (is_shut(dict(row)) or now_closed_by):  # nobody is led to land that is shut
            now = plots if unchanged else read_plot(science, plot.plot_id, None)
            water = water_of_plot(science, served, now, month=row["water_month"], seen=kept.as_of_load)
    explained = explain(
        dict(row),
        scheme,
        order=kept.criteria,
        not_assessed=missing,
        closed_by=row["shut_by"] or now_closed_by,  # as the run kept it; earlier runs kept nothing
    )
    return {
        "plot_id": plot.plot_id,
        "district": plot.district,
        "jamoat": plot.jamoat,
        "area_ha": round(float(plot.area_ha), 4),
        "run": run.run_id,
        "as_of": kept.as_of.isoformat(),
        "synthetic": kept.synthetic,
        "no_record": list(unrecorded_kinds(connection, run, plot.district)),
        **explained,
        **lift,
        STATE: plot.availability,
        "robustness": _robustness(connection, run.run_id, row["plot_no"]),
        "crops": row["crops"],
        "crop_classes": row["crop_classes"],
        "crops_not_known": row["crops_not_known"],
        "crops_apart": row["crops_apart"],
        "hazards": hazards_on(connection, plot.plot_id),
        "water": water,
        **on_foot,
    }


def _robustness(connection: Connection, run_id: int, plot_no: int) -> dict[str, Any] | None:
    """Share of draws in each class, the class drawn most, and whether it is drawn too seldom to rely on.

    None until the run is drawn: draws are made with the run, not on reading, so that every surface says the same.
    """
    kept = stored_row(connection, run_id, plot_no)
    if kept is None:
        return None
    return {
        "draws": kept["draws"],
        "seed": kept["seed"],
        "shares": {name: round(float(share), 3) for name, share in zip(CLASSES, kept["shares"], strict=True)},
        "modal_class": kept["robust_class"],
        "modal_share": round(float(kept["robust_share"]), 3),
        "flagged": bool(kept["flagged"]),
        "top_share": round(float(kept["top_share"]), 3),
        "top_of": kept["top_of"],
    }
