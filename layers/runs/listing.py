"""Runs that were made: what is served where, what a run found, how two runs differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Float, cast, func, select
from sqlalchemy.orm import aliased

from geo.contract.classes import CLASSES, MINES, NE
from geo.suitability.shown import shown_score
from layers.errors import NotFound
from layers.records.rows_of_run import of_run
from layers.records.runs import Publication, RunDraws, RunHectares, ScoringRun, suitability
from layers.runs.exclusion_records import KINDS, find_unrecorded

NOT_SETTLED = "not settled"  # in the place of a class, of land whose class may be one of three or more
MOVED_LISTED = 20  # plots named in a difference; the counts always cover all


def list_runs(connection: Connection) -> list[dict[str, Any]]:
    """Every run, newest first, with the districts in which it is served."""
    served: dict[int, list[str]] = {}
    for run_id, district in connection.execute(
        select(Publication.run_id, Publication.district).where(Publication.shown).order_by(Publication.district)
    ):
        served.setdefault(run_id, []).append(district)
    rows = connection.execute(select(ScoringRun.__table__).order_by(ScoringRun.run_id.desc())).mappings()
    return [{**_brief(row), "served_in": served.get(row["run_id"], [])} for row in rows]


def show_run(connection: Connection, run_id: int) -> dict[str, Any]:
    """One run with hectares and plots by class per district, what it could not assess and the layers it saw.

    Raises
    ------
    NotFound : there is no such run.
    """
    row = _run(connection, run_id)
    return {
        **_brief(row),
        "as_of_load": row["as_of_load"],
        "layer_versions": row["layer_versions"],
        "not_assessed": row["not_assessed"],
        "classes": settled_by_district(connection, run_id),
        "drawn": drawn_districts(connection, run_id),
        "no_record": _no_record(connection, row["districts"], row["as_of_load"]),
    }


def _no_record(connection: Connection, districts: Sequence[str], load: int) -> dict[str, Any]:
    """Districts of a run in which nothing was on record when it was made, and the kinds that were not in the others.

    Where nothing is on record nothing shuts a plot, which does not mean that it is open, let alone safe.
    """
    kinds = {district: find_unrecorded(connection, district, load) for district in sorted(districts)}
    return {
        "exclusions": [district for district, missing in kinds.items() if missing == KINDS],
        "mines": [district for district, missing in kinds.items() if MINES in missing],
        "kinds": {district: list(missing) for district, missing in kinds.items() if missing},
    }


def not_assessed_in(connection: Connection, run_id: int, district: str) -> dict[str, str]:
    """Return criterion -> why a run could not assess it in a district; empty where it assessed all."""
    kept = connection.execute(select(ScoringRun.not_assessed).where(ScoringRun.run_id == run_id)).scalar_one()
    return dict(kept.get(district, {}))


def drawn_districts(connection: Connection, run_id: int) -> dict[str, bool]:
    """Return for each district of a run whether its draws are stored."""
    scope = connection.execute(select(ScoringRun.districts).where(ScoringRun.run_id == run_id)).scalar_one()
    stored = set(connection.execute(select(RunDraws.district).where(RunDraws.run_id == run_id)).scalars())
    return {district: district in stored for district in sorted(scope)}


def hectares_by_district(connection: Connection, run_id: int) -> dict[str, dict[str, dict[str, float]]]:
    """District -> class -> plots and hectares of one run."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    rows = connection.execute(
        select(
            RunHectares.district,
            RunHectares.suitability_class,
            func.sum(RunHectares.plots),
            func.sum(RunHectares.area_ha),
        )
        .where(RunHectares.run_id == run_id)
        .group_by(RunHectares.district, RunHectares.suitability_class)
        .order_by(RunHectares.district, RunHectares.suitability_class)
    )
    for district, name, plots, area_ha in rows:
        found.setdefault(district, {})[name] = {"plots": int(plots), "area_ha": round(float(area_ha), 2)}
    return found


