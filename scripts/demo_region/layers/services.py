"""Services and energy: what people go to, placed in towns and villages."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.geometry.crs import WORKING_CRS
from scripts.demo_region.ground.fields import chance

TOWN_KINDS = (
    "market",
    "health",
    "registry",
    "legal_aid",
    "psychosocial",
    "school",
    "processor",
    "drinking_water",
)
VILLAGE_SHARES = {"market": 0.07, "health": 0.33, "processor": 0.05, "school": 0.5, "drinking_water": 0.8}
TITLES = {
    "market": ("Market", "Бозор", "Рынок"),
    "health": ("Health post", "Бунгоҳи тиббӣ", "Медпункт"),
    "registry": ("Civil registry", "САҲШ", "ЗАГС"),
    "legal_aid": ("Legal aid", "Ёрии ҳуқуқӣ", "Юридическая помощь"),
    "psychosocial": ("Psychosocial support", "Дастгирии равонӣ-иҷтимоӣ", "Психосоциальная поддержка"),
    "school": ("School", "Мактаб", "Школа"),
    "processor": ("Processor", "Коргоҳи коркард", "Цех переработки"),
    "drinking_water": ("Drinking water", "Оби нӯшокӣ", "Питьевая вода"),
}
OPEN_DAYS = {"market": "6-7", "registry": "1-5", "legal_aid": "2,4", "psychosocial": "3"}
SCATTER_M = 140.0  # m; how far from the middle of its village a service stands


def services(settlements: gpd.GeoDataFrame, central: NDArray[np.bool_], area: str, seed: int) -> gpd.GeoDataFrame:
    """Return the services of an area's settlements: all kinds in the central ones, some in the others.

    central : which settlements are towns or district centres.
    """
    rng = chance(seed, f"services {area}")
    rows: list[tuple[str, int]] = [(kind, k) for k in np.flatnonzero(central).tolist() for kind in TOWN_KINDS]
    for kind, share in VILLAGE_SHARES.items():
        chosen = np.flatnonzero(~central & (rng.random(len(settlements)) < share))
        rows += [(kind, k) for k in chosen.tolist()]
    place = np.array([k for _, k in rows])
    xy = shapely.get_coordinates(settlements.geometry.to_numpy())[place]
    xy = xy + rng.normal(0.0, SCATTER_M / 2, xy.shape).clip(-SCATTER_M, SCATTER_M)
    titles = [TITLES[kind] for kind, _ in rows]
    names = settlements.iloc[place]
    tajik, russian = (names[column].fillna(names["name_en"]) for column in ("name_tg", "name_ru"))
    return gpd.GeoDataFrame(
        {
            "code": [f"demo-{area}-s{k:05d}" for k in range(1, len(rows) + 1)],
            "kind": [kind for kind, _ in rows],
            "name_en": [f"{title[0]}, {name}" for title, name in zip(titles, names["name_en"], strict=True)],
            "name_tg": [f"{title[1]}, {name}" for title, name in zip(titles, tajik, strict=True)],
            "name_ru": [f"{title[2]}, {name}" for title, name in zip(titles, russian, strict=True)],
            "open_days": [OPEN_DAYS.get(kind) for kind, _ in rows],
        },
        geometry=shapely.points(xy),
        crs=WORKING_CRS,
    )


def energy_points(
    settlements: gpd.GeoDataFrame, central: NDArray[np.bool_], canals: gpd.GeoDataFrame, area: str
) -> gpd.GeoDataFrame:
    """Return substations in the central settlements and pump stations at the intakes of pumped canals."""
    towns = settlements[central]
    pumped = canals[canals["pumped"] & (canals["type"] == "main")].drop_duplicates("canal")
    intakes = shapely.get_point(pumped.geometry.to_numpy(), 0)
    kinds = ["substation"] * len(towns) + ["pump_station"] * len(pumped)
    names = [f"Substation, {name}" for name in towns["name_en"]] + [f"Pump station, {name}" for name in pumped["canal"]]
    return gpd.GeoDataFrame(
        {
            "code": [f"demo-{area}-n{k:04d}" for k in range(1, len(kinds) + 1)],
            "kind": kinds,
            "name": names,
            "status": "synthetic",
        },
        geometry=np.concatenate([towns.geometry.to_numpy(), intakes]),
        crs=WORKING_CRS,
    )
