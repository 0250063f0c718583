"""The climate on record: what ``obod water need`` finds without a table of its own, and files that are refused."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from sqlalchemy import Engine, text

from layers.loading import load_frame
from tests.clients.command import run
from tests.worlds import valley

X, Y = valley.X, valley.Y
HIGH, LOW = "TJ.RR.GA", "TJ.RR.DA"
HEAD = "code,district,station,elevation_m,year_type,month,rain_mm,tmin_c,tmax_c\n"


def record(district: str, year: str, height: int, rain: dict[int, str], warm: str = "18,32") -> str:
    return "".join(
        f"{district}-{year[0]}{m},{district},S,{height},{year},{m},{rain.get(m, '0')},{warm}\n" for m in range(1, 13)
    )


@pytest.fixture(scope="module", autouse=True)
def fields(database: Engine) -> None:
    outlines = {HIGH: shapely.box(X, Y, X + 5_000, Y + 900), LOW: shapely.box(X + 5_000, Y, X + 9_000, Y + 900)}
    districts = [
        {"code": code, "name_en": code, "geometry": shapely.MultiPolygon([box])} for code, box in outlines.items()
    ]
    basis = {"sdr_basis": "unknown", "position": "unknown", "irrigation_method": "surface"}
    spots = {"up": X + 100, "down": X + 6_000, "off": X + 12_000}
    areas = [
        {"code": code, **basis, "geometry": shapely.box(x, Y + 100, x + 400, Y + 600)} for code, x in spots.items()
    ]
    crops = [
        {"code": f"{code}/maize", "command_area": code, "crop": "maize", "area_ha": 10.0, "begins": None}
        for code in spots
    ]
    with database.begin() as connection:
        for name, rows in (("districts", districts), ("command_areas", areas)):
            load_frame(connection, name, gpd.GeoDataFrame(rows, geometry="geometry", crs=32642).to_crs(4326))
        load_frame(connection, "command_crops", pd.DataFrame(crops))


def load(path: Path, body: str) -> int:
    path.write_text(HEAD + body, encoding="utf-8")
    return run("layer", "load", "climate_months", path)


def test_the_climate_of_the_district_is_taken_without_a_table(tmp_path: Path, database: Engine) -> None:
    """Hargreaves in mid-July; 60 mm of July rain, as months and in ten days of 10, 10 and 11 of 31."""
    body = record(HIGH, "dry", 1_400, {7: "60"}) + record(LOW, "dry", 400, {7: ""})
    assert load(tmp_path / "sky.csv", body) == 0
    assert load(tmp_path / "sky.csv", body) == 0  # a second time changes nothing
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM climate_months WHERE ended_by IS NULL")).scalar() == 24
    assert run("water", "need", "-o", tmp_path / "n.csv", "--year", "dry") == 0
    july = pd.read_csv(tmp_path / "n.csv").query("month == 7").set_index("area")
    assert july.loc["up", "et0_mm_d"] == pytest.approx(0.0023 * 42.8 * 14**0.5 * 0.408 * 40.8, abs=0.03)
    up = july.loc["up"]
    assert (up["et0_method"], up["rain_mm"], up["sowing"]) == ("hargreaves", 60, "calendar of the mountain")
    # SCS of 60 mm is 60 x (125 - 12) / 125 = 54.24. Maize of 1 May has Kc 1.20 from its 70th day, 9 July, and 0.9 / 40
    # less for each day before: 36 such days in July.
    et0 = 0.0023 * 42.8 * 14**0.5 * 0.408 * 40.8
    assert july["net_m3"]["up"] == pytest.approx(((1.2 * 31 - 0.9 * 36 / 40) * et0 - 54.24) * 100, abs=150)
    assert july.loc["down", "unknown"] == "the rain of this period is not known"
    assert july.loc["off", "unknown"] == "the day crop 'maize' begins on is not on record"
    assert july["net_m3"].isna().tolist() == [True, True, False]
    assert run("water", "need", "-o", tmp_path / "d.csv", "--year", "dry", "--by", "decade") == 0
    decades = pd.read_csv(tmp_path / "d.csv").query("month == 7 and area == 'up'")
    assert decades["rain_mm"].tolist() == pytest.approx([60 * 10 / 31, 60 * 10 / 31, 60 * 11 / 31])
    assert run("water", "need", "-o", tmp_path / "w.csv", "--year", "wet", "--calendar", "mountain") == 0
    wet = pd.read_csv(tmp_path / "w.csv").query("month == 7")
    assert set(wet["unknown"]) == {"no climate is given, and none is on record for its district"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (record("A", "wet", 1, {}).replace("A-w3,A,S,1,wet,3,0,18,32\n", ""), "all months of a wet year expected"),
        (record("A", "wet", 1, {}, "33,32"), "tmax_c: at least tmin_c expected"),
        (record("A", "wet", 1, {7: "-1"}), "rain_mm"),
        (record("A", "wet", 1, {}).replace("A-w3,A,S,1,wet,3", "A-w3,A,S,1,wet,2"), "one row expected for district"),
        (record("A", "arid", 1, {}), "year_type"),
        (record("A", "wet", 1, {}).replace("wet,12,", "wet,13,"), "month"),
    ],
)
def test_a_year_that_does_not_fit_is_refused_whole(
    tmp_path: Path, database: Engine, capsys: pytest.CaptureFixture[str], body: str, said: str
) -> None:
    assert load(tmp_path / "bad.csv", body) == 1
    told = capsys.readouterr().err
    assert said in told
    assert "bad.csv" in told
    with database.connect() as connection:
        assert not connection.execute(text("SELECT count(*) FROM climate_months WHERE district = 'A'")).scalar()
