"""Public pages are made once while what is served stands: the same answer, and none that is not true any more."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from served_land import OTHER, RASHT, Land
from sqlalchemy import Engine, text

from api import plots
from api.kept import AT_ONCE, KeptAnswers
from api.main import create_app
from layers.access import create_key
from layers.base import STAFF

PAGE = f"/districts/{RASHT}/plots?limit=50"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for every page that was read from the database."""
    reached: list[int] = []
    read = plots.read_page

    def noted(*asked: Any, **more: Any) -> Any:
        reached.append(1)
        return read(*asked, **more)

    monkeypatch.setattr(plots, "read_page", noted)
    return reached


@pytest.fixture
def service(land: Land, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A service whose snapshot is read again only when a test says so."""
    assert land.rows
    monkeypatch.setattr("layers.served.KEPT_S", 3600.0)
    with TestClient(create_app()) as client:
        yield client


def app(client: TestClient) -> FastAPI:
    assert isinstance(client.app, FastAPI)
    return client.app


def test_the_second_page_is_the_first_and_is_not_made_again(service: TestClient, made: list[int]) -> None:
    first, second = service.get(PAGE), service.get(PAGE)
    assert len(made) == 1
    assert second.content == first.content
    assert second.headers == first.headers
    assert first.headers["cache-control"] == "no-cache"
    assert len(first.json()["features"]) == 50
    unchanged = service.get(PAGE, headers={"If-None-Match": f'"none", W/{first.headers["etag"]}'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == first.headers["etag"]
    assert service.get(PAGE, headers={"If-None-Match": '"other"'}).status_code == 200
    assert len(made) == 1


def test_another_query_encoding_or_host_is_another_page(service: TestClient, made: list[int]) -> None:
    page = service.get(PAGE)
    plain = service.get(PAGE, headers={"Accept-Encoding": "identity"})
    elsewhere = service.get(PAGE, headers={"Host": "plots.example.org"})
    best = service.get(f"{PAGE}&class=S1")
    assert len(made) == 4
    assert plain.content == page.content
    assert "content-encoding" not in plain.headers
    assert plain.headers["etag"] != page.headers["etag"]
    assert elsewhere.json()["links"][0]["href"].startswith("http://plots.example.org/")
    assert {plot["properties"]["class"] for plot in best.json()["features"]} == {"S1"}


def test_what_staff_may_read_is_made_for_them_alone(service: TestClient, made: list[int], database: Engine) -> None:
    with database.begin() as connection:
        key = create_key(connection, STAFF, "kept pages")
    for _ in range(2):
        own = service.get(PAGE, headers={"X-API-Key": key})
        assert "right_class" in own.json()["features"][0]["properties"]
        assert own.headers["cache-control"] == "private, no-store"
        assert "etag" not in own.headers
        assert "right_class" not in service.get(PAGE).json()["features"][0]["properties"]
    assert len(made) == 3


def test_a_new_run_is_seen(service: TestClient, made: list[int], land: Land, database: Engine) -> None:
    change = text("UPDATE publications SET run_id = :run WHERE district = :district AND run_id = :before AND shown")
    before = service.get(PAGE).json()["run"]
    run = {"district": RASHT, "before": before, "run": land.runs[OTHER]}
    served = app(service).state.served
    with database.begin() as connection:
        connection.execute(change, run)
    try:
        served._read_at = float("-inf")
        assert service.get(PAGE).json()["run"] == land.runs[OTHER] != before
    finally:
        with database.begin() as connection:
            connection.execute(change, run | {"before": run["run"], "run": before})
    served._read_at = float("-inf")
    assert service.get(PAGE).json()["run"] == before
    assert len(made) == 3


def test_a_crowd_lets_a_page_be_made_once_for_each_place_there_is(service: TestClient, made: list[int]) -> None:
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: service.get(PAGE).content, range(24)))
    assert set(answers) == {answers[0]}
    assert 1 <= len(made) <= AT_ONCE


def test_what_is_kept_is_bounded_and_the_last_asked_stays(service: TestClient, made: list[int]) -> None:
    pages = [f"{PAGE}&min_score={score}" for score in (1, 2, 3)]
    for page in pages:
        size = len(service.get(page, headers={"Accept-Encoding": "identity"}).content)
    app(service).state.answers = kept = KeptAnswers(memory_bytes=2 * size + 5_000, largest=2 * size)
    made.clear()
    for page in (*pages, pages[-1], pages[0]):
        service.get(page, headers={"Accept-Encoding": "identity"})
    assert len(made) == 4
    assert 0 < kept.held_bytes <= 2 * size + 5_000
    app(service).state.answers = kept = KeptAnswers(largest=size - 10_000)
    assert service.get(PAGE, headers={"Accept-Encoding": "identity"}).status_code == 200
    assert kept.held_bytes == 0
