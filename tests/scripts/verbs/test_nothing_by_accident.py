"""Verbs, modes and files that say little: nothing ends by accident, and exit code 1 means that nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from sqlalchemy import Engine, text

from layers.loading import load_frame
from layers.postgres.engine import writing
from scripts.main import make_command
from tests.clients.command import run

NORTH, SOUTH = "TJ.RR.GA", "TJ.KT.QU"
HELD = [f"n{number}" for number in range(20)] + [f"s{number}" for number in range(20)]


def plots(*names: str, **columns: Any) -> gpd.GeoDataFrame:
    """Plots named after their district (n… north, s… south) and a number."""
    shapes = [shapely.box(70 + 0.002 * int(name[1:]), 39, 70.001 + 0.002 * int(name[1:]), 39.001) for name in names]
    district = [NORTH if name[0] == "n" else SOUTH for name in names]
    rights = columns.pop("right_class", ["O1"] * len(names))
    return gpd.GeoDataFrame(
        {"plot_id": list(names), "district": district, "right_class": rights}, geometry=shapes, crs=4326
    )


FILES: dict[str, Callable[[], gpd.GeoDataFrame]] = {
    "empty": lambda: plots("n1").iloc[:0],
    "rejected": lambda: plots("n1", "s1", "n90", right_class=["no such"] * 3),
    "part": lambda: plots(*HELD[:15]),
    "part, one new": lambda: plots(*HELD[:15], "n80"),
    "part, one other": lambda: plots(*HELD[:15], right_class=["O2", *["O1"] * 14]),
}

State = tuple[Any, ...]


@pytest.fixture
def cadastre(database: Engine) -> Engine:
    with database.begin() as connection:
        connection.execute(text("TRUNCATE plots, rasters, loads RESTART IDENTITY CASCADE"))
    with writing() as connection:
        load_frame(connection, "plots", plots(*HELD), source="Cadastre", file_name="cadastre.gpkg")
    return database


def state(database: Engine) -> State:
    """All that is there: rows with what they hold and where they come from, loads, raster files."""
    with database.connect() as connection:
        return tuple(
            tuple(connection.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all())
            for table in ("plots", "loads", "rasters")
        )


def current(database: Engine) -> list[str]:
    with database.connect() as connection:
        return list(connection.execute(text("SELECT plot_id FROM plots WHERE ended_by IS NULL ORDER BY 1")).scalars())


REPLACED = ("--allow-ending", "40")
# verb, mode and more words, file -> exit code, plots that are left (None = all as before, and nothing changed)
OUTCOMES: dict[tuple[str, tuple[str, ...], str], tuple[int, list[str] | None]] = {
    ("load", ("add",), "empty"): (0, None),
    ("load", ("add",), "rejected"): (1, None),
    ("load", ("add",), "part"): (0, None),
    ("load", ("add",), "part, one new"): (0, [*HELD, "n80"]),
    ("load", ("add",), "part, one other"): (1, None),
    ("load", ("update",), "empty"): (0, None),
    ("load", ("update",), "rejected"): (1, None),
    ("load", ("update",), "part"): (0, None),
    ("load", ("update",), "part, one new"): (0, [*HELD, "n80"]),
    ("load", ("update",), "part, one other"): (0, HELD),
    ("load", ("replace",), "empty"): (1, None),
    ("load", ("replace",), "rejected"): (1, None),
    ("load", ("replace",), "part"): (1, None),
    ("load", ("replace",), "part, one new"): (1, None),
    ("load", ("replace",), "part, one other"): (1, None),
    ("load", ("replace", *REPLACED), "empty"): (1, None),
    ("load", ("replace", *REPLACED), "rejected"): (1, None),
    ("load", ("replace", *REPLACED), "part"): (0, HELD[:15]),
    ("load", ("replace", "--district", NORTH), "part"): (0, [*HELD[:15], *HELD[20:]]),
    ("load", ("replace", "--district", SOUTH), "part"): (0, HELD[:20]),
    ("load-all", ("add",), "empty"): (0, None),
    ("load-all", ("add",), "rejected"): (1, None),
    ("load-all", ("add",), "part"): (0, None),
    ("load-all", ("add",), "part, one new"): (0, [*HELD, "n80"]),
    ("load-all", ("add",), "part, one other"): (1, None),
    ("load-all", ("update",), "empty"): (0, None),
    ("load-all", ("update",), "rejected"): (1, None),
    ("load-all", ("update",), "part"): (0, None),
    ("load-all", ("update",), "part, one other"): (0, HELD),
    **{("load-all", ("replace",), file): (1, None) for file in FILES},
    ("load-all", ("replace", *REPLACED), "empty"): (1, None),
    ("load-all", ("replace", *REPLACED), "rejected"): (1, None),
    ("load-all", ("replace", *REPLACED), "part"): (0, HELD[:15]),
    ("load-all", ("replace", *REPLACED), "part, one new"): (0, [*HELD[:15], "n80"]),
    ("load-all", ("replace", "--district", NORTH), "part"): (0, [*HELD[:15], *HELD[20:]]),
    ("load-all", ("replace", "--district", SOUTH), "part"): (0, HELD[:20]),
}


def words_of(verb: str, mode: tuple[str, ...], folder: Path) -> tuple[str | Path, ...]:
    where = (folder,) if verb == "load-all" else ("plots", folder / "plots.gpkg")
    return ("layer", verb, *where, "--mode", *mode)


@pytest.mark.parametrize(("asked", "outcome"), OUTCOMES.items(), ids=lambda one: "-".join(map(str, one)))
def test_every_verb_and_mode(
    asked: tuple[str, tuple[str, ...], str], outcome: tuple[int, list[str] | None], cadastre: Engine, tmp_path: Path
) -> None:
    verb, mode, file = asked
    FILES[file]().to_file(tmp_path / "plots.gpkg")
    (tmp_path / "plots.toml").write_text(
        'layer = "plots"\n[fields]\nplot_id = "plot_id"\ndistrict = "district"\nright_class = "right_class"\n'
    )
    before = state(cadastre)
    code, left = outcome
    if verb == "load":  # a check says the same and changes nothing
        assert run("layer", "check", *words_of(verb, mode, tmp_path)[2:]) == code
        assert state(cadastre) == before
    assert run(*words_of(verb, mode, tmp_path)) == code
    assert current(cadastre) == sorted(HELD if left is None else left)
    assert (state(cadastre) == before) == (left is None)
    assert code == 0 or left is None


def test_every_verb_of_layers_that_writes_is_walked() -> None:
    verbs = set(make_command("layer").commands)
    assert verbs - {"list", "loads"} == {"check", "load", "load-all", "undo", "purge"}


def test_a_folder_of_which_a_part_is_good_ends_with_3_and_keeps_the_good_one_whole(
    cadastre: Engine, tmp_path: Path
) -> None:
    fields = "[fields]\nplot_id = 'plot_id'\ndistrict = 'district'\nright_class = 'right_class'\n"
    for name, file in (("a", "rejected"), ("b", "part, one new"), ("c", "part, one other")):
        FILES[file]().to_file(tmp_path / f"{name}.gpkg")
        (tmp_path / f"{name}.toml").write_text(f'layer = "plots"\n{fields}')
    assert run("layer", "load-all", tmp_path) == 3
    assert current(cadastre) == sorted([*HELD, "n80"])


@pytest.mark.parametrize("load", ["99", "1"])
def test_an_undo_that_is_refused_changes_nothing(cadastre: Engine, load: str, tmp_path: Path) -> None:
    FILES["part, one other"]().to_file(tmp_path / "plots.gpkg")
    assert run("layer", "load", "plots", tmp_path / "plots.gpkg", "--mode", "update") == 0
    before = state(cadastre)
    assert run("layer", "undo", load) == 1
    assert state(cadastre) == before


@pytest.mark.parametrize("words", [("99",), ("1",)], ids=" ".join)
def test_a_purge_of_nothing_or_of_rows_in_force_changes_nothing(cadastre: Engine, words: tuple[str, ...]) -> None:
    before = state(cadastre)
    assert run("layer", "purge", *words, "--yes") == 1
    assert state(cadastre) == before


@pytest.mark.parametrize("mode", ["add", "update", "replace"])
@pytest.mark.parametrize("value", [-9999, 32_000], ids=["nothing known", "out of range"])
def test_a_raster_that_says_nothing_ends_no_other(cadastre: Engine, tmp_path: Path, mode: str, value: int) -> None:
    def write(path: Path, height: int) -> Path:
        path.parent.mkdir(exist_ok=True)
        where = {"crs": "EPSG:32642", "transform": Affine(30, 0, 600_000, 0, -30, 4_330_000)}
        with rasterio.open(path, "w", "GTiff", 30, 30, 1, dtype="int16", nodata=-9999, **where) as target:
            target.write(np.full((1, 30, 30), height, np.int16))
        return path

    assert run("layer", "load", "dem", write(tmp_path / "dem.tif", 1_500)) == 0
    before = state(cadastre)
    bad = write(tmp_path / "bad" / "dem.tif", value)
    for verb in ("check", "load"):
        assert run("layer", verb, "dem", bad, "--mode", mode) == 1
        assert state(cadastre) == before


@pytest.mark.usefixtures("cadastre")
@pytest.mark.parametrize("file", ["empty", "rejected"])
def test_scoring_files_and_exporting_nothing_leave_older_files(tmp_path: Path, file: str) -> None:
    FILES[file]().to_file(tmp_path / "plots.gpkg")
    output = tmp_path / "out.csv"
    output.write_text("as it was")
    assert run("score-files", "--plots", tmp_path / "plots.gpkg", "-o", output) == 1
    assert run("export", "plots", "-o", output, "--district", "TJ.XX") == 1
    assert run("export", "canals", "-o", output) == 1
    assert output.read_text() == "as it was"
