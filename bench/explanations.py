"""How long one plot's explanation takes at the service, ways and remedies included: plots anywhere, and neighbours."""

from __future__ import annotations

from contextlib import ExitStack

import psycopg

from bench import closed_loop
from bench.closed_loop import Pass
from bench.martin import FEW
from bench.serving import Land, obod, quantiles
from bench.table import Row

PLOTS = 200  # asked for, each once
NEIGHBOURS_M = 1_500.0  # how far apart those of one village lie
REACH = "150 ms"


def explanations(land: Land) -> list[Row]:
    """Explanations of plots drawn from all districts, of plots around one village, and of the same once more."""
    with psycopg.connect(land.url) as connection:
        anywhere = _asked(connection, "SELECT plot_id FROM plots WHERE ended_by IS NULL ORDER BY md5(plot_id) LIMIT %s")
        beside = _asked(
            connection,
            "SELECT p.plot_id FROM plots p, "
            "(SELECT geom FROM plots WHERE ended_by IS NULL ORDER BY md5(plot_id || 'v') LIMIT 1) AS one "
            "WHERE p.ended_by IS NULL "
            f"AND ST_DWithin(p.geom::geography, one.geom::geography, {NEIGHBOURS_M}) ORDER BY md5(p.plot_id) LIMIT %s",
        )
    rows = []
    with ExitStack() as stack:
        base = obod(land, stack)
        closed_loop.get(f"{base}{anywhere.pop()}")  # compiled code is there
        for method, paths in (
            ("plots anywhere, each for the first time", anywhere),
            ("plots of one village, each for the first time", beside),
            ("the same again", beside),
        ):
            done = closed_loop.run([base + path for path in paths], FEW)
            rows.append(_row(land, method, done))
    return rows


def _asked(connection: psycopg.Connection[tuple[object, ...]], query: str) -> list[str]:
    return [f"/plots/{row[0]}/explanation" for row in connection.execute(query, (PLOTS,))]


def _row(land: Land, method: str, done: Pass) -> Row:
    work = f"explanation of a plot among {land.plots:,}"
    faults = f"{done.faults} faults" if done.faults else ""
    return Row(work, method, quantiles(done), reach=REACH, note=faults)
