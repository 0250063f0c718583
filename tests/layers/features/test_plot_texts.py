"""Plots as text at hand are what the database writes, of what is served now, and hold nothing but what is public."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from api.main import create_app
from layers.cache.folders import Folder
from layers.catalogue.base import PUBLIC
from layers.errors import LayersError
from layers.features import plot_texts
from layers.features.filters import plot_conditions, sort_keys
from layers.features.paging import Listing, read_page, read_ready_page
from layers.features.plot_texts import ReadyPlots
from layers.features.plots import by_class_and_score, in_district, scored_plots
from layers.features.text_store import BETWEEN, FeatureTexts, read, write
from layers.postgres.engine import reading
from layers.records.snapshot import Run, Snapshot, read_snapshot
from tests.clients.service import shown
from tests.worlds.three_districts import CANARY, COUNTS, OTHER, PARTNERS_CANARY, QUBODIYON, RASHT, Land


@pytest.fixture
def served(land: Land) -> Snapshot:
    """What is served on the small land."""
    assert land.rows
    with reading(PUBLIC) as connection:
        return read_snapshot(connection)


def folder_of(path: Path) -> Folder:
    return Folder("features", path, 1_000_000_000)


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReadyPlots:
    """Texts in a folder of the test's own, written when they are asked for, at once."""
    monkeypatch.setattr("layers.cache.background.Background.ask", lambda _self, _key, work: work())
    return ReadyPlots(folder_of(tmp_path), partial(reading, PUBLIC))


def run_in(served: Snapshot, district: str) -> Run | None:
    found = served.shown.get(district)
    return found.run if found else None


def texts_of(ready: ReadyPlots, served: Snapshot, district: str) -> FeatureTexts:
    run = run_in(served, district)
    found = ready.of(served, district, run) or ready.of(served, district, run)
    assert found is not None
    return found


def listing(served: Snapshot, district: str, sortby: str | None = None, **filters: list[str]) -> Listing:
    run = run_in(served, district)
    features = scored_plots(PUBLIC, {} if run is None else {district: run})
    conditions = [in_district(district), *plot_conditions(features, filters)]
    return Listing(features, conditions, sort_keys(features, sortby) or by_class_and_score(features))


