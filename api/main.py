"""Assembly of the web service. What it does is in the modules it names."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from importlib import metadata

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

from api.deps import Callers
from api.maps.places_cache import Atlas
from api.rendering import assets
from api.routes import (
    after_repair,
    answers,
    catalogue,
    comparison,
    disagreements,
    district_answers,
    districts,
    docs,
    error_page,
    explanations,
    found,
    health,
    jobs,
    maps,
    matches,
    planner,
    plot_list,
    plot_numbers,
    plot_page,
    plots,
    priorities,
    remarks,
    report,
    rows,
    scenario_shares,
    scenario_writing,
    scenarios,
    schemes,
    sign_in,
    tiles,
    trial,
    water,
    water_page,
    ways,
)
from api.web.acceptance import Acceptance
from api.web.capacity import Capacity
from api.web.compression import Compression
from api.web.description import describe_with
from api.web.errors import add_error_handlers
from api.web.heads import Heads
from api.web.own_login import OwnLogin
from api.web.protection import Protection
from api.web.proxies import Proxies
from api.web.ranges import Ranges
from api.web.rates import Rates
from api.web.response_cache import FinishedAnswers
from api.web.signed_in import SignIns
from api.web.tags import Tags
from layers.cache.background import BACKGROUND
from layers.cache.folders import KINDS, Folder
from layers.cache.memory import Memo
from layers.catalogue.base import PUBLIC
from layers.errors import LayersError
from layers.features.exports import Exports
from layers.features.plot_texts import ReadyPlots
from layers.postgres.cluster import Cluster
from layers.postgres.engine import noting, reading
from layers.postgres.revival import kept_running
from layers.records.snapshot import SnapshotCache
from layers.schema.access import end_key_logins
from layers.settings import get_settings
from layers.tiles import coloured_grids, results_in_memory
from layers.tiles.cache import TileCache
from layers.tiles.raster_tiles import RasterFiles

ABOUT = """Land and water planning for families left behind in Khatlon and the Rasht Valley.

Public data are open; partners and staff send a key as `X-API-Key` or `Authorization: Bearer`.
Errors are `application/problem+json` (RFC 9457). Boundaries are not official."""
# Fields a page of another site may read beside those that are always open to it.
EXPOSED = [
    *("Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Range", "ETag", "Retry-After"),
    *(tiles.GENERALISED, plots.CUT),
]
log = logging.getLogger(__name__)
BYTES_PER_MB = 1_000_000
SECONDS_PER_MINUTE = 60.0
LOGINS_ENDED_S = 60.0  # between looks for logins of the database that outlived their key


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """While the service runs: its own database is kept running, what makes first answers quick is made.

    What is being made when it ends is finished: nothing still asks the database, or writes, once it has ended.
    """
    settings = get_settings()
    embedded = settings.database_url is None
    with kept_running(Cluster(settings.home)) if embedded else nullcontext():
        results_in_memory.prepare(partial(reading, PUBLIC), app.state.served.current)
        app.state.ready_plots.prepare(app.state.served.current)
        coloured_grids.prepare(partial(reading, PUBLIC))
        upkeep = asyncio.create_task(_keep_up(app.state.refused_keys))
        try:
            yield
        finally:
            upkeep.cancel()
            await run_in_threadpool(BACKGROUND.end)


async def _keep_up(refused: sign_in.RefusedKeys) -> None:
    """As long as the service runs, end logins whose keys have expired, and enter keys that were refused."""

    def keep_up() -> None:
        with noting() as connection:
            end_key_logins(connection)
        refused.enter()

    while True:
        await asyncio.sleep(LOGINS_ENDED_S)
        try:
            await run_in_threadpool(keep_up)
        except LayersError:
            pass  # while the database is away nobody is logged in, and what was refused is entered later
        except Exception:  # whatever it is, the next try may go better
            log.exception("logins of keys that have ended could not be looked for, or refused keys not entered")


def create_app() -> FastAPI:
    """Return the service on the database and folders of the settings."""
    settings = get_settings()
    app = FastAPI(
        lifespan=_lifespan,
        title="Obod",
        version=metadata.version("obod"),
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
    )
    app.state.served = SnapshotCache(partial(reading, PUBLIC))
    app.state.raster_files = RasterFiles(reading)
    for name in KINDS:
        Folder.of(name)  # counted in /metrics from the start
    app.state.tiles = TileCache(Folder.of("tiles"), settings.tiles_in_memory_mb * BYTES_PER_MB)
    features = Folder.of("features") if settings.plots_as_text else None
    app.state.ready_plots = ReadyPlots(features, partial(reading, PUBLIC, timeout_s=settings.export_seconds))
    app.state.exports = Exports(Folder.of("exports"))
    app.state.callers = Callers()
    app.state.refused_keys = sign_in.RefusedKeys()
    app.state.asking = jobs.Asking()
    app.state.atlas = Atlas()
    app.state.district_list = Memo("districts", most=1)
    app.state.priorities = Memo("priorities", most=priorities.BANDS_KEPT)
    app.state.maps_entered = Memo("maps in the audit log", most=tiles.MAPS_KEPT, good_for_s=tiles.MAP_ENTERED_S)
    app.state.metrics = health.Metrics()
    app.state.error_page = error_page.error_page
    add_error_handlers(app)
    for module in (
        found,
        planner,
        plot_list,
        rows,
        plot_page,
        sign_in,
        report,
        comparison,
        after_repair,
        disagreements,
        maps,
        districts,
        priorities,
        plots,
        remarks,
        explanations,
        ways,
        water,
        scenarios,
        scenario_writing,
        water_page,
        plot_numbers,
        matches,
        tiles,
        trial,
        schemes,
        jobs,
        catalogue,
        health,
        docs,
        assets,
    ):
        app.include_router(module.router)
    of_plots, of_water = (
        (matches.PlotMatches, trial.PlotTrial, *remarks.MODELS, *schemes.MODELS, *jobs.MODELS),
        (*water.MODELS, *scenario_shares.MODELS, *scenarios.MODELS, *scenario_writing.MODELS, *disagreements.MODELS),
    )
    describe_with(app, (*district_answers.MODELS, *answers.MODELS, *of_plots, *of_water))
    # The last one added is the first a request meets.
    app.add_middleware(SignIns)
    app.add_middleware(Compression)
    app.add_middleware(Tags)
    app.add_middleware(Ranges)
    app.add_middleware(Acceptance)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD"],
        allow_headers=["Authorization", "X-API-Key", "If-None-Match", "If-Range", "Range"],
        expose_headers=EXPOSED,
    )
    app.add_middleware(Protection)
    app.add_middleware(Capacity, at_once=settings.connections + settings.extra_connections)
    answers_bytes = settings.answers_in_memory_mb * BYTES_PER_MB
    app.add_middleware(FinishedAnswers, served=app.state.served, memory_bytes=answers_bytes)
    app.add_middleware(Heads)
    app.add_middleware(
        Rates,
        requests_per_second=settings.requests_per_second,
        bytes_per_second=settings.mb_per_minute * BYTES_PER_MB / SECONDS_PER_MINUTE,
        reader_s=settings.reader_seconds,
        with_loopback=bool(settings.proxy_networks),
    )
    app.add_middleware(
        Proxies, root_path=settings.root_path, trusted=settings.proxy_networks, hosts=settings.host_names
    )
    app.add_middleware(health.Measured, metrics=app.state.metrics)
    app.add_middleware(OwnLogin)
    return app