def settled_by_district(connection: Connection, run_id: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return the same with land that is not settled under ``NOT_SETTLED``, in no class."""
    apart = not_settled_by_district(connection, run_id)
    return {
        district: set_apart(classes, apart.get(district, {}))
        for district, classes in hectares_by_district(connection, run_id).items()
    }


def not_settled_by_district(connection: Connection, run_id: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return district -> class at the low end -> plots and hectares of which the class may be one of three or more."""
    kept = suitability.c
    found: dict[str, dict[str, dict[str, float]]] = {}
    rows = connection.execute(
        select(kept.district, kept["class"], func.count(), func.sum(cast(kept.area_ha, Float(53))))
        .where(of_run(connection, run_id), kept.settled.is_(False), kept["class"] != CLASSES[NE])
        .group_by(kept.district, kept["class"])
        .order_by(kept.district, kept["class"])
    )
    for district, name, plots, area_ha in rows:
        found.setdefault(district, {})[name] = {"plots": int(plots), "area_ha": round(float(area_ha), 2)}
    return found


def set_apart(
    classes: Mapping[str, Mapping[str, float]], not_settled: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Return figures by class without what is not settled, and that under ``NOT_SETTLED``, where there is any."""
    found = {
        name: {
            what: round(value - not_settled.get(name, {}).get(what, 0.0), 2)
            if what == "area_ha"
            else value - not_settled.get(name, {}).get(what, 0)
            for what, value in figures.items()
        }
        for name, figures in classes.items()
    }
    found = {name: figures for name, figures in found.items() if figures["plots"]}
    if not_settled:
        found[NOT_SETTLED] = {
            "plots": sum(figures["plots"] for figures in not_settled.values()),
            "area_ha": round(sum(figures["area_ha"] for figures in not_settled.values()), 2),
        }
    return found


def diff_runs(connection: Connection, before: int, after: int) -> dict[str, Any]:
    """What changed from one run to another on the plots both scored.

    Returns
    -------
    ``warnings`` (unlike schemes, scenarios or districts), ``hectares`` by class before and after, ``moves`` (class
    before, class after, plots, hectares) and the plots whose score moved most.

    Raises
    ------
    NotFound : one of the runs does not exist.
    """
    first, second = _run(connection, before), _run(connection, after)
    old, new = aliased(suitability, name="old"), aliased(suitability, name="new")
    both = old.join(new, new.c.plot_no == old.c.plot_no)
    here = (of_run(connection, before, old.c), of_run(connection, after, new.c))
    moves = connection.execute(
        select(old.c["class"], new.c["class"], func.count(), func.sum(new.c.area_ha))
        .select_from(both)
        .where(*here)
        .group_by(old.c["class"], new.c["class"])
        .order_by(old.c["class"], new.c["class"])
    ).all()
    change = new.c.score - old.c.score
    moved = connection.execute(
        select(new.c.plot_no, old.c.score, new.c.score, old.c["class"], new.c["class"], new.c.limiting)
        .select_from(both)
        .where(*here, change != 0)
        .order_by(func.abs(change).desc(), new.c.plot_no)
        .limit(MOVED_LISTED)
    ).all()
    return {
        "before": before,
        "after": after,
        "warnings": _unlike(first, second),
        "plots": sum(int(row[2]) for row in moves),
        "changed_class": sum(int(row[2]) for row in moves if row[0] != row[1]),
        "hectares": {
            name: {
                "before": round(sum(float(row[3]) for row in moves if row[0] == name), 2),
                "after": round(sum(float(row[3]) for row in moves if row[1] == name), 2),
            }
            for name in CLASSES
        },
        "moves": [
            {"before": row[0], "after": row[1], "plots": int(row[2]), "area_ha": round(float(row[3]), 2)}
            for row in moves
            if row[0] != row[1]
        ],
        "moved_most": [
            {
                "plot_no": row[0],
                "score_before": _shown(row[1]),
                "score_after": _shown(row[2]),
                "class_before": row[3],
                "class_after": row[4],
                "limiting": row[5],
            }
            for row in moved
        ],
    }


def _shown(score: float) -> float:
    return float(shown_score(np.array([score], dtype=np.float32))[0])


def _run(connection: Connection, run_id: int) -> Any:
    row = connection.execute(select(ScoringRun.__table__).where(ScoringRun.run_id == run_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no run {run_id}; `obod run list` names those there are.")
    return row


def _brief(row: Any) -> dict[str, Any]:
    return {
        "run": row["run_id"],
        "scheme": row["scheme"],
        "scenario": row["scenario"],
        "status": row["status"],
        "districts": row["districts"],
        "plots": row["plots"],
        "as_of": row["as_of"],
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
        "synthetic": row["synthetic"],
        "code_version": row["code_version"],
        "rule": row["rule"],
    }


def _unlike(first: Any, second: Any) -> list[str]:
    """Sentences on why two runs should not be compared as they stand."""
    found = []
    if first["scheme_sha256"] != second["scheme_sha256"]:
        found.append(
            f"The runs used different schemes ({first['scheme']} and {second['scheme']}): "
            "a difference may come from the weights, not from the land."
        )
    if first["scenario"] != second["scenario"]:
        found.append("The runs describe different scenarios.")
    if first["rule"] != second["rule"]:
        found.append("One of the runs was scored by the earlier rule, which counted unknown as good.")
    if first["code_version"] != second["code_version"]:
        found.append(
            f"The runs were computed by different versions ({first['code_version']}, {second['code_version']})."
        )
    only = sorted(set(first["districts"]) ^ set(second["districts"]))
    if only:
        found.append(f"Only one of the runs covers {', '.join(only)}; only shared plots are compared.")
    return found