@pytest.mark.parametrize("district", [RASHT, QUBODIYON])
def test_pages_are_those_the_database_writes(ready: ReadyPlots, served: Snapshot, district: str) -> None:
    texts = texts_of(ready, served, district)
    asked, after, pages = listing(served, district), None, 0
    with reading(PUBLIC) as connection:
        while True:
            expected = read_page(connection, asked, limit=60, after=after)
            assert read_ready_page(texts, asked, limit=60, after=after) == expected
            assert read_page(connection, asked, limit=60, after=after, texts=texts) == expected
            pages += 1
            if (after := expected.next) is None:
                break
        for sortby, filters in (("-score", {}), (None, {"class": ["S1"]}), ("jamoat,-area_ha", {"min_score": ["40"]})):
            found = listing(served, district, sortby, **filters)
            expected = read_page(connection, found, limit=25)
            assert read_page(connection, found, limit=25, texts=texts) == expected
    assert pages == -(-COUNTS[district] // 60)


def test_nothing_but_what_is_public_is_written(ready: ReadyPlots, served: Snapshot) -> None:
    written = bytes(texts_of(ready, served, RASHT).text)
    assert CANARY.encode() not in written
    assert PARTNERS_CANARY.encode() not in written
    features = orjson.loads(b"[" + written[: -len(BETWEEN)] + b"]")
    assert len(features) == COUNTS[RASHT]
    assert list(features[0]["properties"]) == list(scored_plots(PUBLIC, {}).properties)


def test_what_is_not_shown_is_not_at_hand(ready: ReadyPlots, served: Snapshot, land: Land, tmp_path: Path) -> None:
    assert ready.of(served, RASHT, served.runs[land.runs[OTHER]]) is None
    assert ready.of(served, QUBODIYON, served.runs[land.runs[OTHER]]) is None
    assert ready.of(served, "XX", None) is None
    nowhere = ReadyPlots(None, partial(reading, PUBLIC))
    assert [nowhere.of(served, RASHT, run_in(served, RASHT)) for _ in range(2)] == [None, None]
    assert not list(tmp_path.iterdir())


def test_another_run_or_other_plots_are_written_anew(
    ready: ReadyPlots, served: Snapshot, land: Land, database: Engine, tmp_path: Path
) -> None:
    first = texts_of(ready, served, RASHT)
    with shown(database, land.runs[OTHER]), reading(PUBLIC) as connection:
        now = read_snapshot(connection, served)
        assert bytes(texts_of(ready, now, RASHT).text) != bytes(first.text)
    assert bytes(texts_of(ready, served, RASHT).text) == bytes(first.text)
    assert len([path for path in tmp_path.iterdir() if path.suffix == ".arrow"]) == 1


def test_what_changed_before_it_was_written_is_not_written(ready: ReadyPlots, served: Snapshot, tmp_path: Path) -> None:
    covered = served.coverage[RASHT]
    older = replace(served, coverage={**served.coverage, RASHT: replace(covered, last_load=covered.last_load - 1)})
    older = replace(older, loads={**older.loads, "plots": older.loads["plots"] - 1})
    assert ready.of(older, RASHT, run_in(older, RASHT)) is None
    assert read(tmp_path / f"plots-{RASHT}.arrow") is None


def test_another_process_finds_what_was_written_and_writes_nothing(
    ready: ReadyPlots, served: Snapshot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    texts = texts_of(ready, served, RASHT)
    monkeypatch.setattr(plot_texts, "write", None)
    other = ReadyPlots(folder_of(tmp_path), partial(reading, PUBLIC))
    assert bytes(texts_of(other, served, RASHT).text) == bytes(texts.text)
    other._write(tmp_path / f"plots-{RASHT}.arrow", served, RASHT, run_in(served, RASHT))


def test_all_districts_are_written_after_the_start_and_pages_are_the_same_then(
    land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert land.rows
    written: list[str] = []
    all_there, begin = threading.Event(), threading.Event()
    make = ReadyPlots._write

    def noted(self: ReadyPlots, target: Path, served: Snapshot, district: str, run: Run | None) -> None:
        assert begin.wait(30)
        make(self, target, served, district, run)
        written.append(district)
        if len(written) == len(COUNTS):
            all_there.set()

    monkeypatch.setattr(ReadyPlots, "_write", noted)
    addresses = [f"/districts/{RASHT}/plots?limit=70{more}" for more in ("", "&sortby=-score", "&class=S1&class=S2")]
    addresses.append(f"/districts/{QUBODIYON}/plots")
    with TestClient(create_app()) as client:
        before = [client.get(address).content for address in addresses]
        begin.set()
        assert all_there.wait(60)
        assert set(written) == set(COUNTS)
    monkeypatch.setattr("layers.features.paging._feature_text", None)  # the database writes nothing any more
    with TestClient(create_app()) as client:
        assert [client.get(address).content for address in addresses] == before


KEYS = st.tuples(st.integers(1, 6), st.none() | st.floats(0, 100, width=32))  # class and score


@given(
    texts=st.dictionaries(st.integers(-(2**63), 2**63 - 1), st.text(max_size=20), max_size=30),
    part=st.integers(1, 7),
    data=st.data(),
)
def test_texts_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, texts: dict[int, str], part: int, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("texts") / "a.arrow"
    rows = [(number, data.draw(KEYS), said) for number, said in data.draw(st.permutations(sorted(texts.items())))]
    write(folder_of(path.parent), path, "1", (rows[at : at + part] for at in range(0, len(rows), part)))
    found = read(path)
    assert found is not None
    version, written = found
    assert version == "1"
    assert written.numbers.tolist() == [number for number, _, _ in rows]
    assert [written.keys_at(place) for place in range(len(rows))] == [list(keys) for _, keys, _ in rows]
    assert [written.place_of(number) for number, _, _ in rows] == list(range(len(rows)))
    first, last = sorted(data.draw(st.lists(st.integers(0, len(rows)), min_size=2, max_size=2)))
    assert written.slice(first, last) == _joined([said for _, _, said in rows[first:last]])
    asked = data.draw(st.lists(st.sampled_from(sorted(texts)))) if texts else []
    assert written.of(asked) == _joined([texts[number] for number in asked])
    missing = data.draw(st.integers(-(2**63), 2**63 - 1).filter(lambda number: number not in texts))
    assert written.place_of(missing) is None
    assert written.of([*asked, missing]) is None


def _joined(texts: list[str]) -> bytes:
    return BETWEEN.join(said.encode() for said in texts)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A file of texts that a test damages."""
    path = tmp_path / "a.arrow"
    write(folder_of(path.parent), path, "1", [[(1, (1, 75.5), "one"), (2, (6, None), "two")]])
    return path


@pytest.mark.parametrize("keep", [0, 10, 200, -200, -1])
def test_a_file_cut_short_is_none(damaged: Path, keep: int) -> None:
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:keep])
    assert read(damaged) is None


def test_texts_that_find_no_room_are_refused_and_leave_those_in_use(tmp_path: Path) -> None:
    folder = Folder("features", tmp_path, 4_000)
    write(folder, tmp_path / "used.arrow", "1", [[(1, (), "one")]])
    for size in (10, 10_000):
        with pytest.raises(LayersError, match="OBOD_TEXT_CACHE_GB"):
            write(folder, tmp_path / "new.arrow", "1", [[(1, (), "x" * size)]])
    assert [path.name for path in tmp_path.iterdir()] == ["used.arrow"]


def test_a_write_that_fails_leaves_what_was_there(damaged: Path) -> None:
    def parts() -> Iterator[list[tuple[int, Any, Any]]]:
        yield [(1, (1, 75.5), "new")]
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        write(folder_of(damaged.parent), damaged, "2", parts())
    found = read(damaged)
    assert found is not None
    assert found[0] == "1"
    assert found[1].of([2, 1]) == b"two" + BETWEEN + b"one"
    assert [path.name for path in damaged.parent.iterdir()] == [damaged.name]
