"""``obod water need``: a July that was computed by hand, and why figures of other areas are empty."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import orjson
import pandas as pd
import pyproj
import pytest
import shapely
from sqlalchemy import Engine, text

from layers.loading import load_frame
from tests.clients.command import run
from tests.worlds import valley

X, Y = valley.X, valley.Y
RASHT, NUROBOD = "TJ.RR.GA", "TJ.RR.DA"
HEAD = "month,rain_mm,et0_mm_d\n"
# July: 10 mm of rain, 6.2506 mm/d; the rain of May is not known, all other months are dry.
YEAR = HEAD + "".join(f"{m},{ {5: '', 7: '10'}.get(m, '0') },{6.2506 if m == 7 else 4}\n" for m in range(1, 13))
# Code, what is recorded, and crop, hectares, day it begins.
AREAS: list[tuple[str, dict[str, object], list[tuple[str, float, str | None]]]] = [
    (
        "=a",
        {"irrigation_method": "surface"},
        [("potato", 10, "05-07"), ("lucerne", 6, "04-01"), ("apricot", 4, "04-01")],
    ),
    ("b", {}, []),
    ("c", {}, [("maize", 5, None)]),
    ("d", {}, [("potato", 10, "05-07")]),
    ("e", {"water_salinity_ds_m": 5.0, "soil_salinity_ds_m": 2.0}, [("potato", 10, "05-07")]),
    ("f", {}, [("potato", 41, "05-07")]),
    ("g", {"application": 0.5, "water_salinity_ds_m": 2.0, "soil_salinity_ds_m": 2.0}, [("potato", 10, "05-07")]),
    ("h", {}, [("quinoa", 1, "05-07")]),
]


def square(place: int) -> shapely.Polygon:
    """Of 400 m by 500 m, 20 ha on the map."""
    return shapely.box(X + 1_000 * place, Y, X + 1_000 * place + 400, Y + 500)


@pytest.fixture(scope="module", autouse=True)
def fields(database: Engine) -> None:
    outlines = {
        RASHT: shapely.box(X - 10, Y - 10, X + 6_500, Y + 510),
        NUROBOD: shapely.box(X + 6_500, Y, X + 9_000, Y + 510),
    }
    districts = [
        {"code": code, "name_en": code, "geometry": shapely.MultiPolygon([box])} for code, box in outlines.items()
    ]
    basis = {"sdr_basis": "unknown", "position": "unknown"}
    areas = [
        {"code": code, "canal": "C1" if code in "=ab" else "C2", **basis, **more, "geometry": square(k)}
        for k, (code, more, _) in enumerate(AREAS)
    ]
    crops = [
        {"code": f"{code}/{crop}", "command_area": code, "crop": crop, "area_ha": ha, "begins": day}
        for code, _, sown in AREAS
        for crop, ha, day in sown
    ]
    with database.begin() as connection:
        for name, rows in (("districts", districts), ("command_areas", areas)):
            load_frame(connection, name, gpd.GeoDataFrame(rows, geometry="geometry", crs=32642).to_crs(4326))
        load_frame(connection, "command_crops", pd.DataFrame(crops))


@pytest.fixture
def climate(tmp_path: Path) -> Path:
    path = tmp_path / "climate.csv"
    path.write_text(YEAR, encoding="utf-8")
    return path


def needs(path: Path, *words: str | Path) -> pd.DataFrame:
    assert run("water", "need", "-o", path, "--year", "normal", *words) == 0
    read = {".csv": pd.read_csv, ".xlsx": pd.read_excel, ".parquet": pd.read_parquet}[path.suffix]
    return read(path)  # type: ignore[operator]


def test_a_july_by_hand(tmp_path: Path, climate: Path) -> None:
    """193.77 mm of evapotranspiration, 9.84 mm of rain that counts: 213.0, 174.2, 164.6 mm on 10, 6 and 4 ha."""
    found = needs(tmp_path / "n.csv", "--climate", climate, "--calendar", "lowland")
    assert len(found) == 12 * len(AREAS)
    july = found[found["month"] == 7].set_index("area")
    row = july.loc["'=a"]  # marked for spreadsheets
    lonlat = gpd.GeoSeries([square(0)], crs=32642).to_crs(4326).iloc[0]
    land = abs(pyproj.Geod(ellps="WGS84").geometry_area_perimeter(lonlat)[0]) / 1e4
    assert row["land_ha"] == pytest.approx(land, rel=1e-6)
    assert (row["cropped_ha"], row["days"], row["rain_mm"], row["et0_mm_d"]) == (20, 31, 10, 6.2506)
    assert row["net_m3"] == pytest.approx(38_335, abs=5)
    assert row["net_mm"] == pytest.approx(38_335 / land / 10, abs=0.03)
    assert (row["application"], row["gross_m3"]) == (0.6, pytest.approx(63_892, abs=9))
    assert row["gross_mm"] == pytest.approx(63_892 / land / 10, abs=0.05)
    assert row["gross_l_s_ha"] == pytest.approx(63_892_000 / land / (31 * 86_400), abs=3e-4)
    assert (row["rain_method"], row["et0_method"], row["crop_table"]) == ("scs", "given", "FAO-56 1998")
    assert (row["year"], row["sowing"]) == ("normal", "on record")
    assert row["unknown"] == (
        "the salinity of the water or the soil is not on record: no water to leach salt is counted"
    )
    assert july["leaching"].isna()["'=a"]
    assert july.loc["g", "leaching"] == 0.25
    # LR = 2 / (10 - 2) = 0.25: 21,299 m3 on 10 ha become 28,399 m3 in all, and half of the water reaches the roots.
    assert july.loc["g", "net_m3"] == pytest.approx(21_299 / 0.75, abs=5)
    assert july.loc["g", "gross_m3"] == pytest.approx(21_299 / 0.75 / 0.5, abs=9)
    assert july.loc["d", "net_m3"] == pytest.approx(21_299, abs=3)


def test_what_is_not_known_is_empty_and_says_why(tmp_path: Path, climate: Path) -> None:
    found = needs(tmp_path / "n.parquet", "--climate", climate, "--calendar", "mountain")
    july = found[found["month"] == 7].set_index("area")
    assert july["unknown"].drop("=a").to_dict() == {
        "b": "no crops are on record",
        "c": "how the fields are watered is not on record",
        "d": "how the fields are watered is not on record",
        "e": "leaching: water of 5 dS/m cannot hold a soil at 2 dS/m, less than 5 expected",
        "f": "41.0 ha of crops are on record for 20.0 ha of land",
        "g": "",
        "h": "crop 'quinoa' is not in the table of crops",
    }
    assert july.loc[["b", "e", "f", "h"], ["cropped_ha", "net_m3", "net_mm", "gross_m3"]].isna().all(axis=None)
    assert july.loc["c", "sowing"] == "calendar of the mountain"
    may = found[found["month"] == 5].set_index("area")
    assert may.loc["g", "unknown"] == "the rain of this period is not known"
    assert may["net_m3"].isna()["g"]
    none = needs(tmp_path / "n.parquet", "--climate", climate)
    july = none[none["month"] == 7].set_index("area")
    assert july.loc["c", "unknown"] == "the day crop 'maize' begins on is not on record"
    assert july.loc["=a", "unknown"] == "the length of the season of crop 'lucerne' is not known"
    blind = needs(tmp_path / "n.parquet", "--area", "g").set_index("month")
    assert blind.loc[7, "unknown"] == "no climate is given, and none is on record for its district"
    assert (blind.loc[1, "unknown"], blind.loc[1, "net_m3"]) == ("", 0)  # nothing stands in January


def test_areas_of_a_district_a_canal_and_one(tmp_path: Path, climate: Path) -> None:
    given = (tmp_path / "n.xlsx", "--climate", climate)
    assert set(needs(*given, "--district", NUROBOD)["area"]) == {"h"}
    assert set(needs(*given, "--district", RASHT, "--canal", "C1")["area"]) == {"'=a", "b"}
    assert set(needs(*given, "--area", "d")["area"]) == {"d"}


def test_temperatures_stand_for_evapotranspiration(tmp_path: Path) -> None:
    """Hargreaves at 38.8 degrees north in the middle of July: 0.0023 x 42.8 x sqrt(14) x 0.408 x 40.8."""
    table = tmp_path / "warm.csv"
    table.write_text(
        "month,rain_mm,tmin_c,tmax_c\n" + "".join(f"{m},0,18,32\n" for m in range(1, 13)), encoding="utf-8"
    )
    july = needs(tmp_path / "n.csv", "--climate", table, "--area", "g").set_index("month").loc[7]
    assert july["et0_method"] == "hargreaves"
    assert july["et0_mm_d"] == pytest.approx(0.0023 * 42.8 * 14**0.5 * 0.408 * 40.8, abs=0.03)


def test_ten_days_and_the_entry_of_who_took_it(database: Engine, tmp_path: Path) -> None:
    """20 mm in ten days count 18.08 by SCS: 11 days of 1.15 x 5 less that, on 10 ha."""
    table = tmp_path / "decades.csv"
    rows = [f"{m},{p},20,5" for m in range(1, 13) for p in (1, 2, 3)]
    table.write_text("month,part,rain_mm,et0_mm_d\n" + "\n".join(rows) + "\n", encoding="utf-8")
    found = needs(tmp_path / "n.csv", "--climate", table, "--by", "decade", "--area", "d").set_index(["month", "part"])
    assert found.loc[(7, 3), "days"] == 11
    assert found.loc[(7, 3), "net_m3"] == pytest.approx((11 * 1.15 * 5 - 18.08) * 100, abs=1)
    with database.connect() as connection:
        entry = connection.execute(
            text("SELECT what, audience, layer, rows FROM audit_log ORDER BY entry DESC LIMIT 1")
        )
        assert tuple(entry.one()) == ("export", "partner", "command_crops", 36)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--year", "arid"), "--year 'arid' is not known: dry, normal, wet expected."),
        (("--rain", "all"), "--rain 'all' is not known"),
        (("--calendar", "north"), "--calendar 'north' is not known: lowland, mountain expected."),
        (("--by", "week"), "month or decade expected"),
        (("--by", "decade"), "climate.csv, row 2, part: 1 to 3 expected, got '0'"),
        (("--year", "dry"), "climate.csv: rows of a dry year expected, there are normal"),
        (("--area", "nowhere"), "No command area is mapped for area 'nowhere'."),
        (("--district", "XX"), "There is no district 'XX'."),
    ],
)
def test_wrong_words_are_one_sentence_and_no_file(
    tmp_path: Path, climate: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    path = tmp_path / "n.csv"
    assert run("water", "need", "-o", path, "--climate", climate, "--year", "normal", *words) == 1
    told = capsys.readouterr().err.strip()
    assert said in told
    assert len(told.splitlines()) == 1
    assert not path.exists()


def test_endings_and_what_is_told(tmp_path: Path, climate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("water", "need", "-o", tmp_path / "n.txt") == 1
    assert "n.txt must end in one of .csv, .xlsx, .parquet." in capsys.readouterr().err
    given = ("--climate", climate, "--year", "normal", "--area", "b")
    assert run("water", "need", "-o", tmp_path / "n.csv", *given, "--json") == 0
    told = orjson.loads(capsys.readouterr().out)
    assert (told["areas"], told["rows"], told["unknown"]) == (1, 12, {"no crops are on record": 12})
