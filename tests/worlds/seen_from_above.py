"""Plots under scenes of Sentinel-2, made small: every plot lies on whole cells, every figure is typed here.

Twelve plots lie in a command area, twelve beside it. In 2021 (numbers without offset) every fourth is dry; in 2022 all
are green, one scene hazy; in 2023 all are dry; in 2024 some are under cloud; in 2025 the scene does not say how its
numbers are to be read; of 2026 there is none.
"""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine

from tests.clients.mirror import Mirror
from tests.worlds.open_data import tiff

WEST, NORTH, CELLS = 612_000.0, 4_319_000.0, 300  # EPSG:32642; of one scene, 10 m cells
SIDE, COUNT = 100.0, 24
YEARS = range(2021, 2027)
SEARCH = "/earth-search.aws.element84.com/v1/search"
QUERY = (
    "?collections=sentinel-2-c1-l2a&datetime={year}-08-01T00:00:00Z/{year}-08-31T23:59:59Z"
    "&bbox=70.2,38.95,70.5,39.15&limit=100"
)
REFLECTANCE = {"green": (0.05, 0.20), "between": (0.10, 0.20), "not_green": (0.20, 0.25), "hazy": (0.15, 0.25)}
NDVI = {"green": 0.6, "between": 1 / 3, "not_green": 1 / 9, "hazy": 0.25}  # (nir - red) / (nir + red), by hand
CLOUD, NOT_VEGETATED = 9, 5  # scene classes of Sen2Cor


def plot(number: int) -> shapely.Polygon:
    """Square of one hectare, EPSG:32642; eight in a row."""
    west, north = WEST + 200.0 + 200.0 * (number % 8), NORTH - 200.0 - 200.0 * (number // 8)
    return shapely.box(west, north - SIDE, west + SIDE, north)


def plots() -> gpd.GeoDataFrame:
    """All plots as a cadastre would give them."""
    rows = {"plot_id": [f"p{number:02d}" for number in range(COUNT)]}
    return gpd.GeoDataFrame(rows, geometry=[plot(n) for n in range(COUNT)], crs=32642).to_crs(4326)


def area() -> gpd.GeoDataFrame:
    """The command area that holds the first twelve."""
    shape = shapely.union_all([plot(n) for n in range(12)]).buffer(20.0)
    return gpd.GeoDataFrame({"code": ["outlet-1"]}, geometry=[shape], crs=32642).to_crs(4326)


def state(year: int, number: int) -> str:
    """How a plot is in August of a year."""
    if year == 2021:
        return "not_green" if number % 4 == 0 else "green"
    if year == 2024:
        if number == 5:
            return "between"
        return "not_green" if 6 <= number < 14 else "green"
    return "not_green" if year == 2023 else "green"


def _bands(year: int, *, hazy: bool = False, offset: int = 1_000) -> dict[str, bytes]:
    red, infrared = (np.full((CELLS, CELLS), value, dtype=np.uint16) for value in (3_000, 3_500))
    classes = np.full((CELLS // 2, CELLS // 2), NOT_VEGETATED, dtype=np.uint8)
    for number in range(COUNT):
        west, south, east, north = (int(edge) for edge in plot(number).bounds)
        rows = slice(int(NORTH - north) // 10, int(NORTH - south) // 10)
        cols = slice(int(west - WEST) // 10, int(east - WEST) // 10)
        said = REFLECTANCE["hazy" if hazy else state(year, number)]
        red[rows, cols], infrared[rows, cols] = (round(value * 10_000) + offset for value in said)
        coarse = (slice(rows.start // 2, rows.stop // 2), slice(cols.start // 2, cols.stop // 2))
        if year == 2024 and number == 3:
            classes[coarse] = CLOUD
        if year == 2024 and number == 4:  # three of five columns of cells of 20 m
            classes[coarse[0], coarse[1].start : coarse[1].start + 3] = CLOUD
    grid, coarser = Affine(10, 0, WEST, 0, -10, NORTH), Affine(20, 0, WEST, 0, -20, NORTH)
    return {
        "red": tiff(red, grid, "EPSG:32642", nodata=0),
        "nir": tiff(infrared, grid, "EPSG:32642", nodata=0),
        "scl": tiff(classes, coarser, "EPSG:32642", nodata=0),
    }


def _item(mirror: Mirror, name: str, day: str, cloud: float, **properties: Any) -> dict[str, Any]:
    at = f"/earth-search.aws.element84.com/v1/collections/sentinel-2-c1-l2a/items/{name}"
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "properties": {"datetime": f"{day}T06:11:15.024000Z", "grid:code": "MGRS-42SWJ", "eo:cloud_cover": cloud}
        | properties,
        "assets": {asset: {"href": f"{mirror.url}/scenes/{name}/{asset}.tif"} for asset in ("red", "nir", "scl")},
        "links": [{"rel": "self", "href": mirror.url + at}],
    }
    mirror.put(at, json.dumps(item))
    return item


def _put(mirror: Mirror, item: dict[str, Any], bands: dict[str, bytes]) -> None:
    for asset, content in bands.items():
        mirror.put(f"/scenes/{item['id']}/{asset}.tif", content)


def put_scenes(mirror: Mirror) -> None:
    """Answer searches year by year, that of 2022 on two pages, and the scenes that are to be brought."""
    found: dict[int, list[dict[str, Any]]] = {year: [] for year in YEARS}
    for year in (2021, 2022, 2023, 2024):
        baseline, offset = ("03.01", 0) if year == 2021 else ("05.10", 1_000)
        item = _item(mirror, f"S2A_{year}", f"{year}-08-12", 3.0, **{"s2:processing_baseline": baseline})
        _put(mirror, item, _bands(year, offset=offset))
        found[year].append(item)
    hazy = _item(mirror, "S2B_2022", "2022-08-17", 9.0, **{"s2:processing_baseline": "05.10"})
    _put(mirror, hazy, _bands(2022, hazy=True))
    cloudy = _item(mirror, "S2A_2022_cloudy", "2022-08-22", 80.0, **{"s2:processing_baseline": "05.10"})
    found[2022] = [cloudy, hazy, *found[2022]]
    unsaid = _item(mirror, "S2A_2025", "2025-08-12", 1.0)
    _put(mirror, unsaid, _bands(2025))
    found[2025].append(unsaid)
    for year, items in found.items():
        first, rest = items[:2], items[2:]
        links = [{"rel": "next", "href": f"{mirror.url}{SEARCH}?year={year}&page=2"}] if rest else []
        mirror.put(SEARCH + QUERY.format(year=year), json.dumps(_page(first, links)))
        mirror.put(f"{SEARCH}?year={year}&page=2", json.dumps(_page(rest, [])))


def _page(items: list[dict[str, Any]], links: list[dict[str, str]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": items, "links": links}
