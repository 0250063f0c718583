"""Tiles and lists of features over HTTP: the service and its peers on the same rows, one worker each.

A pass asks for every address once, or again and again for some seconds, with 1 or 8 clients that wait for each
answer. *Never asked before* means that the application has not made the tile; files and tables are in the page
cache. Tiles: the fullest of each zoom from 8 to 15, 199 where there are as many. The peers read a table that
holds the current plots with their results in eight attributes, with a spatial index and an index on the district.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import mapbox_vector_tile
import psycopg
from psycopg import sql

from bench import closed_loop, martin, peers
from bench.closed_loop import Pass
from bench.land import environment as environment_of
from bench.table import Row
from layers.postgres.cluster import Cluster

ZOOMS = range(8, 16)
TILES = 199
TEXTS_S = 600.0  # seconds the service may take to write out the plots after its very first start
FEW, MANY = 1, 8  # clients
WARM_S = 4.0  # seconds a pass over finished tiles is repeated
PAGE = 1_000  # features of a page
BIGGEST = 500_000  # bytes of a tile, unpacked
SCHEMA = "bench"
ATTRIBUTES = ("plot_id", "district", "area_ha", "class", "score", "limiting", "subclass", "land_form")


@dataclass(frozen=True)
class Land:
    """What is served: the home of the service, and the tiles and district to ask for."""

    home: Path
    tiles: tuple[tuple[int, int, int], ...]
    district: str
    plots: int

    @property
    def url(self) -> str:
        """Address of the database, password included."""
        return Cluster(self.home).url()


def prepare(home: Path) -> Land:
    """Make the peers' table if it is missing; choose tiles and the district with most plots."""
    columns = sql.SQL(", ").join(
        sql.SQL("{}.{}").format(sql.Identifier(side), sql.Identifier(name))
        for name in ATTRIBUTES
        for side in ("s" if name in ("class", "score", "limiting", "subclass") else "p",)
    )
    with psycopg.connect(Cluster(home).url(), autocommit=True) as connection:
        run = connection.execute("SELECT max(run_id) FROM publications WHERE shown AND scenario = ''").fetchone()
        said = connection.execute("SELECT obj_description(to_regclass('bench.plots'), 'pg_class')").fetchone()
        if said != (f"run {run[0] if run else 0}",):
            peers.say("making the table the peers read")
            connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}").format(_SCHEMA))
            connection.execute(
                sql.SQL(
                    "CREATE TABLE bench.plots AS SELECT p.plot_no AS id, {}, p.geom FROM plots p "
                    "JOIN publications u ON u.district = p.district AND u.shown AND u.scenario = '' "
                    "JOIN scoring_runs r ON r.run_id = u.run_id "
                    "JOIN suitability s ON s.base_run = coalesce(r.base_run, r.run_id) AND s.plot_no = p.plot_no "
                    "AND s.district = p.district AND s.from_run <= r.run_id "
                    "AND (s.until_run IS NULL OR s.until_run > r.run_id) "
                    "WHERE p.ended_by IS NULL ORDER BY p.gid"
                ).format(columns)
            )
            connection.execute("ALTER TABLE bench.plots ADD PRIMARY KEY (id)")
            connection.execute("CREATE INDEX ON bench.plots USING gist (geom)")
            connection.execute("CREATE INDEX ON bench.plots (district, id)")
            connection.execute(sql.SQL("COMMENT ON TABLE bench.plots IS {}").format(f"run {run[0] if run else 0}"))
            connection.execute("VACUUM ANALYZE bench.plots")
        fullest = connection.execute(
            "SELECT district, count(*), sum(count(*)) OVER () FROM bench.plots GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
        ).fetchone()
        assert fullest is not None
        return Land(home, tuple(_tiles(connection)), fullest[0], int(fullest[2]))


_SCHEMA = sql.Identifier(SCHEMA)


