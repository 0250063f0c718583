"""What lies around a plot, kept for its neighbours: the same answers as when it is read anew, never of old rows."""

from __future__ import annotations

import geopandas as gpd
import pytest
from sqlalchemy import Connection

from geo.measures import ways_of_plot as ways_of_plot_module
from layers.cache.memory import Memo
from layers.explain.plot import explain_plot
from layers.explain.surroundings import around_plot, read_plot
from layers.explain.ways import services_of_district, ways_of_plot
from layers.frames import windows
from layers.loading import load_frame
from layers.records.snapshot import read_runs
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT


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


def test_a_plot_alone_is_told_the_minutes_its_district_is_told(connection: Connection) -> None:
    whole = services_of_district(connection, RASHT).set_index("plot_id")
    for name in whole.index:
        for found in ways_of_plot(connection, name, read_runs(connection))["services"]:
            if found["known"] and found["minutes"] is not None:
                assert found["minutes"] == pytest.approx(whole.loc[name, f"{found['kind']}_min"], abs=0.06)
                assert found["nearest"]["code"] == whole.loc[name, f"{found['kind']}_nearest"]


def test_of_a_service_that_is_not_reached_no_more_is_said_than_is_known(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Services are looked for 20 km around; cars go 40 km/h at most, so one beyond is at least half an hour away."""
    monkeypatch.setattr(ways_of_plot_module, "MOST_TRAVEL_MIN", 0.0)
    market = next(
        row for row in ways_of_plot(connection, "clean", read_runs(connection))["services"] if row["kind"] == "market"
    )
    assert market["known"]
    assert market["minutes"] is None
    assert market["farther_than_minutes"] == 30.0


def test_plots_of_one_cell_of_ground_share_one_window_whatever_their_size(connection: Connection) -> None:
    served, names = read_runs(connection), ("clean", "steep")
    frames = [read_plot(connection, name, None) for name in names]
    for layer in ("dem", "roads", "services", "hazard_zones"):
        assert len({around_plot(connection, served, frame, None)._window(layer) for frame in frames}) == 1
    near, far = (around_plot(connection, served, frames[0], None, far=far)._window("dem") for far in (False, True))
    reach = [side / 1_000.0 for side in (near[2] - near[0], far[2] - far[0])]
    # A cell of 12 km, 8 km and 20 km to either side, and out to the lattice of 3 km.
    assert reach == [30.0, 54.0]
