"""Fields in the valley with its villages and canals, as files and in the database: what drills load and score."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
from shapely import box
from sqlalchemy import Engine, text

from tests.drills.moments import run
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT

SIDE_M, ACROSS = 60.0, 40  # m between the corners of fields; fields in a row

PLOTS = "SELECT plot_id, cadastral_no, availability, ST_AsBinary(geom) FROM plots WHERE ended_by IS NULL"
RESULTS = """SELECT s.plot_no, s.class, s.score, p.district FROM publications p
    JOIN suitability s ON s.base_run = p.run_id AND s.district = p.district WHERE p.shown"""


def fields(count: int, *, cadastral_no: str = "") -> gpd.GeoDataFrame:
    """Fields beside each other, told apart by a cadastral number that says which file they are of."""
    corners = ((valley.X + k % ACROSS * SIDE_M, valley.Y + k // ACROSS * SIDE_M) for k in range(count))
    shapes = [box(x, y, x + SIDE_M * 0.9, y + SIDE_M * 0.9) for x, y in corners]
    columns = {
        "plot_id": [f"lot-{k:05d}" for k in range(count)],
        "district": RASHT,
        "jamoat": [f"J{k // ACROSS % 4}" for k in range(count)],
        "land_form": "dehkan",
        "availability": "unknown",
        "cadastral_no": [f"{cadastral_no}{k}" for k in range(count)],
    }
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=valley.plots().crs).to_crs(4326)


def write_file(folder: Path, name: str, count: int) -> Path:
    """Write such fields into a GeoPackage of this name."""
    path = folder / f"{name}.gpkg"
    fields(count, cadastral_no=name).to_file(path, driver="GPKG", engine="pyogrio")
    return path


def replacing(path: Path, count: int) -> list[str]:
    """The command that puts the fields of a file in the place of all plots."""
    return ["layer", "load", "plots", str(path), "--mode", "replace", "--allow-ending", str(count)]


def digest(database: Engine, rows: str) -> str:
    """Digest of what a query returns, whatever the order of its rows."""
    each = f"SELECT md5(to_jsonb(row)::text) AS one FROM ({rows}) AS row"  # whatever the order of its columns
    whole = f"SELECT coalesce(md5(string_agg(one, '' ORDER BY one)), '') FROM ({each}) AS rows"
    with database.connect() as connection:
        return str(connection.execute(text(whole)).scalar_one())


def load_in_turn(folder: Path, database: Engine, count: int) -> tuple[list[list[str]], list[str], list[str]]:
    """Load two files of so many fields, each in the place of all plots, and return what they come to.

    Returns
    -------
    loads : the two commands. wholes : digest of the plots after each. moments : those the second one had, at which
        another like it can be struck.
    """
    loads = [replacing(write_file(folder, name, count), count) for name in ("first", "second")]
    wholes = []
    for load in loads:
        ended = run(load)
        assert ended is not None
        assert ended.code == 0, ended.said
        wholes.append(digest(database, PLOTS))
    assert len(set(wholes)) == 2
    return loads, wholes, ended.moments
