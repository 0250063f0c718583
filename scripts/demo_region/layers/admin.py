"""Regions, districts, jamoats, villages and their names."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.geometry.crs import WORKING_CRS
from scripts.demo_region.farmland.farms import Farm
from scripts.demo_region.ground.courses import TO_METRES
from scripts.demo_region.ground.districts import Division, outlines
from scripts.demo_region.ground.fields import chance
from scripts.demo_region.places import Area, District, Names

REGION_NAMES = {
    "TJ-RA": Names(
        "Districts of Republican Subordination",
        "Ноҳияҳои тобеи ҷумҳурӣ",
        "Районы республиканского подчинения",
    ),
    "TJ-KT": Names("Khatlon", "Хатлон", "Хатлонская область"),
}
BOUNDARY_NOTE = "Synthetic: drawn along watersheds; not the district's boundary."
PEOPLE_PER_HOUSEHOLD_PLOT = 6.0  # default of the demo
COUNTED_ON = date(2026, 6, 1)  # date of the made-up count
LED_BY_WOMEN = (0.04, 0.36)  # least and greatest share of a jamoat's households, default of the demo


def named(names: list[Names]) -> dict[str, list[str]]:
    """Return the three name columns."""
    return {
        "name_en": [name.en for name in names],
        "name_tg": [name.tg for name in names],
        "name_ru": [name.ru for name in names],
    }


def jamoat_code(district: District, number: int) -> str:
    """Return the code of a jamoat of the demo."""
    return f"demo-{district.short}-j{number + 1:02d}"


def division_frames(area: Area, division: Division) -> dict[str, gpd.GeoDataFrame]:
    """Return regions, districts and jamoats of an area."""
    shapes = outlines(division.district, division.cells)
    held = [(district, shapes[k]) for k, district in enumerate(area.districts) if k in shapes]
    region_codes = sorted({district.region for district, _ in held})
    regions = gpd.GeoDataFrame(
        {"code": region_codes, **named([REGION_NAMES[code] for code in region_codes])},
        geometry=[shapely.union_all([shape for d, shape in held if d.region == code]) for code in region_codes],
        crs=WORKING_CRS,
    )
    districts = gpd.GeoDataFrame(
        {
            "code": [district.code for district, _ in held],
            "region": [district.region for district, _ in held],
            **named([district.names for district, _ in held]),
            "population": pd.array([district.population for district, _ in held], dtype="Int64"),
            "boundary_note": BOUNDARY_NOTE,
        },
        geometry=[shape for _, shape in held],
        crs=WORKING_CRS,
    )
    return {"regions": regions, "districts": districts, "jamoats": _jamoats(area, division)}


def _jamoats(area: Area, division: Division) -> gpd.GeoDataFrame:
    rows: list[tuple[str, str, Names, shapely.Geometry]] = []
    for k, district in enumerate(area.districts):
        if not district.jamoats:
            continue
        labels = np.where(division.district == k, division.jamoat, np.int16(-1)).astype(np.int16)
        for number, shape in outlines(labels, division.cells).items():
            rows.append((jamoat_code(district, number), district.code, district.jamoats[number], shape))
    return gpd.GeoDataFrame(
        {"code": [r[0] for r in rows], "district": [r[1] for r in rows], **named([r[2] for r in rows])},
        geometry=[r[3] for r in rows],
        crs=WORKING_CRS,
    )


def settlements(
    area: Area, farms: list[list[Farm]], division: Division, gardens: NDArray[np.int64]
) -> gpd.GeoDataFrame:
    """Return towns of true name and place, then the villages founded along the canals, under made-up names.

    gardens : household plots farmed from each village founded, in the order of the farms; gives its population.
    """
    codes, names, kinds, people, points, of = [], [], [], [], [], []
    for district in area.districts:
        for town in district.towns:
            codes.append(f"demo-{town.key}")
            names.append(town.names)
            kinds.append(town.kind)
            people.append(town.population)
            points.append(TO_METRES.transform(*town.at))
            of.append(district)
    count = 0
    for district, group in zip(area.districts, farms, strict=True):
        founded = np.concatenate([np.empty((0, 2)), *(farm.villages for farm in group)])
        for number, (x, y) in enumerate(founded, start=1):
            where = f"{district.names.en}"
            codes.append(f"demo-{district.short}-v{number:04d}")
            names.append(
                Names(
                    f"Demo village {number} ({where})",
                    f"Деҳаи намоишии {number} ({district.names.tg})",
                    f"Демонстрационное село {number} ({district.names.tg})",
                )
            )
            kinds.append("village")
            people.append(int(max(gardens[count], 5) * PEOPLE_PER_HOUSEHOLD_PLOT))
            points.append((x, y))
            of.append(district)
            count += 1
    xy = np.array(points)
    jamoats = division.jamoat_at(xy[:, 0], xy[:, 1])
    return gpd.GeoDataFrame(
        {
            "code": codes,
            "district": [district.code for district in of],
            "jamoat": [jamoat_code(d, j) if j >= 0 and d.jamoats else None for d, j in zip(of, jamoats, strict=True)],
            **named(names),
            "kind": kinds,
            "population": pd.array(people, dtype="Int64"),
        },
        geometry=shapely.points(xy),
        crs=WORKING_CRS,
    )


def jamoat_households(jamoats: gpd.GeoDataFrame, homes: gpd.GeoDataFrame, seed: int) -> pd.DataFrame:
    """Return made-up programme statistics of jamoats that have settlements: households, by people, and women led."""
    people = homes.groupby("jamoat")["population"].sum()
    codes = [code for code in jamoats["code"] if people.get(code, 0) > 0]
    households = np.round(people.reindex(codes).to_numpy(dtype=np.float64) / PEOPLE_PER_HOUSEHOLD_PLOT)
    share = np.array([chance(seed, f"households {code}").uniform(*LED_BY_WOMEN) for code in codes])
    return pd.DataFrame(
        {
            "code": codes,
            "households": households.astype(np.int64),
            "households_led_by_women": np.round(households * share).astype(np.int64),
            "counted_on": COUNTED_ON,
        }
    )


def place_names(areas: tuple[Area, ...]) -> pd.DataFrame:
    """Return present and former names of districts and towns in three languages."""
    rows: list[dict[str, object]] = []
    for district in (district for area in areas for district in area.districts):
        eras: list[tuple[str, Names, int | None]] = [("now", district.names, None)]
        eras += [(f"was{k}", former.names, former.used_to) for k, former in enumerate(district.former, start=1)]
        for era, names, used_to in eras:
            rows += _names("districts", district.code, era, names, used_to)
        for town in district.towns:
            rows += _names("settlements", f"demo-{town.key}", "now", town.names, None)
    return pd.DataFrame(rows)


def _names(layer: str, place: str, era: str, names: Names, used_to: int | None) -> list[dict[str, object]]:
    return [
        {
            "code": f"demo-{place}-{era}-{lang}",
            "layer": layer,
            "place": place,
            "name": getattr(names, lang),
            "lang": lang,
            "used_to": None if used_to is None else date(used_to, 12, 31),
        }
        for lang in ("tg", "ru", "en")
    ]
