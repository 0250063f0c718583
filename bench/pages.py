"""Lists of features, raster tiles and the map page over HTTP: the service beside tipg, pygeoapi, TiTiler and Folium."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
import psycopg
import rasterio
from rasterio.warp import transform_bounds

from bench import closed_loop, peers
from bench.closed_loop import Pass
from bench.serving import (
    FEW,
    MANY,
    PAGE,
    SCHEMA,
    WARM_S,
    Land,
    await_texts,
    clients_text,
    obod,
    quantiles,
    ratio,
    settled,
    tipg,
)
from bench.table import Row
from layers.tiles.layer_tiles import TileAddress

PAGES = 20  # pages of one pass
PICTURES = 100  # raster tiles, zoom 8 to 14
NAIVE_PLOTS = 10_000  # plots given to folium.GeoJson; its cost grows in proportion
BROWSER_S = 60.0  # seconds the browser may take
PICTURE_S = 180.0  # seconds the service may take to colour its grids after its very first start


def features(land: Land) -> list[Row]:
    """Pages of 1,000 plots of the fullest district as GeoJSON, and all of its plots in one stream."""
    rows: list[Row] = []
    work = f"GeoJSON pages of {PAGE:,} plots of a district"
    with ExitStack() as stack:
        base = tipg(land, stack)
        address = f"{base}/collections/{SCHEMA}.plots/items?f=geojson&district={land.district}&limit={PAGE}"
        peer = _pages(rows, work, peers.version("tipg", "tipg"), [f"{address}&offset={n * PAGE}" for n in range(PAGES)])
    try:
        with ExitStack() as stack:
            base = _pygeoapi(land, stack)
            address = f"{base}/collections/plots/items?f=json&district={land.district}&limit={PAGE}"
            addresses = [f"{address}&offset={n * PAGE}" for n in range(PAGES // 4)]
            _pages(rows, work, peers.version("pygeoapi", "pygeoapi"), addresses)
    except peers.Missing as missing:
        rows.append(Row(work, "pygeoapi", note=str(missing)))
    shutil.rmtree(land.home / "features", ignore_errors=True)
    with ExitStack() as stack:
        base = obod(land, stack)
        seconds = await_texts(land)
        size = sum(path.stat().st_size for path in (land.home / "features").glob("*.arrow"))
        pages = _own_pages(base, land)
        said = f"{land.plots:,} plots, {size / 1e6:,.0f} MB, in the background after the first start"
        rows.append(Row("plots written out as text, once a run", "obod", f"{seconds:.0f} s", note=said))
    for clients in (FEW, MANY):
        with ExitStack() as stack:
            base = obod(land, stack)
            await_texts(land)
            addresses = [base + page for page in pages]
            for state, least_s in (("never asked before", 0.0), ("asked before", WARM_S / 2)):
                done = closed_loop.run(addresses, clients, least_s=least_s)
                rows.append(_own_row(work, f"obod, {state}, {clients_text(clients)}", done, peer[clients]))
            if clients == MANY:
                rows.append(_streamed(base, land))
    return rows


def _own_pages(base: str, land: Land) -> list[str]:
    """Paths of the first pages of a district, as each names the next; asked of one server, measured on others."""
    addresses = [f"{base}/districts/{land.district}/plots?limit={PAGE}"]
    while len(addresses) < PAGES:
        links = json.loads(closed_loop.get(addresses[-1]).content)["links"]
        following = [link["href"] for link in links if link["rel"] == "next"]
        if not following:
            break
        addresses += following
    return [address.removeprefix(base) for address in addresses]


def _pages(rows: list[Row], work: str, name: str, addresses: list[str]) -> dict[int, Pass]:
    """Measure a peer, add a row for each number of clients, and return the passes."""
    first = json.loads(closed_loop.get(addresses[0]).content)["features"]
    done = {n: closed_loop.run(addresses, n) for n in (FEW, MANY)}
    note = f"{len(first[0]['properties'])} properties a plot"
    for n, one in done.items():
        rows.append(Row(work, f"{name}, {clients_text(n)}", _items(one), note=_faults(note, one)))
    return done


def _own_row(work: str, name: str, done: Pass, peer: Pass) -> Row:
    reach = "6x, p95 300 ms with 8 clients"
    return Row(work, name, _items(done), f"{done.per_s / peer.per_s:.1f}x", reach, _faults("", done))


def _items(done: Pass) -> str:
    return f"{done.per_s * PAGE:,.0f} plots/s, p50 {done.quantile_ms(0.5):.0f} ms, p95 {done.quantile_ms(0.95):.0f} ms"


def _faults(note: str, done: Pass) -> str:
    return ", ".join(filter(None, (note, f"{done.faults} faults" if done.faults else "")))


def _streamed(base: str, land: Land) -> Row:
    """All plots of a district as one answer, and how much memory the server took on for it."""
    port = urlsplit(base).port
    server = next(
        psutil.Process(one.pid)
        for one in psutil.net_connections("tcp")
        if one.laddr and one.laddr.port == port and one.status == psutil.CONN_LISTEN and one.pid
    )
    before, began = server.memory_info().rss, time.perf_counter()
    answer = closed_loop.get(f"{base}/districts/{land.district}/plots?limit=all")
    seconds, after = time.perf_counter() - began, server.memory_info().rss
    found = len(json.loads(answer.content)["features"])
    grown = max(0, after - before) / 1e6
    return Row(
        "all plots of a district in one stream",
        "obod",
        f"{found:,} plots, {len(answer.content) / 1e6:.0f} MB in {seconds:.1f} s",
        reach="bounded memory",
        note=f"the server grew by {grown:.0f} MB",
    )


def _pygeoapi(land: Land, stack: ExitStack) -> str:
    """Start pygeoapi on the peers' table; return its base address."""
    port = peers.free_port()
    parts = urlsplit(land.url)
    data = {
        "host": parts.hostname,
        "port": parts.port,
        "dbname": parts.path[1:],
        "user": parts.username,
        "password": parts.password,
        "search_path": [SCHEMA, "public"],
    }
    provider = {
        "type": "feature",
        "name": "PostgreSQL",
        "data": data,
        "id_field": "id",
        "table": "plots",
        "geom_field": "geom",
    }
    described = {
        "title": "Plots",
        "description": "Plots",
        "keywords": ["plots"],
        "extents": {"spatial": {"bbox": [-180, -90, 180, 90]}},
    }
    text = {"title": "x", "description": "x", "keywords": ["x"], "url": "http://x", "terms_of_service": "http://x"}
    config = {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "language": "en-US",
            "limits": {"default_items": 10, "max_items": 10_000},
            "map": {"url": "http://x", "attribution": "x"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": text,
            "license": {"name": "x", "url": "http://x"},
            "provider": {"name": "x", "url": "http://x"},
            "contact": {"name": "x"},
        },
        "resources": {"plots": {"type": "collection", **described, "links": [], "providers": [provider]}},
    }
    folder = peers.CACHE / "pygeoapi"
    folder.mkdir(parents=True, exist_ok=True)
    settings, openapi = folder / "config.yml", folder / "openapi.yml"
    settings.write_text(json.dumps(config))  # JSON is YAML
    program = peers.python("pygeoapi").with_name("pygeoapi")
    made = subprocess.run(
        [str(program), "openapi", "generate", str(settings), "--output-file", str(openapi)],
        capture_output=True,
        env={"PYGEOAPI_CONFIG": str(settings), "PYGEOAPI_OPENAPI": str(openapi), "PATH": "/usr/bin:/bin"},
    )
    if made.returncode:
        raise peers.Missing("pygeoapi does not take its configuration")
    environment = {"PYGEOAPI_CONFIG": str(settings), "PYGEOAPI_OPENAPI": str(openapi)}
    command = peers.uvicorn("pygeoapi", "pygeoapi.starlette_app:APP", port)
    return stack.enter_context(
        peers.serving(command, "/conformance", environment=environment, port=port, log="pygeoapi")
    )


