"""Whether the service lives, whether it can answer, and what it has been doing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.deps import JSON, json_answer
from api.routes.answers import Standby
from api.web.description import given
from layers.cache.census import take_census
from layers.errors import LayersError
from layers.postgres.engine import reading
from layers.records.snapshot import require_publications
from layers.runs.pending_draws import count_pending

router = APIRouter(tags=["health"], default_response_class=Response)

BUCKETS_S: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})  # counted by name
OTHER: Final = "other"  # whatever else a visitor makes up: each name would be kept for good
READY_S: Final = 2.0  # seconds within which the database has to answer


class Metrics:
    """Counts and times of the requests of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "obod_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "obod_request_seconds", "Time until the answer began", ["route"], registry=self.registry, buckets=BUCKETS_S
        )
        self.sent = Counter("obod_sent_bytes", "Bytes of answers", ["route"], registry=self.registry)
        self.registry.register(CacheMetrics())
        self.registry.register(DrawMetrics())


class CacheMetrics(Collector):
    """What is kept in memory and on disk, counted when it is asked for."""

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of all caches."""
        labels = ["cache", "where"]
        hits = CounterMetricFamily("obod_cache_hits", "Look-ups that found what was kept", labels=labels)
        misses = CounterMetricFamily("obod_cache_misses", "Look-ups that did not", labels=labels)
        entries = GaugeMetricFamily("obod_cache_entries", "Entries held", labels=labels)
        size = GaugeMetricFamily("obod_cache_bytes", "Bytes held, where they are bounded", labels=labels)
        most = GaugeMetricFamily("obod_cache_limit_bytes", "Bytes held at most", labels=labels)
        age = GaugeMetricFamily("obod_cache_age_seconds", "Time since the oldest entry was made", labels=labels)
        families: tuple[CounterMetricFamily | GaugeMetricFamily, ...] = (hits, misses, entries, size, most, age)
        for found in take_census():
            of = [found.name, found.where]
            values = (found.hits, found.misses, found.entries, found.size_bytes, found.most_bytes, found.oldest_s)
            for family, value in zip(families, values, strict=True):
                if value is not None:
                    family.add_metric(of, value)
        yield from families


class DrawMetrics(Collector):
    """How far the draws of what is shown are, looked up when it is asked for; nothing while the database is away."""

    def collect(self) -> Iterator[Metric]:
        """Yield districts shown whose draws are stored, and those whose are not."""
        try:
            with reading(timeout_s=READY_S) as connection:
                pending, shown = count_pending(connection)
        except LayersError:
            return
        told = "Districts shown, by whether the draws of their run are stored"
        family = GaugeMetricFamily("obod_draws_districts", told, labels=["state"])
        family.add_metric(["drawn"], shown - pending)
        family.add_metric(["pending"], pending)
        yield family


class Measured:
    """ASGI middleware that counts requests by route, never by address: an address may name a plot."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        # Looking up what is counted takes longer than counting; there are as many as routes and statuses.
        self._seconds = cache(metrics.seconds.labels)
        self._requests = cache(metrics.requests.labels)
        self._sent = cache(metrics.sent.labels)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and note how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        sent = 0

        async def noted(message: Message) -> None:
            nonlocal sent
            if message["type"] == "http.response.start":
                route = _route(scope)
                self._seconds(route).observe(time.perf_counter() - began)
                method = scope["method"] if scope["method"] in METHODS else OTHER
                self._requests(method, route, str(message["status"])).inc()
            sent += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            self._sent(_route(scope)).inc(sent)


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path_format", OTHER))


@router.get("/healthz", summary="Does the service live?", responses=given({JSON: Standby}))
def get_health() -> Response:
    """Answers as long as the process runs."""
    return json_answer({"status": "ok"})


@router.get("/readyz", summary="Can the service answer?", responses=given({JSON: Standby}))
def get_readiness() -> Response:
    """Answers 200 when the database is reached and of the form this code needs, 503 otherwise."""
    with reading(timeout_s=READY_S) as connection:
        require_publications(connection)
    return json_answer({"status": "ready"})


@router.get("/metrics", summary="Metrics for Prometheus", responses=given({"text/plain": None}))
def get_metrics(request: Request) -> Response:
    """Counts, times and bytes by route, in the text format of Prometheus."""
    metrics: Metrics = request.app.state.metrics
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
