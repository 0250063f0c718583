"""Exit code 1 means that nothing changed: no row of any table, no raster, no file of ``OBOD_HOME`` but its log."""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from sqlalchemy import Engine, text

from layers.grids.rasters import store_grid
from layers.loading import load_frame
from layers.postgres.engine import writing
from layers.settings import get_settings
from tests.clients.command import run

DISTRICT = "TJ.RR.GA"
State = tuple[dict[str, str], set[str]]


@pytest.fixture(scope="module")
def world(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A district with plots, heights in a part of it, and a run that is served; nothing here changes any of it."""
    with database.begin() as connection:
        connection.execute(text("TRUNCATE plots, districts, rasters, loads CASCADE"))
    outline = gpd.GeoDataFrame(
        {"code": [DISTRICT], "name_en": ["Rasht"]}, geometry=[shapely.box(70.0, 38.9, 70.6, 39.2)], crs=4326
    )
    shapes = [shapely.box(70.2 + 0.002 * at, 39, 70.201 + 0.002 * at, 39.001) for at in range(5)]
    plots = gpd.GeoDataFrame({"plot_id": [f"p{at}" for at in range(5)]}, geometry=shapes, crs=4326)
    with writing() as connection:
        load_frame(connection, "districts", outline, source="Survey")
        load_frame(connection, "plots", plots, source="Cadastre")
        heights = np.full((40, 40), 1_500.0, np.float32)
        store_grid(connection, "dem", heights, Affine(30, 0, 600_000, 0, -30, 4_330_000), "EPSG:32642")
    assert run("score") == 0
    folder = tmp_path_factory.mktemp("files")
    (folder / "broken.toml").write_text("weights = [")
    with zipfile.ZipFile(folder / "other.zip", "w") as other:
        other.writestr("readme.txt", "nothing of ours")
    assert run("backup", folder / "whole.zip") == 0
    _damage(folder)
    return folder


def state(database: Engine) -> State:
    """Digest of all rows of every table, and the files that are kept."""
    with database.connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        digest = "SELECT md5(coalesce(string_agg(row::text, '|' ORDER BY row::text), '')) FROM {} AS row"
        rows = {name: str(connection.execute(text(digest.format(name))).scalar_one()) for name in tables}
    home = get_settings().home
    kept = {str(path.relative_to(home)) for place in ("rasters", "rejects") for path in (home / place).glob("*")}
    return rows, kept


REFUSED: dict[str, list[tuple[str, ...]]] = {
    "score": [
        ("--district", "TJ.XX"),
        ("--district", DISTRICT, "--district", "TJ.XX"),
        ("--scheme", "no_such"),
        ("--scheme", "{d}/broken.toml"),
        ("--profile", "no_such"),
        ("--profile", "{d}/broken.toml"),
        ("--profile", "woman_headed_with_children", "--run", "99"),
        ("--replay", "99"),
    ],
    "susceptibility": [("--district", "TJ.XX"), ("--process", "no_such"), ("--district", DISTRICT, "--process", "x")],
    "restore": [
        ("{d}/none.zip", "--yes"),
        ("{d}/broken.toml", "--yes"),
        ("{d}/other.zip", "--yes"),
        ("{d}/cut.zip", "--yes"),
        ("{d}/changed.zip", "--yes"),
        ("{d}/short.zip", "--yes"),
    ],
    "fetch": [
        ("no_such",),
        ("rgi", "--district", "TJ.XX"),
        ("rgi", "no_such"),
        ("worldclim",),
        ("--from", "{d}/none.zip"),
        ("--from", "{d}/other.zip"),
        ("rgi", "--from", "{d}/cut.zip"),
    ],
    "robustness": [("--run", "99")],
    "plots": [("propose", "--district", "TJ.XX", "--grid", "1ha")],
    "run": [("publish", "99"), ("delete", "99", "--yes")],
    "key": [("revoke", "no_such")],
}


@pytest.mark.parametrize(("verb", "words"), [(verb, words) for verb, every in REFUSED.items() for words in every])
def test_a_refusal_leaves_all_as_it_was(verb: str, words: tuple[str, ...], world: Path, database: Engine) -> None:
    before = state(database)
    assert run(verb, *(word.replace("{d}", str(world)) for word in words)) == 1
    assert state(database) == before


def _damage(folder: Path) -> None:
    """Make of a backup one that is cut short, one with a byte that is another, and one that lacks a table."""
    whole = (folder / "whole.zip").read_bytes()
    (folder / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(folder / "whole.zip") as opened, zipfile.ZipFile(folder / "short.zip", "w") as short:
        largest = max(opened.infolist(), key=lambda member: member.compress_size)
        table = next(name for name in opened.namelist() if "plots" in name)
        for name in opened.namelist():
            if name != table:
                short.writestr(name, opened.read(name))
    middle = largest.header_offset + 100 + largest.compress_size // 2
    (folder / "changed.zip").write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
