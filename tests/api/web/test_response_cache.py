"""Finished public tiles and pages are answered before routing: the same answer, and none that is not true any more."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from starlette.types import Message, Receive, Scope, Send

from api import deps
from api.routes import plots, tiles
from api.web.response_cache import AT_ONCE, LONGEST_KEY, FinishedAnswers
from layers.cache.folders import Folder
from layers.catalogue.base import STAFF
from layers.records.snapshot import SnapshotCache
from layers.schema.access import create_key
from layers.tiles.cache import TileCache
from tests.clients.service import read_again, shown, state
from tests.worlds.three_districts import OTHER, RASHT, Land

TILE = "/tiles/plots/15/22789/12520.mvt"  # holds the corner of the plots of Rasht
FAR = "/tiles/plots/12/2843/1566.mvt"  # Nurobod
PAGE = f"/districts/{RASHT}/plots?limit=50"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that reached the route of vector tiles."""
    reached: list[str] = []
    answer = tiles._answer

    def noted(one: tiles.TileQuery, *rest: Any) -> object:
        reached.append(one.request.url.path)
        return answer(one, *rest)

    monkeypatch.setattr(tiles, "_answer", noted)
    return reached


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for every page that was made."""
    reached: list[int] = []
    packed = deps.packed

    def noted(*asked: Any) -> Any:
        reached.append(1)
        return packed(*asked)

    monkeypatch.setattr(plots, "packed", noted)
    return reached


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
    monkeypatch.setattr("api.web.response_cache.WARMED", 1)
    for address in (TILE, TILE, TILE, FAR):
        service.get(address)
    made, keep = threading.Event(), FinishedAnswers._keep

    def noted(self: FinishedAnswers, key: Any, *rest: Any) -> None:
        keep(self, key, *rest)
        if key[0] == TILE:
            made.set()

    monkeypatch.setattr(FinishedAnswers, "_keep", noted)
    reached: list[str] = []
    with shown(database, land.runs[OTHER]):
        read_again(service)
        service.get(FAR)
        assert made.wait(30)
        answer = tiles._answer

        def counted(*asked: Any) -> object:
            reached.append("route")
            return answer(*asked)

        monkeypatch.setattr(tiles, "_answer", counted)
        assert service.get(TILE).status_code == 200
        assert reached == []
    read_again(service)


def test_an_old_snapshot_is_read_again_and_what_it_still_holds_for_is_given(
    service: TestClient, asked: list[str], made: list[int]
) -> None:
    for address in (TILE, PAGE):
        first = service.get(address)
        before = state(service).current()
        state(service)._read_at = float("-inf")
        assert service.get(address).headers == first.headers
        assert state(service).kept() is before
    assert (asked, made) == ([TILE], [1])


def test_what_is_kept_is_bounded_and_the_last_asked_stays(service: TestClient, made: list[int]) -> None:
    pages = [f"{PAGE}&min_score={score}" for score in (1, 2, 3)]
    plain = {"Accept-Encoding": "identity"}
    sizes = [len(service.get(page, headers=plain).content) for page in pages]
    kept = keeper(service)
    kept._answers.most_bytes = sum(sizes) - 1
    kept._answers.clear()
    made.clear()
    for page in (pages[0], pages[2], pages[1], pages[2], pages[0], pages[2]):
        service.get(page, headers=plain)
    assert len(made) == 4
    assert 0 < kept._answers.held_bytes < sum(sizes)
    kept._largest = sizes[0] - 1
    for _ in range(2):
        assert service.get(f"{PAGE}&min_score=0", headers=plain).status_code == 200
    assert len(made) == 6


def test_files_are_not_kept_and_hold_up_no_page(service: TestClient, land: Land, database: Engine) -> None:
    files = [f"/districts/{RASHT}/plots?f=csv", f"/districts/{RASHT}/plots?limit=all"]
    with ThreadPoolExecutor(8) as crowd:
        answers = [crowd.submit(service.get, address) for address in files * 6]
        assert service.get(PAGE).status_code == 200
    assert {len(one.result().content) for one in answers} == {len(service.get(address).content) for address in files}
    assert {key.of_page[0] for key, _ in keeper(service)._answers.items() if key.of_page} == {b"limit=50"}
    with shown(database, land.runs[OTHER]):
        read_again(service)
        assert service.get(PAGE).json()["run"] == land.runs[OTHER]
    read_again(service)


def keeper(client: TestClient) -> FinishedAnswers:
    """The keeper of answers of a service."""
    assert isinstance(client.app, FastAPI)
    layer: Any = client.app.middleware_stack
    while not isinstance(layer, FinishedAnswers):
        layer = layer.app
    return layer


class Snapshots:
    """Stands for what is served: a snapshot is never fresh, as when a minute passes between two requests."""

    def __init__(self) -> None:
        self.now: Any = object()

    def kept(self) -> None:
        return None

    def current(self) -> Any:
        return self.now


class Answering:
    """Stands for the service behind the keeper: a small public answer to everything."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        fields = [(b"etag", b'"a"'), (b"content-length", b"4"), (b"cache-control", b"public")]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": b"body"})


def scope_of(address: str) -> Scope:
    path, _, query = address.partition("?")
    plain = {"type": "http", "method": "GET", "scheme": "http", "root_path": "", "headers": []}
    return {**plain, "path": path, "query_string": query.encode()}


async def ask(kept: FinishedAnswers, address: str) -> list[Message]:
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    await kept(scope_of(address), AsyncMock(), send)
    return said


