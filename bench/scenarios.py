"""A scenario on one canal of a database: the balance and the classes of its plots, without it and with it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from bench import land, peers
from bench.table import Row

TIMES = 3  # the first reads and measures what a service has at hand after its first question
GOAL_S = 3.0  # s, for 10,000 plots on one system of canals


def scenarios(home: Path) -> list[Row]:
    """Repair the canal that most plots depend on: seconds of the balance and of judging its plots again."""
    land.run(home, "db", "migrate")
    command = [sys.executable, "-m", "bench.scenarios"]
    ended = subprocess.run(command, env=land.environment(home), cwd=peers.ROOT, capture_output=True, text=True)
    if ended.returncode:
        raise peers.Missing("a scenario could not be run")
    found = json.loads(ended.stdout)
    first, *others = found["seconds"]
    balance, plots = min(others, key=sum)
    note = (
        f"{found['areas']:,} command areas, {found['plots']:,} plots of them judged; {balance:.1f} s of balances; "
        f"the first time {sum(first):.1f} s"
    )
    return [Row("scenario on one canal", "obod", f"{balance + plots:.1f} s", reach=f"{GOAL_S:g} s", note=note)]


def _measured() -> dict[str, Any]:
    from geo.water.scenario.form import parse_scenario
    from layers.postgres.engine import computing
    from layers.runs.scenario_plots import judge_plots
    from layers.water.scenario_runs import Choice, compute_run
    from layers.water.scenarios import Kept, digest_of

    seconds = []
    with computing(timeout_s=600.0) as connection:
        file = _repair(_canal(connection))
        kept = Kept(parse_scenario(file, source="bench.toml"), file, digest_of(file), datetime.now(UTC))
        for _ in range(TIMES):
            began = time.perf_counter()
            balanced = compute_run(connection, kept, Choice("dry", "proportional", "month"))
            between = time.perf_counter()
            run = judge_plots(connection, balanced)
            seconds.append((between - began, time.perf_counter() - between))
    return {"seconds": seconds, "areas": run.report["areas"], "plots": run.report["plots"]["judged"]["plots"]}


def _canal(connection: Connection) -> str:
    """Name of the canal with a reach to repair whose command areas hold most plots."""
    return str(
        connection.execute(
            text(
                "SELECT a.canal FROM command_areas a JOIN plots p ON ST_Intersects(a.geom, p.geom)"
                " WHERE a.ended_by IS NULL AND p.ended_by IS NULL AND a.canal IN"
                " (SELECT canal FROM canals WHERE ended_by IS NULL AND condition > 1)"
                " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
            )
        ).scalar_one()
    )


def _repair(canal: str) -> str:
    work = f'name = "repair"\ncost_usd = 1\nrepairs = [{{ canal = "{canal}", condition = 1 }}]\n'
    return f'name = "bench"\n[[works]]\n{work}'


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measured()))
