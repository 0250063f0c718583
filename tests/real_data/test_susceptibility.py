"""The page on how well susceptibility tells places apart states what is measured, and that meets what was asked for.

Cells, areas and shares are counted here anew: heights averaged by hand, release areas burned in at 5 m.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.features import rasterize
from scipy.spatial import cKDTree

from geo.hazard.avalanche import avalanche
from geo.hazard.slope_failure import rockfall
from geo.hazard.torrents import debris_flow
from geo.terrain.drainage import contributing_cells, drainage
from geo.terrain.grid import Grid

pytestmark = pytest.mark.real_data

PAGE = Path(__file__).parents[2] / "docs" / "susceptibility.md"
FILES = {"Alr": "avaAlr.tif", "Hit": "avaHit.asc", "Kot": "avaKot.asc"}
LEAST = {"medium": 3, "low or more": 2}  # of none, residual, low, medium
COUNTED = ("cells", "marked", "mapped", "hit", "flat", "flat_marked", "gentle", "gentle_marked")


@cache
def at(name: str, cells: int) -> tuple[Grid, np.ndarray]:
    """Heights averaged over squares of ``cells`` cells that begin at multiples of their side, and the mapped share."""
    folder = Path(os.environ["OBOD_REAL_DATA"]) / "terrain_tirol"
    with rasterio.open(folder / FILES[name]) as source:
        z = np.where(source.read(1) == source.nodata, np.nan, source.read(1).astype(np.float64))
        to = source.transform
    areas = gpd.read_file(folder / f"rel{name}.shp").geometry
    share = rasterize(areas, z.shape, transform=to, default_value=1, fill=0).astype(np.float64)
    left, top = round(to.c / to.a) % cells, round(-to.f / to.a) % cells
    rows, cols = -(-(z.shape[0] + top) // cells), -(-(z.shape[1] + left) // cells)
    wide = np.full((rows * cells, cols * cells), np.nan)
    inside = (slice(top, top + z.shape[0]), slice(left, left + z.shape[1]))
    wide[inside] = z
    mapped = np.zeros_like(wide)
    mapped[inside] = share
    with np.errstate(invalid="ignore"):
        squares = wide.reshape(rows, cells, cols, cells)
        mean = np.nansum(squares, axis=(1, 3)) / np.sum(~np.isnan(squares), axis=(1, 3))
    dem = Grid(mean.astype(np.float32), to.c - left * to.a, to.f + top * to.a, to.a * cells, to.a * cells)
    return dem, mapped.reshape(rows, cells, cols, cells).mean(axis=(1, 3)) > 0.5


def slope_of(dem: Grid) -> np.ndarray:
    """Slope in degrees by Horn's weights where all neighbours are known."""
    z = dem.values.astype(np.float64)
    a, b, c = z[:-2, :-2], z[:-2, 1:-1], z[:-2, 2:]
    d, f = z[1:-1, :-2], z[1:-1, 2:]
    g, h, i = z[2:, :-2], z[2:, 1:-1], z[2:, 2:]
    east, north = (c + 2 * f + i) - (a + 2 * d + g), (a + 2 * b + c) - (g + 2 * h + i)
    slope = np.full(z.shape, np.nan)
    slope[1:-1, 1:-1] = np.degrees(np.arctan(np.hypot(east, north) / (8.0 * dem.cell_m)))
    return slope


@cache
def counted(name: str, what: str, least: int) -> dict[str, int]:
    dem, mapped = at(name, 6)
    flow = drainage(dem)
    rules: dict[str, Callable[..., Any]] = {"avalanche": avalanche, "debris_flow": debris_flow, "rockfall": rockfall}
    level = rules[what](flow).level
    known = ~np.isnan(dem.values)
    marked = known & (level >= least)
    slope = slope_of(dem)
    channel = np.argwhere(contributing_cells(flow) * dem.cell_m**2 >= 250_000.0)
    away, _ = cKDTree(channel).query(np.indices(dem.shape).reshape(2, -1).T)
    off = away.reshape(dem.shape) * dem.cell_m > 100.0
    grounds = (known, known & mapped, known & (slope < 5.0) & off, known & (slope < 15.0))
    both = [int(part.sum()) for ground in grounds for part in (ground, ground & marked)]
    return dict(zip(COUNTED, both, strict=True))


