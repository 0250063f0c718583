"""What lies around a plot, kept for its neighbours: the same answers as when it is read anew, never of old rows."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import pytest
from sqlalchemy import Connection, Engine

from geo.panel.scheme import load_scheme
from layers.cache.memory import Memo
from layers.explain.plot import explain_plot
from layers.explain.ways import ways_of_plot
from layers.frames import windows
from layers.loading import load_frame
from layers.postgres.engine import writing
from layers.records.snapshot import read_runs
from layers.runs.score import score
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley


@pytest.fixture(scope="module", name="scored")
def _scored(database: Engine) -> Engine:
    with writing() as connection:
        load_valley(connection, second=False)
    score(database, load_scheme(), districts=[RASHT], day=valley.AS_OF)
    return database


@pytest.fixture
def connection(scored: Engine) -> Iterator[Connection]:
    """The scored valley; what a test loads is taken back."""
    with scored.connect() as opened:
        windows._KEPT.clear()
        yield opened
        opened.rollback()
    windows._KEPT.clear()


def test_neighbours_are_explained_alike_whether_their_surroundings_were_kept_or_not(connection: Connection) -> None:
    served = read_runs(connection)
    alone = {}
    for name in valley.NAMES:
        windows._KEPT.clear()
        alone[name] = explain_plot(connection, name)
    before = windows._KEPT.hits
    for name in reversed(valley.NAMES):
        assert explain_plot(connection, name, served=served) == alone[name]
    assert windows._KEPT.hits > before


def test_a_later_load_is_seen_by_ways_at_once_and_not_by_the_run_before_it(connection: Connection) -> None:
    before = ways_of_plot(connection, "clean", read_runs(connection))
    remedies = explain_plot(connection, "clean", ways=False)
    services = gpd.GeoDataFrame(
        [{"code": "new", "kind": "registry"}], geometry=[valley.square("steep").centroid], crs=32642
    ).to_crs(4326)
    load_frame(connection, "services", services, source="Made up for the tests", synthetic=True)
    after = ways_of_plot(connection, "clean", read_runs(connection))
    known = {
        kind: [row["known"] for row in found["services"] if row["kind"] == "registry"]
        for kind, found in (("before", before), ("after", after))
    }
    assert known == {"before": [False], "after": [True]}
    assert explain_plot(connection, "clean", ways=False) == remedies


def test_what_is_kept_is_bounded(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    small: Memo[windows.Key, tuple[object]] = Memo("windows", most_bytes=10_000, size_of=windows._size)
    monkeypatch.setattr(windows, "_KEPT", small)
    explain_plot(connection, "clean")
    assert small.held_bytes <= 10_000 or len(small) == 1
