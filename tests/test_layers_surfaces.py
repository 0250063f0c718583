"""Surfaces kept between runs: the same to the bit, made anew when what they follow from changes, and never too many."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import valley
from sqlalchemy import Engine, text
from stored_valley import NUROBOD, RASHT, load_valley
from test_layers_workers import kept

from geo import access, water
from geo.criteria import LAND_CRITERIA
from geo.criterion import Block
from geo.grid import Grid
from geo.scheme import load_scheme
from layers.database import writing
from layers.replay import replay
from layers.scoring import score
from layers.settings import get_settings
from layers.surfaces import HEAD_BYTES, KeptSurfaces

CELLS = 100
BYTES = 4 * CELLS * CELLS


def surface(value: float) -> Grid:
    return Grid(np.full((CELLS, CELLS), value, dtype=np.float32), 500_000.0, 4_300_000.0, 30.0, 28.5)


def unused() -> Grid:
    raise AssertionError("computed although it was kept")


@pytest.fixture
def surfaces(tmp_path: Path) -> KeptSurfaces:
    return KeptSurfaces(tmp_path / "surfaces", 10 * BYTES)


def test_a_surface_is_computed_once_and_comes_back_as_it_was(surfaces: KeptSurfaces) -> None:
    made = surface(1.5)
    made.values[3, 4] = np.nan
    assert surfaces.get(b"a", lambda: made) is made
    found = surfaces.get(b"a", unused)
    assert (found.x_min, found.y_max, found.cell_m, found.native_m) == (500_000.0, 4_300_000.0, 30.0, 28.5)
    assert found.values.tobytes() == made.values.tobytes()
    assert surfaces.get(b"b", lambda: surface(2.0)).values[0, 0] == 2.0


def test_bands_are_kept_and_a_surface_without_cells_is_not(surfaces: KeptSurfaces) -> None:
    two = Grid(np.arange(24, dtype=np.float32).reshape(2, 3, 4), 0.0, 0.0, 30.0, 30.0)
    surfaces.get(b"two", lambda: two)
    assert surfaces.get(b"two", unused).values.tolist() == two.values.tolist()
    none = Grid(np.empty((2, 0, 4), dtype=np.float32), 0.0, 0.0, 30.0, 30.0)
    for _ in range(2):
        assert surfaces.get(b"none", lambda: none) is none


def test_writing_into_a_kept_surface_changes_no_file(surfaces: KeptSurfaces) -> None:
    surfaces.get(b"a", lambda: surface(1.0))
    surfaces.get(b"a", unused).values[:] = 7.0
    assert surfaces.get(b"a", unused).values[0, 0] == 1.0


@pytest.mark.parametrize("damage", [b"", b"{", b" " * HEAD_BYTES, b'{"shape":[100,100]}'.ljust(HEAD_BYTES)])
def test_a_damaged_file_is_made_again(surfaces: KeptSurfaces, damage: bytes) -> None:
    surfaces.get(b"a", lambda: surface(1.0))
    (path,) = surfaces.folder.iterdir()
    path.write_bytes(damage)
    assert surfaces.get(b"a", lambda: surface(3.0)).values[0, 0] == 3.0
    assert surfaces.get(b"a", unused).values[0, 0] == 3.0


def test_those_used_longest_ago_make_room(tmp_path: Path) -> None:
    surfaces = KeptSurfaces(tmp_path, 3 * (BYTES + HEAD_BYTES))
    for number, name in enumerate((b"a", b"b", b"c")):
        before = set(tmp_path.iterdir())
        surfaces.get(name, lambda: surface(1.0))
        (new,) = set(tmp_path.iterdir()) - before
        os.utime(new, (number, number))
    surfaces.get(b"a", unused)
    surfaces.get(b"d", lambda: surface(4.0))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3 * (BYTES + HEAD_BYTES)
    for name in (b"a", b"c", b"d"):
        surfaces.get(name, unused)
    assert surfaces.get(b"b", lambda: surface(9.0)).values[0, 0] == 9.0


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "surfaces").write_text("a file where the folder should be")
    surfaces = KeptSurfaces(tmp_path / "surfaces", 10 * BYTES)
    for value in (1.0, 2.0):
        assert surfaces.get(b"a", lambda value=value: surface(value)).values[0, 0] == value


class Watched(dict[str, Any]):
    """Layers that note which of them are read while a surface is computed."""

    def __init__(self, layers: Any) -> None:
        super().__init__(layers)
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
        if self.reading is not None:
            self.reading.add(name)


@pytest.mark.parametrize("criterion", LAND_CRITERIA, ids=lambda criterion: criterion.id)
def test_a_surface_reads_no_layer_it_does_not_name(criterion: Any) -> None:
    layers = Watched(valley.layers())
    criterion.measured(Block(valley.plots(), layers, valley.judgement()))
    assert layers.strays == []
    assert bool(layers.whats) == (criterion.id in {"gravity_head_m", "market_minutes", "health_minutes"})


@pytest.fixture(scope="module")
def valley_database(database: Engine) -> Engine:
    with writing() as connection:
        load_valley(connection)
    return database


def test_a_second_run_computes_no_surface_and_comes_out_the_same(
    valley_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme = load_scheme()
    first = score(valley_database, scheme, day=valley.AS_OF)
    assert list(get_settings().surfaces.iterdir())
    computed: list[str] = []
    for module, name in ((water, "water_clearance"), (access, "_minutes_to")):
        original = getattr(module, name)

        def noted(*given: Any, name: str = name, original: Any = original, **named: Any) -> Any:
            computed.append(name)
            return original(*given, **named)

        monkeypatch.setattr(module, name, noted)
    second = score(valley_database, scheme, day=valley.AS_OF)
    assert computed == []
    assert kept(valley_database, first.run_id) == kept(valley_database, second.run_id)
    # A replay takes nothing that was kept, and a canal that was changed is seen, however it was.
    assert replay(valley_database, second.run_id).identical
    assert set(computed) == {"water_clearance", "_minutes_to"}
    computed.clear()
    with writing() as connection:
        connection.execute(text("UPDATE canals SET head_level_m = 1001.5 WHERE code = 'upper'"))
    third = score(valley_database, scheme, districts=[RASHT, NUROBOD], day=valley.AS_OF)
    assert "water_clearance" in computed
    assert "_minutes_to" not in computed
    assert kept(valley_database, third.run_id) != kept(valley_database, second.run_id)
    assert replay(valley_database, third.run_id).identical
