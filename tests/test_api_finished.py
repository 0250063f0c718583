"""Finished public tiles are answered before routing: the same answer, and none that is not true any more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from served_land import OTHER, RASHT, Land
from sqlalchemy import Engine, text

from api import tiles
from api.finished import FinishedTiles
from api.main import create_app
from layers.access import create_key
from layers.base import STAFF
from layers.served import ServedState

TILE = "/tiles/plots/15/22789/12520.mvt"  # holds the corner of the plots of Rasht
FAR = "/tiles/plots/12/2843/1566.mvt"  # Nurobod


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that reached the route of vector tiles."""
    reached: list[str] = []
    answer = tiles._answer

    def noted(one: tiles.Asked, *rest: object) -> object:
        reached.append(one.request.url.path)
        return answer(one, *rest)

    monkeypatch.setattr(tiles, "_answer", noted)
    return reached


@pytest.fixture
def service(land: Land, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A service whose snapshot is read again only when a test says so."""
    assert land.rows
    monkeypatch.setattr("layers.served.KEPT_S", 3600.0)
    with TestClient(create_app()) as client:
        client.get("/readyz")
        state(client).current()
        yield client


def state(client: TestClient) -> ServedState:
    assert isinstance(client.app, FastAPI)
    found = client.app.state.served
    assert isinstance(found, ServedState)
    return found


def read_again(client: TestClient) -> None:
    state(client)._read_at = float("-inf")
    state(client).current()


@contextmanager
def shown(database: Engine, run: int) -> Iterator[None]:
    """Show a run in Rasht, then again the one that was shown."""
    found = text("SELECT run_id FROM publications WHERE district = :district AND shown")
    statement = text("UPDATE publications SET run_id = :run WHERE district = :district AND shown")
    with database.begin() as connection:
        before = connection.execute(found, {"district": RASHT}).scalar_one()
        connection.execute(statement, {"run": run, "district": RASHT})
    try:
        yield
    finally:
        with database.begin() as connection:
            connection.execute(statement, {"run": before, "district": RASHT})


def test_the_second_answer_is_the_first_without_the_route(service: TestClient, asked: list[str]) -> None:
    first, second = service.get(TILE), service.get(TILE)
    assert asked == [TILE]
    assert second.content == first.content != b""
    assert second.headers == first.headers
    assert second.headers["content-security-policy"]
    unchanged = service.get(TILE, headers={"If-None-Match": f'"none", W/{first.headers["etag"]}'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == first.headers["etag"]
    assert unchanged.headers["cache-control"] == first.headers["cache-control"]
    assert not {"content-length", "content-encoding", "content-type"} & unchanged.headers.keys()
    assert service.get(TILE, headers={"If-None-Match": '"other"'}).status_code == 200
    assert asked == [TILE]


def test_unpacked_and_foreign_answers_are_apart(service: TestClient, asked: list[str]) -> None:
    packed = service.get(TILE)
    plain = service.get(TILE, headers={"Accept-Encoding": "identity"})
    foreign = service.get(TILE, headers={"Origin": "https://example.org"})
    assert len(asked) == 3
    for _ in range(2):
        assert service.get(TILE, headers={"Accept-Encoding": "identity"}).headers == plain.headers
        assert service.get(TILE, headers={"Origin": "https://example.org"}).headers == foreign.headers
    assert len(asked) == 3
    assert packed.content == plain.content
    assert plain.headers.get("content-encoding") is None
    assert foreign.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in packed.headers


def test_a_key_a_query_and_a_fault_pass_through(service: TestClient, asked: list[str], database: Engine) -> None:
    with database.begin() as connection:
        key = create_key(connection, STAFF, "finished tiles")
    service.get(TILE)
    for _ in range(2):
        assert service.get(TILE, headers={"X-API-Key": key}).status_code == 200
        assert service.get(TILE, headers={"Authorization": f"Bearer {key}"}).status_code == 200
        assert service.get(TILE, headers={"X-API-Key": "wrong"}).status_code == 401
        assert service.get(f"{TILE}?district={RASHT}").status_code == 200
        assert service.get("/tiles/pastures/12/2848/1564.mvt").status_code == 404
        assert service.get("/tiles/plots/23/0/0.mvt").status_code == 404
    assert len(asked) == 1 + 2 * 3


def test_a_new_run_is_seen_at_once_and_where_it_changed_nothing_the_tag_stays(
    service: TestClient, asked: list[str], land: Land, database: Engine
) -> None:
    before = {address: service.get(address) for address in (TILE, FAR)}
    with shown(database, land.runs[OTHER]):
        read_again(service)
        after = {address: service.get(address) for address in (TILE, FAR)}
        assert after[TILE].headers["etag"] != before[TILE].headers["etag"]
        assert after[TILE].content != before[TILE].content
        assert after[FAR].headers["etag"] == before[FAR].headers["etag"]
        assert asked.count(TILE) >= 2
    read_again(service)
    assert service.get(TILE).headers["etag"] == before[TILE].headers["etag"]


def test_what_was_asked_for_most_is_made_again_after_a_change_before_somebody_asks(
    service: TestClient, monkeypatch: pytest.MonkeyPatch, land: Land, database: Engine
) -> None:
    monkeypatch.setattr("api.finished.WARMED", 1)
    for address in (TILE, TILE, TILE, FAR):
        service.get(address)
    made, keep = threading.Event(), FinishedTiles._keep

    def noted(self: FinishedTiles, key: Any, *rest: Any) -> None:
        keep(self, key, *rest)
        if key[0] == TILE:
            made.set()

    monkeypatch.setattr(FinishedTiles, "_keep", noted)
    reached: list[str] = []
    with shown(database, land.runs[OTHER]):
        read_again(service)
        service.get(FAR)
        assert made.wait(30)
        answer = tiles._answer
        monkeypatch.setattr(tiles, "_answer", lambda *asked: reached.append("route") or answer(*asked))
        assert service.get(TILE).status_code == 200
        assert reached == []
    read_again(service)


def test_an_old_snapshot_passes_through(service: TestClient, asked: list[str]) -> None:
    service.get(TILE)
    state(service)._read_at = float("-inf")
    service.get(TILE)
    assert asked == [TILE, TILE]


def test_what_is_kept_is_bounded_and_the_last_asked_stays(service: TestClient) -> None:
    app = service.app
    kept = FinishedTiles(app, state(service))
    with TestClient(kept) as client:
        client.get(TILE)
        size = kept._held
        kept._memory_bytes = size
        client.get(FAR)
        assert 0 < kept._held <= size
        assert len(kept._answers) == 1


def test_finished_answers_are_counted_under_their_route(service: TestClient) -> None:
    for _ in range(3):
        service.get(TILE)
    counted = service.get("/metrics").text
    line = 'obod_requests_total{method="GET",route="/tiles/{layer}/{z}/{x}/{y}.mvt",status="200"} 3.0'
    assert line in counted
