"""The proxy that ships, with a real nginx: what it passes on, what it keeps, and whom the service sees behind it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection

import httpx2 as httpx
import pytest

from tests.clients.browser import served
from tests.clients.nginx import proxied
from tests.clients.process import other_settings
from tests.worlds.three_districts import RASHT, Land

TILE = "/tiles/plots/15/22789/12520.mvt"
PLAIN = {"Accept-Encoding": "identity"}


@contextmanager
def behind_nginx(watchers: str = "", **variables: str) -> Iterator[httpx.Client]:
    """A client of the proxy before a service that trusts it."""
    with (
        other_settings(TRUSTED_PROXIES="127.0.0.1", **{name.upper(): value for name, value in variables.items()}),
        served() as service,
        proxied(service, watchers=watchers) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        yield client


def status_of(client: httpx.Client, address: str) -> int:
    """Status of what is at an address as it is written; clients tidy it up otherwise."""
    with closing(HTTPConnection(client.base_url.host, client.base_url.port)) as connection:
        connection.request("GET", address)
        return connection.getresponse().status


def test_counts_and_docs_are_not_passed_on_unless_asked(land: Land) -> None:
    assert land.rows
    shut = ("/metrics", "/docs", "/metrics/", "//metrics", "/./docs", "/%6detrics", "/obod/metrics", "/obod/docs")
    with behind_nginx(root_path="/obod") as client:
        for address in shut:
            assert status_of(client, address) == 403, address
        for address in ("/", "/healthz", "/obod/readyz", "/districts"):
            assert client.get(address).status_code == 200, address
    with behind_nginx(watchers="allow 127.0.0.1;") as client:
        assert "obod_requests_total" in client.get("/metrics").text
        assert "swagger-ui" in client.get("/docs").text


def test_the_service_knows_how_the_proxy_was_addressed_and_strangers_cannot_say(land: Land) -> None:
    assert land.rows
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil", "X-Forwarded-Proto": "gopher"}
    with behind_nginx(root_path="/obod") as client:
        for fields in ({}, forged):
            told = client.get("/obod/tiles/plots.json", headers=fields).json()["tiles"]
            assert told == [f"{str(client.base_url).rstrip('/')}/obod/tiles/plots/{{z}}/{{x}}/{{y}}.mvt"]


def test_each_address_behind_the_proxy_has_a_rate_of_its_own(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    assert land.rows
    waits: list[float] = []

    async def note(seconds: float, result: bool | None = None) -> bool | None:
        if seconds:
            waits.append(round(seconds))
        return result

    monkeypatch.setattr("api.web.rates.sleep", note)
    monkeypatch.setattr("api.web.rates.time.monotonic", lambda: 1_000.0)
    with behind_nginx(requests_per_second="0.1") as client:
        for visitor, expected in (("192.0.2.1", []), ("192.0.2.2", []), ("192.0.2.1", [10]), ("192.0.2.1", [10, 20])):
            assert client.get("/districts", headers={"X-Forwarded-For": visitor}).status_code == 200
            assert waits == expected


def test_a_tile_is_kept_packed_and_plain_apart_and_lists_come_as_asked(land: Land) -> None:
    assert land.rows
    with behind_nginx() as client:
        plain = client.get(TILE, headers=PLAIN)
        assert plain.status_code == 200
        assert "content-encoding" not in plain.headers
        for _ in range(2):
            with client.stream("GET", TILE, headers={"Accept-Encoding": "gzip"}) as packed:
                assert packed.headers["content-encoding"] == "gzip"
                assert gzip.decompress(b"".join(packed.iter_raw())) == plain.content
        tag = plain.headers["etag"]
        assert client.get(TILE, headers={**PLAIN, "If-None-Match": tag}).status_code == 304
        listed = f"/districts/{RASHT}/plots?limit=all"
        whole = client.get(listed, headers=PLAIN)
        for coding in ("gzip", "br", "zstd"):
            with client.stream("GET", listed, headers={"Accept-Encoding": coding}) as found:
                assert found.headers["content-encoding"] == coding
        assert client.get(listed, headers={"Accept-Encoding": "gzip"}).content == whole.content
        assert client.head(f"/districts/{RASHT}/plots?f=csv").status_code == 200
        part = client.get(f"/districts/{RASHT}/plots?f=fgb", headers={"Range": "bytes=0-3", **PLAIN})
        assert (part.status_code, part.content) == (206, b"fgb\x03")


def test_what_a_key_opens_is_never_kept(land: Land) -> None:
    assert land.rows
    with behind_nginx() as client:
        assert client.get(TILE).status_code == 200
        assert client.get(TILE, headers={"X-API-Key": "no such key"}).status_code == 401
        assert client.get(TILE, headers={"Authorization": "Bearer no such key"}).status_code == 401
        assert client.get(TILE).status_code == 200
