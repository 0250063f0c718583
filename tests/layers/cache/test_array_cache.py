"""What runs hand on: the same to the bit, found anew when what it follows from changes, and never too much."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Engine, text

from geo.contract.criterion import Block
from geo.criteria import LAND_CRITERIA
from geo.measures import access, water_head
from geo.panel.scheme import Scheme, load_scheme
from geo.suitability.assess import assess
from geo.terrain.grid import Grid
from layers.cache.array_cache import ArrayCache, Entry
from layers.cache.folders import Folder
from layers.postgres.engine import writing
from layers.runs import findings_cache
from layers.runs.parts import reach_of_layers
from layers.runs.replay import replay
from layers.runs.score import score
from tests.worlds import valley
from tests.worlds.stored_run import rows_of
from tests.worlds.valley_in_database import load_valley

CELLS = 100
BYTES = 4 * CELLS * CELLS
FILE_BYTES = BYTES + 2_048  # head included


def surface(value: float) -> Grid:
    return Grid(np.full((CELLS, CELLS), value, dtype=np.float32), 500_000.0, 4_300_000.0, 30.0, 28.5)


def unused() -> Any:
    raise AssertionError("computed although it was kept")


@pytest.fixture
def cache(tmp_path: Path) -> ArrayCache:
    return ArrayCache(Folder("scoring", tmp_path / "scoring", 10 * FILE_BYTES), "code")


def test_a_surface_is_computed_once_and_comes_back_as_it_was(cache: ArrayCache) -> None:
    made = surface(1.5)
    made.values[3, 4] = np.nan
    for compute in (lambda: made, unused):
        found = cache.surface(b"a", compute)
        assert (found.x_min, found.y_max, found.cell_m, found.native_m) == (500_000.0, 4_300_000.0, 30.0, 28.5)
        assert found.values.dtype == np.float32
        assert found.values.tobytes() == made.values.tobytes()
    assert cache.surface(b"b", lambda: surface(2.0)).values[0, 0] == 2.0


def test_arrays_of_every_kind_come_back_with_their_facts(cache: ArrayCache) -> None:
    arrays = {
        "flags": np.array([True, False, True]),
        "bands": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        "turned": np.arange(6.0).reshape(2, 3).T,
        "none": np.empty((2, 0, 4), dtype=np.int8),
        "some": np.array([-1, 3], dtype=np.int16),
    }
    facts = {"reason": None, "notes": ["läuft", "ин ҷо"], "state": 3}
    for compute in (lambda: Entry(arrays, facts), unused):
        found = cache.entry(b"a", compute)
        assert found.facts == facts
        for name, array in arrays.items():
            assert found.arrays[name].dtype == array.dtype
            assert found.arrays[name].tolist() == array.tolist()


def test_any_program_that_reads_arrow_reads_the_file(cache: ArrayCache) -> None:
    arrays: dict[str, Any] = {
        "levels": np.array([1.5, np.nan, -2.0], dtype=np.float32),
        "count": np.arange(4).reshape(2, 2),
    }
    cache.entry(b"a", lambda: Entry(arrays, {"crs": 32642}))
    (path,) = cache.folder.path.glob("*.arrow")
    with pa.memory_map(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
        assert table.num_rows == 1
        levels, count = (table.column(name)[0].as_py() for name in ("levels", "count"))
        assert [levels[0], levels[2], str(levels[1])] == [1.5, -2.0, "nan"]
        assert count == [0, 1, 2, 3]
        assert table.schema.field("count").metadata == {b"dtype": b"<i8", b"shape": b"[2,2]"}
        assert table.schema.metadata == {b"facts": b'{"crs":32642}'}


def test_writing_into_what_was_kept_changes_no_file(cache: ArrayCache) -> None:
    cache.surface(b"a", lambda: surface(1.0))
    cache.surface(b"a", unused).values[:] = 7.0
    assert cache.surface(b"a", unused).values[0, 0] == 1.0


@pytest.mark.parametrize("left", [b"", b"{", b"\xff" * 100, b"ARROW1\0\0", None])
def test_a_damaged_file_is_made_again(cache: ArrayCache, left: bytes | None) -> None:
    cache.surface(b"a", lambda: surface(1.0))
    (path,) = cache.folder.path.iterdir()
    path.write_bytes(path.read_bytes()[:-100] if left is None else left)
    assert cache.surface(b"a", lambda: surface(3.0)).values[0, 0] == 3.0
    assert cache.surface(b"a", unused).values[0, 0] == 3.0


def test_those_used_longest_ago_make_room(tmp_path: Path) -> None:
    cache = ArrayCache(Folder("scoring", tmp_path, 3 * FILE_BYTES), "code")
    for number, name in enumerate((b"a", b"b", b"c")):
        before = set(tmp_path.iterdir())
        cache.surface(name, lambda: surface(1.0))
        (new,) = set(tmp_path.iterdir()) - before
        os.utime(new, (number, number))
    cache.surface(b"a", unused)
    cache.surface(b"d", lambda: surface(4.0))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3 * FILE_BYTES
    for name in (b"a", b"c", b"d"):
        cache.surface(name, unused)
    assert cache.surface(b"b", lambda: surface(9.0)).values[0, 0] == 9.0


def test_what_is_larger_than_all_the_room_drives_out_nothing(tmp_path: Path) -> None:
    cache = ArrayCache(Folder("scoring", tmp_path, 2 * FILE_BYTES), "code")
    cache.surface(b"a", lambda: surface(1.0))
    cache.entry(b"large", lambda: Entry({"numbers": np.zeros(3 * FILE_BYTES, dtype=np.uint8)}))
    cache.surface(b"a", unused)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2 * FILE_BYTES


def test_what_a_killed_process_left_half_written_is_removed_in_time(
    cache: ArrayCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", lambda _: None)  # nobody is left to clear up
        patched.setattr(os, "replace", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            cache.surface(b"a", lambda: surface(1.0))
    (left,) = cache.folder.path.iterdir()
    cache.surface(b"b", lambda: surface(2.0))
    assert left.exists()  # somebody may still be writing
    os.utime(left, (0, 0))
    cache.surface(b"c", lambda: surface(3.0))
    assert not left.exists()


def test_an_entry_another_process_removes_meanwhile_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache = ArrayCache(Folder("scoring", tmp_path, 2 * FILE_BYTES), "code")
    cache.surface(b"a", lambda: surface(1.0))
    (path,) = tmp_path.iterdir()
    stat = Path.stat

    def removed_meanwhile(self: Path, **how: Any) -> os.stat_result:
        if self == path:
            path.unlink(missing_ok=True)
        return stat(self, **how)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", removed_meanwhile)
        cache.surface(b"b", lambda: surface(2.0))
    assert caplog.text == ""
    cache.surface(b"b", unused)


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "scoring").write_text("a file where the folder should be")
    cache = ArrayCache(Folder("scoring", tmp_path / "scoring", 10 * FILE_BYTES), "code")
    for value in (1.0, 2.0):
        assert cache.surface(b"a", partial(surface, value)).values[0, 0] == value


class Watched(dict[str, Any]):
    """Layers that note which of them are read while a surface is computed."""

    def __init__(self, layers: Any, read: set[str] | None = None) -> None:
        super().__init__(layers)
        self.read = set() if read is None else read
        self.reading: set[str] | None = None
        self.strays: list[tuple[str, str]] = []
        self.whats: list[str] = []

    def surface(self, what: str, needs: Sequence[str], compute: Callable[[], Grid]) -> Grid:
        self.reading = set()
        found = compute()
        self.strays += [(what, name) for name in self.reading - set(needs)]
        self.whats.append(what)
        self.reading = None
        return found

    def __getitem__(self, name: str) -> Any:
        self._note(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._note(str(name))
        return super().__contains__(name)

    def _note(self, name: str) -> None:
        self.read.add(name)
        if self.reading is not None:
            self.reading.add(name)


@pytest.mark.parametrize("criterion", LAND_CRITERIA, ids=lambda criterion: criterion.id)
def test_a_surface_reads_no_layer_it_does_not_name(criterion: Any) -> None:
    layers = Watched(valley.layers())
    criterion.measured(Block(valley.plots(), layers, valley.judgement()))
    assert layers.strays == []
    assert bool(layers.whats) == (criterion.id in {"gravity_head_m", "market_minutes", "health_minutes"})


def test_scoring_reads_no_layer_beyond_those_a_kept_finding_is_named_by() -> None:
    read: set[str] = set()
    layers = Watched(valley.layers(), read)
    assess(valley.plots(), layers, valley.judgement(), load_scheme())
    assert {"dem", "plot_surveys", "lakes"} <= read <= set(reach_of_layers())


@pytest.fixture(scope="module")
def valley_database(database: Engine) -> Engine:
    with writing() as connection:
        load_valley(connection)
    return database


def test_a_second_run_measures_nothing_and_comes_out_the_same(
    valley_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[str] = []
    for module, name in ((water_head, "water_clearance"), (access, "_minutes_to"), (findings_cache, "find")):
        original = getattr(module, name)

        def noted(*given: Any, name: str = name, original: Any = original, **named: Any) -> Any:
            computed.append(name)
            return original(*given, **named)

        monkeypatch.setattr(module, name, noted)

    def computed_by(work: Callable[[], Any]) -> tuple[Any, set[str]]:
        computed.clear()
        return work(), set(computed)

    def run(scheme: Scheme = load_scheme(), **asked: Any) -> Any:
        return score(valley_database, scheme, **{"day": valley.AS_OF, **asked})

    everything = {"water_clearance", "_minutes_to", "find"}
    first, made = computed_by(run)
    assert made == everything
    second, made = computed_by(run)
    assert made == set()
    assert rows_of(valley_database, first.run_id) == rows_of(valley_database, second.run_id)
    # A replay takes nothing that was kept.
    again, made = computed_by(lambda: replay(valley_database, second.run_id))
    assert again.identical
    assert made == everything
    # Another scheme judges the same findings, another day needs new ones.
    other, made = computed_by(lambda: run(load_scheme("womens-panel")))
    assert made == set()
    assert replay(valley_database, other.run_id).identical
    later, made = computed_by(lambda: run(day=valley.AS_OF + timedelta(days=1)))
    assert made == {"find"}
    assert replay(valley_database, later.run_id).identical
    # A canal that was changed is seen, however it was.
    with writing() as connection:
        connection.execute(text("UPDATE canals SET head_level_m = 1001.5 WHERE code = 'upper'"))
    third, made = computed_by(run)
    assert made == {"water_clearance", "find"}
    assert rows_of(valley_database, third.run_id) != rows_of(valley_database, second.run_id)
    assert replay(valley_database, third.run_id).identical