def raster_tiles(land: Land) -> list[Row]:
    """Pictures of the slope, 256 pixels square, never asked before and asked before, beside TiTiler."""
    with psycopg.connect(land.url) as connection:
        names = connection.execute(
            "SELECT file_name FROM rasters WHERE layer = 'slope' AND ended_by IS NULL"
        ).fetchall()
        counted = connection.execute("SELECT count(*) FROM rasters WHERE ended_by IS NULL").fetchone()
        grids = int(str((counted or (0,))[0]))
    largest = max((land.home / "rasters" / name for (name,) in names), key=lambda path: path.stat().st_size)
    tiles = _over(largest)
    rows: list[Row] = []
    passes: dict[str, list[Pass]] = {}
    name = peers.version("titiler", "titiler.application")
    with ExitStack() as stack:
        port = peers.free_port()
        command = peers.uvicorn("titiler", "titiler.application.main:app", port)
        # GDAL settings its documentation advises: block cache, and no look at the folder beside the file.
        tuned = {
            "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
            "GDAL_CACHEMAX": "200",
            "GDAL_INGESTED_BYTES_AT_OPEN": "32768",
        }
        base = stack.enter_context(peers.serving(command, "/healthz", environment=tuned, port=port, log="titiler"))
        query = f"url={quote(str(largest.resolve()))}&rescale=0,60&colormap_name=viridis&tilesize=256"
        addresses = [f"{base}/cog/tiles/WebMercatorQuad/{z}/{x}/{y}.png?{query}" for z, x, y in tiles]
        closed_loop.get(addresses[0])
        passes[name] = [closed_loop.run(addresses, n) for n in (FEW, FEW, MANY)]
    with ExitStack() as stack:
        base = obod(land, stack)
        until = time.monotonic() + PICTURE_S  # the service colours its grids after it started, which is no tile yet
        while time.monotonic() < until and len(list((land.home / "pictures").glob("*-1-*.arrow"))) < grids:
            time.sleep(1)
        closed_loop.get(f"{base}/tiles/hillshade/10/0/0.png")
        addresses = [f"{base}/tiles/slope/{z}/{x}/{y}.png" for z, x, y in tiles]
        passes["obod"] = [closed_loop.run(addresses, FEW)]
        passes["obod"] += [closed_loop.run(addresses, n, least_s=WARM_S / 2) for n in (FEW, MANY)]
    peer = passes[name]
    for method, done in passes.items():
        own = method == "obod"
        sizes = f"median {sorted(done[0].sizes)[len(tiles) // 2] / 1000:.0f} kB, {sum(p.faults for p in done)} faults"
        cold = f"p50 {ratio(peer[0], done[0], 0.5)}, p95 {ratio(peer[0], done[0], 0.95)}" if own else ""
        rows.append(
            Row("raster tiles never asked before", method, quantiles(done[0]), cold, "5x" if own else "", sizes)
        )
        for n, again, theirs in zip((FEW, MANY), done[1:], peer[1:], strict=True):
            times, reach = (f"{again.per_s / theirs.per_s:,.0f}x", "100x") if own else ("", "")
            rows.append(
                Row(
                    "raster tiles asked before",
                    f"{method}, {clients_text(n)}",
                    f"{again.per_s:,.0f} tiles/s",
                    times,
                    reach,
                )
            )
    return sorted(rows, key=lambda row: row.work, reverse=True)