def _tiles(connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[tuple[int, int, int]]:
    """Fullest tiles of each zoom; what a low zoom does not have is made up for by the next."""
    left = TILES
    for zoom in ZOOMS:
        share = round(left / (ZOOMS.stop - zoom))
        rows = connection.execute(
            "WITH c AS (SELECT ST_Transform(ST_Centroid(geom), 3857) AS c FROM bench.plots) "
            "SELECT floor((ST_X(c) + 20037508.342789244) / 40075016.685578488 * 2 ^ %(z)s)::int, "
            "floor((20037508.342789244 - ST_Y(c)) / 40075016.685578488 * 2 ^ %(z)s)::int "
            "FROM c GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT %(n)s",
            {"z": zoom, "n": share},
        ).fetchall()
        left -= len(rows)
        yield from ((zoom, int(str(x)), int(str(y))) for x, y in rows)


def obod(land: Land, stack: ExitStack, folder: str = "tiles") -> str:
    """Start the service with an empty tile cache; return its base address."""
    shutil.rmtree(land.home / folder, ignore_errors=True)
    port = peers.free_port()
    command = [str(Path(sys.executable).with_name("obod")), "serve", "--port", str(port)]
    environment = environment_of(land.home)
    base = stack.enter_context(peers.serving(command, "/readyz", environment=environment, port=port, log="obod"))
    # One answer of each kind of statement, outside the list: compiled code, connections and plans are there.
    for zoom in (7, 12, 14, 15):
        closed_loop.get(f"{base}/tiles/plots/{zoom}/0/0.mvt")
    return base


def settled(land: Land, stack: ExitStack) -> str:
    """Start the service with an empty tile cache and wait until it has done what it does once after it started."""
    shutil.rmtree(land.home / "features", ignore_errors=True)
    base = obod(land, stack)
    await_texts(land)
    return base


def await_texts(land: Land) -> float:
    """Wait until the service has written out the plots of every district, as it does once after it started."""
    with psycopg.connect(land.url) as connection:
        counted = connection.execute("SELECT count(DISTINCT coalesce(district, '')) FROM bench.plots").fetchone()
    began = time.monotonic()
    while time.monotonic() - began < TEXTS_S and _written(land) < int(str((counted or (0,))[0])):
        time.sleep(0.2)
    return time.monotonic() - began


def _written(land: Land) -> int:
    return len(list((land.home / "features").glob("*.arrow")))


def tipg(land: Land, stack: ExitStack) -> str:
    """Start tipg; return its base address."""
    environment = {"DATABASE_URL": land.url, "TIPG_DB_SCHEMAS": json.dumps([SCHEMA]), "TIPG_CATALOG_TTL": "0"}
    port = peers.free_port()
    command = peers.uvicorn("tipg", "tipg.main:app", port)
    base = stack.enter_context(peers.serving(command, "/healthz", environment=environment, port=port, log="tipg"))
    closed_loop.get(f"{base}/collections/bench.plots/tiles/WebMercatorQuad/15/0/0")
    return base


def vector_tiles(land: Land) -> list[Row]:
    """Tiles never asked before, asked before and not changed, beside tipg."""
    ours = [f"/tiles/plots/{z}/{x}/{y}.mvt" for z, x, y in land.tiles]
    theirs = [f"/collections/bench.plots/tiles/WebMercatorQuad/{z}/{x}/{y}" for z, x, y in land.tiles]
    deepest = [at for at, (z, _, _) in enumerate(land.tiles) if z >= 11]
    rows: list[Row] = []
    with ExitStack() as stack:
        peer = tipg(land, stack)
        name = peers.version("tipg", "tipg")
        cold_peer = closed_loop.run([peer + path for path in theirs], FEW)
        again_peer = {n: closed_loop.run([peer + path for path in theirs], n) for n in (FEW, MANY)}
        held, largest, _ = _contents([peer + path for path in theirs], "default")
    with ExitStack() as stack:
        base = settled(land, stack)
        addresses = [base + path for path in ours]
        cold = closed_loop.run(addresses, FEW)
        warm = {n: closed_loop.run(addresses, n, least_s=WARM_S) for n in (FEW, MANY)}
        tag = closed_loop.get(addresses[0]).fields["etag"]
        one_tile = addresses[:1] * MANY  # as many messages as clients: fewer would leave clients without work
        same = closed_loop.run(one_tile, MANY, least_s=WARM_S / 2, fields={"If-None-Match": tag})
        own_held, own_largest, said = _contents(addresses, "plots")
        proxied = _behind_nginx(base, ours, stack)
    with ExitStack() as stack:
        base = settled(land, stack)
        crowd = closed_loop.run([base + path for path in ours], MANY)
    work = "vector tiles never asked before, z8-15"
    rows += [
        Row(
            work,
            name,
            quantiles(cold_peer),
            note=f"largest {largest:,} B; no tile gets more than 10,000 plots",
        ),
        Row(
            work,
            "obod",
            quantiles(cold),
            f"p50 {ratio(cold_peer, cold, 0.5)}, p95 {ratio(cold_peer, cold, 0.95)}",
            "p50 3x, p95 5x, none over 500 kB",
            f"largest {own_largest:,} B; {said} tiles say that they show cells for plots, none leaves anything out",
        ),
        Row(
            work,
            "obod, z11-15 only",
            quantiles(_part(cold, deepest)),
            _both(_part(cold_peer, deepest), _part(cold, deepest)),
        ),
        Row(work, "obod, 8 clients", f"{crowd.per_s:,.0f} tiles/s", f"{crowd.per_s / again_peer[MANY].per_s:.1f}x"),
    ]
    work = "vector tiles asked before"
    for n in (FEW, MANY):
        rows.append(
            Row(work, f"{name}, {clients_text(n)}", f"{again_peer[n].per_s:,.0f} tiles/s", note="keeps no tile")
        )
        rows.append(_warm(work, f"obod, {clients_text(n)}", warm[n], again_peer[n], "200x"))
    rows.append(_warm(work, "obod, 304 by ETag, 8 clients", same, again_peer[MANY], "200x"))
    rows += [_warm(work, f"{label}, {clients_text(n)}", done, again_peer[n], "200x") for label, n, done in proxied]
    rows += _martin(land, cold_peer, again_peer, cold, warm)
    rows.append(
        Row(
            "plots in a z8-10 tile",
            name,
            f"{held['low']:,} of {own_held['low']:,} plots shown",
            note="in the same tiles",
        )
    )
    return rows


def _martin(
    land: Land, cold_peer: Pass, again_peer: Mapping[int, Pass], cold: Pass, warm: Mapping[int, Pass]
) -> list[Row]:
    """The same tiles by Martin, which keeps finished ones too."""
    work = "vector tiles asked before"
    try:
        theirs = martin.tiles(land.url, SCHEMA, list(land.tiles), WARM_S)
    except peers.Missing as missing:
        return [Row(work, "Martin", note=str(missing))]
    times = {n: warm[n].per_s / theirs.again[n].per_s for n in (FEW, MANY)}
    return [
        Row(
            "vector tiles never asked before, z8-15",
            theirs.name,
            quantiles(theirs.cold),
            _both(cold_peer, theirs.cold),
            note=f"obod beside it: {_both(theirs.cold, cold)}; largest {theirs.largest:,} B",
        ),
        *(
            Row(
                work,
                f"{theirs.name}, {clients_text(n)}",
                f"{theirs.again[n].per_s:,.0f} tiles/s",
                f"{theirs.again[n].per_s / again_peer[n].per_s:,.0f}x",
                note=f"a worker a core; obod, one worker, beside it: {times[n]:.2f}x",
            )
            for n in (FEW, MANY)
        ),
        Row(
            work,
            f"{theirs.name}, {clients_text(MANY)}, not compressed",
            f"{theirs.unpacked.per_s:,.0f} tiles/s",
            note="it keeps tiles as they come from the database and compresses them for each answer",
        ),
    ]


def _behind_nginx(base: str, paths: list[str], stack: ExitStack) -> list[tuple[str, int, Pass]]:
    """The same tiles through the shipped configuration of nginx, if nginx is installed."""
    program = shutil.which("nginx")
    if program is None:
        return []
    folder = peers.CACHE / "nginx"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    port = peers.free_port()
    text = (peers.ROOT / "deploy" / "nginx.conf").read_text()
    for shipped, here in (
        ("server api:8000", f"server {base.removeprefix('http://')}"),
        ("listen 8080", f"listen 127.0.0.1:{port}"),
        ("/var/cache/nginx", str(folder)),
        ("/tmp/nginx.pid", str(folder / "nginx.pid")),
    ):
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    (folder / "nginx.conf").write_text(("user root;\n" if os.getuid() == 0 else "") + text)
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    front = stack.enter_context(peers.serving(command, "/readyz", port=port, log="nginx"))
    addresses = [front + path for path in paths]
    closed_loop.run(addresses)
    name = f"obod behind {peers.program_version('nginx', '-v')}"
    return [(name, n, closed_loop.run(addresses, n, least_s=WARM_S)) for n in (FEW, MANY)]


def _contents(addresses: list[str], layer: str) -> tuple[dict[str, int], int, int]:
    """Plots in the tiles of z8-10, bytes of the largest tile (unpacked), and how many say what they show instead."""
    held, largest, said = {"low": 0}, 0, 0
    for address in addresses:
        answer = closed_loop.get(address)
        largest = max(largest, len(answer.content))
        said += "obod-generalised" in answer.fields
        if int(address.removesuffix(".mvt").split("/")[-3]) <= 10:
            found = mapbox_vector_tile.decode(answer.content).get(layer, {}).get("features", [])
            held["low"] += sum(int(feature["properties"].get("plots", 1)) for feature in found)
    return held, largest, said


def quantiles(done: Pass) -> str:
    return f"p50 {done.quantile_ms(0.5):.1f} ms, p95 {done.quantile_ms(0.95):.1f} ms"


def ratio(peer: Pass, own: Pass, share: float) -> str:
    return f"{peer.quantile_ms(share) / own.quantile_ms(share):.1f}x"


def _both(peer: Pass, own: Pass) -> str:
    return f"p50 {ratio(peer, own, 0.5)}, p95 {ratio(peer, own, 0.95)}"


def _part(done: Pass, positions: list[int]) -> Pass:
    return Pass(
        [done.seconds[at] for at in positions], [done.sizes[at] for at in positions], done.statuses, done.wall_s
    )


def clients_text(n: int) -> str:
    return "1 client" if n == 1 else f"{n} clients"


def _warm(work: str, method: str, own: Pass, peer: Pass, reach: str) -> Row:
    faults = f"{own.faults} faults" if own.faults else f"p95 {own.quantile_ms(0.95):.2f} ms"
    return Row(work, method, f"{own.per_s:,.0f} tiles/s", f"{own.per_s / peer.per_s:,.0f}x", reach, faults)