def test_all_that_was_asked_for_most_is_made_again_however_long_that_takes() -> None:
    async def change_and_wait() -> list[str]:
        answering, snapshots = Answering(), Snapshots()
        kept = FinishedAnswers(answering, cast(SnapshotCache, snapshots))
        for address in (TILE, FAR):
            await ask(kept, address)
        snapshots.now = object()
        await ask(kept, FAR)
        assert kept._warming is not None
        await kept._warming
        return answering.paths

    paths = asyncio.run(change_and_wait())
    assert paths.count(TILE) == 2


def test_who_gives_up_waiting_for_a_place_leaves_it_and_the_answer_to_others() -> None:
    async def give_up() -> list[Message]:
        kept = FinishedAnswers(Answering(), cast(SnapshotCache, Snapshots()))
        for _ in range(AT_ONCE):
            await kept._places.acquire()
        given_up = asyncio.create_task(ask(kept, PAGE))
        while not kept._making:
            await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        for _ in range(AT_ONCE):
            kept._places.release()
        answer = await asyncio.wait_for(ask(kept, PAGE), 30)
        assert kept._places._value == AT_ONCE
        return answer

    assert asyncio.run(give_up())[1]["body"] == b"body"


def test_what_asks_counts_as_well_and_an_endless_one_is_not_kept(service: TestClient) -> None:
    kept = keeper(service)
    before = {key for key, _ in kept._answers.items()}
    for fields in ({"Accept": "*/*, " + "a" * LONGEST_KEY}, {"Accept": "*/*"}):
        assert service.get(PAGE, headers=fields).status_code == 200
    assert [key.of_page[2] for key, _ in kept._answers.items() if key not in before and key.of_page] == [b"*/*"]
    sizes = [(len(answer.body["body"]), answer) for _, answer in kept._answers.items()]
    assert kept._answers.held_bytes > sum(size for size, _ in sizes) + 1_000 * len(sizes)


def test_finished_answers_are_counted_under_their_route(service: TestClient) -> None:
    for _ in range(3):
        service.get(TILE)
    counted = service.get("/metrics").text
    line = 'obod_requests_total{method="GET",route="/tiles/{layer}/{z}/{x}/{y}.mvt",status="200"} 3.0'
    assert line in counted


def test_metrics_tell_hits_size_and_age_of_what_is_kept(service: TestClient) -> None:
    def told(metric: str, cache: str, where: str = "memory") -> float:
        line = f'{metric}{{cache="{cache}",where="{where}"}} '
        (found,) = [said for said in service.get("/metrics").text.splitlines() if said.startswith(line)]
        return float(found.removeprefix(line))

    size = len(service.get(TILE, headers={"Accept-Encoding": "identity"}).content)
    before = told("obod_cache_hits_total", "answers")
    for _ in range(3):
        service.get(TILE, headers={"Accept-Encoding": "identity"})
    assert told("obod_cache_hits_total", "answers") == before + 3
    assert told("obod_cache_misses_total", "answers") > 0
    assert told("obod_cache_entries", "answers") >= 1
    assert told("obod_cache_limit_bytes", "answers") >= told("obod_cache_bytes", "answers") >= size
    assert told("obod_cache_age_seconds", "answers") > 0


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
    file = service.get(PAGE, headers={"Accept": "text/csv"})
    assert file.headers["content-type"].startswith("text/csv")


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


def test_a_page_of_a_new_run_is_seen(service: TestClient, made: list[int], land: Land, database: Engine) -> None:
    before = service.get(PAGE)
    with shown(database, land.runs[OTHER]):
        read_again(service)
        assert service.get(PAGE).json()["run"] == land.runs[OTHER] != before.json()["run"]
    read_again(service)
    assert service.get(PAGE).content == before.content
    assert len(made) >= 3


def test_a_crowd_lets_a_page_be_made_once(
    service: TestClient, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end, answer = threading.Event(), plots._page
    monkeypatch.setattr(plots, "_page", lambda *asked: may_end.wait(30) and answer(*asked))
    with ThreadPoolExecutor(8) as crowd:
        answers = [crowd.submit(service.get, PAGE) for _ in range(24)]
        others = [crowd.submit(service.get, f"{PAGE}&min_score={score}") for score in range(2 * AT_ONCE)]
        may_end.set()
    assert len({one.result().content for one in answers}) == 1
    assert {one.result().status_code for one in others} == {200}
    assert len(made) == 1 + len(others)


def test_who_has_an_answer_that_is_not_kept_is_told_so_too(service: TestClient) -> None:
    for address in (f"{TILE}?district={RASHT}", "/static/css/map.css"):
        first = service.get(address)
        again = service.get(address, headers={"If-None-Match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
        assert again.headers["vary"] == first.headers["vary"]
        assert "content-type" not in again.headers


def test_no_filter_takes_the_place_of_the_tile_everybody_gets(service: TestClient, tmp_path: Path) -> None:
    assert isinstance(service.app, FastAPI)
    whole = service.get(TILE).content
    service.app.state.tiles = TileCache(Folder("tiles", tmp_path, 1_000_000_000))
    try:
        of_district = service.get(f"{TILE}?district={RASHT}").content
        kept = {path.name for path in tmp_path.rglob("*.mvt")}
        for number in range(3):
            assert service.get(f"{TILE}?district=nowhere-{number}").status_code == 400
        assert {path.name for path in tmp_path.rglob("*.mvt")} == kept
        keeper(service)._answers.clear()
        assert service.get(TILE).content == whole == of_district
    finally:
        service.app.state.tiles = TileCache(Folder.of("tiles"))