def _over(path: Path) -> list[tuple[int, int, int]]:
    """Tiles of zoom 8 to 14 whose middle lies on a raster file, evenly picked."""
    with rasterio.open(path) as source:
        west, south, east, north = transform_bounds(source.crs, "EPSG:4326", *source.bounds)
    found = []
    for z in range(8, 15):
        inside = []
        for x in range(int((west + 180) / 360 * 2**z), int((east + 180) / 360 * 2**z) + 1):
            for y in range(2**z // 4, 2**z // 2):
                w, s, e, n = TileAddress(z, x, y).bounds_degrees()
                if west < (w + e) / 2 < east and south < (s + n) / 2 < north:
                    inside.append((z, x, y))
        share = PICTURES // 7
        found += inside[:: max(1, len(inside) // share)][:share]
    return found


_NAIVE = """
import json, sys, time
import folium, geopandas
plots = geopandas.read_parquet(sys.argv[1]).to_crs(4326)
began = time.perf_counter()
page = folium.Map()
folium.GeoJson(plots).add_to(page)
page.save(sys.argv[2])
print(json.dumps([time.perf_counter() - began, len(plots)]))
"""


def page(land: Land, plots_file: Path) -> list[Row]:
    """The Folium page of the fullest district beside folium.GeoJson; the time to the first drawn map in Chromium."""
    import geopandas as gpd

    work = "Folium page of a district"
    folder = peers.CACHE / "page"
    folder.mkdir(parents=True, exist_ok=True)
    few = folder / "plots.parquet"
    gpd.read_parquet(plots_file).iloc[:NAIVE_PLOTS].to_parquet(few)
    ran = subprocess.run(
        [str(peers.python("folium")), "-c", _NAIVE, str(few), str(folder / "naive.html")],
        capture_output=True,
        text=True,
    )
    seconds, count = json.loads(ran.stdout)
    size = (folder / "naive.html").stat().st_size
    name = f"folium.GeoJson, {peers.version('folium', 'folium')}"
    rows = [Row(work, name, f"{seconds:.1f} s, {size / 1e6:.1f} MB", note=f"{count:,} plots; grows in proportion")]
    with ExitStack() as stack:
        base = settled(land, stack)
        address = f"{base}/maps/plots?district={land.district}&lang=en"
        closed_loop.get(address)  # templates are compiled by whatever page is asked for first
        first = closed_loop.run([f"{address}&at=12/{38 + n / 100:g}/69.5" for n in range(20)])
        done = closed_loop.run([address] * 20)
        content = closed_loop.get(address).content
        with psycopg.connect(land.url) as connection:
            counted = connection.execute("SELECT count(*) FROM bench.plots WHERE district = %s", [land.district])
            held = int(str((counted.fetchone() or (0,))[0]))
        share = seconds / count * held / (first.quantile_ms(0.5) / 1000)
        rows.append(
            Row(
                work,
                "obod",
                f"p50 {first.quantile_ms(0.5):.0f} ms, asked before {done.quantile_ms(0.5):.0f} ms, "
                f"{len(content) / 1000:.0f} kB",
                f"{share:,.0f}x",
                "50 ms, 100 kB",
                f"{held:,} plots",
            )
        )
        rows.append(_drawn(address))
    return rows


def _drawn(address: str) -> Row:
    """Time from opening the page in a fresh headless Chromium until its map is drawn."""
    from playwright.sync_api import Error, sync_playwright

    work = "first drawn map in Chromium"
    program = next(
        (path for name in ("chromium", "chromium-browser") if (path := Path("/usr/bin") / name).exists()), None
    )
    if program is None:
        return Row(work, "obod", note="Chromium is not installed")
    try:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=str(program), args=["--no-sandbox", "--use-gl=swiftshader"])
            tab = browser.new_context(viewport={"width": 1024, "height": 768}).new_page()
            tab.goto("about:blank")
            began = time.perf_counter()
            tab.goto(address)
            tab.locator(f"{SUBJECT_DRAWN}, {DRAWN}").wait_for(timeout=BROWSER_S * 1000)
            seconds = time.perf_counter() - began
            tab.locator(DRAWN).wait_for(timeout=BROWSER_S * 1000)
            whole = time.perf_counter() - began
            version = browser.version
            browser.close()
    except Error as error:
        return Row(work, "obod", note=re.sub(r"\s+", " ", str(error))[:80])
    note = f"plots of the district; relief, rivers and names by {whole:.1f} s; Chromium {version}, no graphics card"
    return Row(work, "obod", f"{seconds:.1f} s", reach="2 s", note=note)


# The page says so itself: the plots of the district are drawn; nothing is left to draw.
SUBJECT_DRAWN, DRAWN = (f".folium-map[data-state={state}]" for state in ("subject", "idle"))