def stated() -> dict[tuple[str, str], list[float]]:
    """Rows of the first table of the page by place and level: mapped cells, four percentages and lift."""
    table = PAGE.read_text(encoding="utf-8").split("## Avalanches")[1].split("\n\n")[1].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {(row[0], row[1]): [float(cell) for cell in row[2:]] for row in rows}


def together(what: str, least: int) -> dict[str, int]:
    places = [counted(name, what, least) for name in FILES]
    return {count: sum(place[count] for place in places) for count in COUNTED}


@pytest.mark.parametrize("level", LEAST)
@pytest.mark.parametrize("place", [*FILES, "together"])
def test_the_page_states_what_is_measured(place: str, level: str) -> None:
    counts = together("avalanche", LEAST[level]) if place == "together" else counted(place, "avalanche", LEAST[level])
    mapped, hit, share, flat, gentle, lift = stated()[place, level]
    # Cells on the outline of a release area may fall on either side of it; cells at an unknown neighbour have no slope
    # here and one in the project. Both are few.
    assert counts["mapped"] == pytest.approx(mapped, abs=max(3, 0.03 * mapped))
    assert 100 * counts["hit"] / counts["mapped"] == pytest.approx(hit, abs=3.0)
    assert 100 * counts["marked"] / counts["cells"] == pytest.approx(share, abs=0.1)
    assert 100 * counts["flat_marked"] / counts["flat"] == pytest.approx(flat, abs=3.0)
    assert 100 * counts["gentle_marked"] / counts["gentle"] == pytest.approx(gentle, abs=3.0)
    assert hit / share == pytest.approx(lift, abs=0.1)


def test_what_is_asked_for_is_met() -> None:
    """Domain reference 7.3, Specificity, on all places together; hit rate and share in each place too."""
    medium = together("avalanche", LEAST["medium"])
    hit, share = medium["hit"] / medium["mapped"], medium["marked"] / medium["cells"]
    assert hit >= 0.90
    assert share <= 0.25
    assert hit / share >= 3.0
    assert medium["flat_marked"] / medium["flat"] <= 0.05
    for name in FILES:
        place = counted(name, "avalanche", LEAST["medium"])
        assert place["hit"] / place["mapped"] >= 0.90
        assert place["marked"] / place["cells"] <= 0.25
    low = together("avalanche", LEAST["low or more"])
    assert low["gentle_marked"] / low["gentle"] <= 0.35


@pytest.mark.parametrize("process", ["debris_flow", "rockfall"])
def test_what_has_no_inventory_is_low_at_most_and_leaves_most_gentle_ground_alone(process: str) -> None:
    assert together(process, LEAST["medium"])["marked"] == 0
    low = together(process, LEAST["low or more"])
    assert low["gentle_marked"] / low["gentle"] <= 0.35
    row = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {process} |"))
    share, gentle = (float(cell) for cell in row.strip("|").split("|")[1:])
    assert 100 * low["marked"] / low["cells"] == pytest.approx(share, abs=0.1)
    assert 100 * low["gentle_marked"] / low["gentle"] == pytest.approx(gentle, abs=3.0)


@pytest.mark.parametrize("cells", [3, 4, 5])
def test_finer_cells_change_little(cells: int) -> None:
    hit, marked, mapped_cells, known_cells = 0, 0, 0, 0
    for name in FILES:
        dem, mapped = at(name, cells)
        level = avalanche(drainage(dem)).level
        known = ~np.isnan(dem.values)
        hit, mapped_cells = hit + int((level[mapped & known] == 3).sum()), mapped_cells + int((mapped & known).sum())
        marked, known_cells = marked + int((level == 3).sum()), known_cells + int(known.sum())
    assert hit / mapped_cells >= 0.90
    assert marked / known_cells <= 0.25
