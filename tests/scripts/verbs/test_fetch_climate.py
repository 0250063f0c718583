"""Rain and evaporation by month on a mirror: to dry, normal and wet years of a district and what its land needs."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Engine, text

from layers.settings import get_settings
from tests.clients.mirror import Mirror
from tests.scripts.verbs.conftest import Obod
from tests.worlds import open_data, rain_from_above

ROWS = (
    "SELECT m.year_type, m.month, m.rain_mm, m.et0_mm_d, m.elevation_m, l.source, l.licence FROM climate_months m "
    "JOIN loads l USING (load_id) WHERE m.ended_by IS NULL AND m.district = 'TJ0401' ORDER BY 1, 2"
)
CHIRPS = "CHIRPS 2.0, rain by month, 2.0"
WAPOR = "AgERA5, reference evapotranspiration by month (WaPOR 3), WaPOR 3, L1-RET-M"


@pytest.fixture
def obod(sources: Mirror, command_line: Obod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Obod:
    """Plots of a district, and an installation that is content with few years."""
    monkeypatch.setattr("geo.water.need.kinds_of_year.FEWEST_RAIN_YEARS", 4)
    monkeypatch.setattr("geo.water.need.kinds_of_year.FEWEST_MEAN_YEARS", 1)
    home = get_settings().home
    rain_from_above.only_years(home, "chirps", list(rain_from_above.RAIN_YEARS))
    rain_from_above.only_years(home, "agera5", list(rain_from_above.EVAPORATION_YEARS))
    assert sources.url
    assert command_line("fetch", "cod_ab", "--district", open_data.CODE)[0] == 0
    rain_from_above.plots().to_file(tmp_path / "plots.gpkg")
    assert command_line("layer", "load", "plots", tmp_path / "plots.gpkg", "--key", "plot_id")[0] == 0
    return command_line


def fetched(obod: Obod, source: str) -> tuple[int, str, str]:
    return obod("fetch", source, "--district", open_data.CODE)


def noted(obod: Obod, source: str) -> list[str]:
    (done,) = json.loads(obod("fetch", source, "--district", open_data.CODE, "--json")[1])
    return [note for load in done["loads"] for note in load["notes"]]


def test_years_of_cells_become_kinds_of_year_of_the_land_that_is_farmed(
    obod: Obod, database: Engine, mirror: Mirror, tmp_path: Path
) -> None:
    """Month m has 10 m mm times 1.5, 0.5, 2 and 1; four of five hectares lie in the drier of two cells, half as wet.

    So the land has 12 m mm where the year is as its factor 1. Of four years the driest is exceeded in 4 of 5, the
    wettest in 1 of 5, and half of all years lie above the middle of 1 and 1.5. A fifth year lacks July and is left out.
    """
    rain_from_above.put_rain(mirror)
    rain_from_above.put_month(mirror, 2005, 7, rain_from_above.cells(-9_999.0))
    assert noted(obod, "chirps") == ["TJ0401: 4 whole years from 2001 to 2004."]
    with database.connect() as connection:
        found = connection.execute(text(ROWS)).all()
    factors = {"dry": 0.5, "normal": 1.25, "wet": 2.0}
    assert len(found) == 36
    for row in found:
        assert row.rain_mm == pytest.approx(factors[row.year_type] * 12.0 * row.month, abs=0.05 + 0.01 * row.month)
        assert row[3:] == (None, None, CHIRPS, row.licence)

    rain_from_above.put_evaporation(mirror)
    (done,) = json.loads(obod("fetch", "agera5", "--district", open_data.CODE, "--json")[1])
    (report,) = done["loads"]
    assert report["changed"] == 36
    assert report["notes"] == [
        "TJ0401: 1 whole years from 2019 to 2019.",  # of five or more where nobody lowers the limit
        "Evaporation is the mean of all years in each kind of year; dry years have more.",
    ]
    with database.connect() as connection:
        both = connection.execute(text(ROWS)).all()
    assert [row.rain_mm for row in both] == [row.rain_mm for row in found]
    assert {row.et0_mm_d for row in both} == {5.0}  # sums of months, by their days
    assert {row.source for row in both} == {f"{CHIRPS} + {WAPOR}"}
    assert all("public domain" in row.licence and "CC BY 4.0" in row.licence for row in both)

    with database.connect() as connection:
        loads = connection.execute(text("SELECT max(load_id) FROM loads")).scalar_one()
    for source in ("chirps", "agera5"):
        assert "nothing changed" in fetched(obod, source)[1]
    with database.connect() as connection:
        assert connection.execute(text("SELECT max(load_id) FROM loads")).scalar_one() == loads

    shape = gpd.GeoDataFrame({"code": ["A"]}, geometry=[shapely.box(70.31, 39.02, 70.32, 39.03)], crs=4326)
    shape.to_file(tmp_path / "areas.gpkg")
    (tmp_path / "crops.csv").write_text("code,command_area,crop,area_ha\nA/maize,A,maize,10\n")
    assert obod("layer", "load", "command_areas", tmp_path / "areas.gpkg")[0] == 0
    assert obod("layer", "load", "command_crops", tmp_path / "crops.csv")[0] == 0
    need = {}
    for kind in ("dry", "wet"):
        target = tmp_path / f"{kind}.csv"
        code, _, err = obod("water", "need", "--area", "A", "--year", kind, "-o", target)
        assert code == 0, err
        with target.open(encoding="utf-8") as opened:
            need[kind] = list(csv.DictReader(opened))
    assert need["dry"] != need["wet"]


def test_too_few_years_tell_no_dry_one(
    obod: Obod, database: Engine, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    rain_from_above.only_years(get_settings().home, "chirps", [2001])
    monkeypatch.setattr("geo.water.need.kinds_of_year.FEWEST_RAIN_YEARS", 20)
    rain_from_above.put_rain(mirror, [2001])
    assert noted(obod, "chirps") == ["TJ0401: 20 whole years expected, 1 given."]
    with database.connect() as connection:
        assert connection.execute(text(ROWS)).all() == []


def test_the_climate_of_a_station_stays(obod: Obod, database: Engine, mirror: Mirror, tmp_path: Path) -> None:
    rain_from_above.only_years(get_settings().home, "chirps", [2001])
    rain_from_above.put_rain(mirror, [2001])
    lines = [f"s{m},TJ0401,Gharm,normal,{m},30,10,20" for m in range(1, 13)]
    table = "code,district,station,year_type,month,rain_mm,tmin_c,tmax_c\n" + "\n".join(lines)
    (tmp_path / "station.csv").write_text(table)
    assert obod("layer", "load", "climate_months", tmp_path / "station.csv")[0] == 0
    assert noted(obod, "chirps") == ["TJ0401 has a climate of another source, which stays."]
    with database.connect() as connection:
        assert {row.rain_mm for row in connection.execute(text(ROWS))} == {30.0}


def test_mean_days_are_not_taken_for_sums_of_months(obod: Obod, database: Engine, mirror: Mirror) -> None:
    rain_from_above.put_evaporation(mirror, of_days=True)
    code, _, err = fetched(obod, "agera5")
    said = "The greatest month evaporates 0.18 mm a day; between 2 and 15 expected."
    assert (code, said in err.replace("\n", " ")) == (1, True), err
    with database.connect() as connection:
        assert connection.execute(text(ROWS)).all() == []


def test_files_of_other_cells_are_refused(obod: Obod, mirror: Mirror) -> None:
    rain_from_above.only_years(get_settings().home, "chirps", [2001])
    rain_from_above.put_rain(mirror, [2001])
    rain_from_above.put_month(mirror, 2001, 2, rain_from_above.cells(20.0), west=70.01)
    code, _, err = fetched(obod, "chirps")
    assert (
        code,
        "chirps-v2.0.2001.02.tif.gz has other cells than chirps-v2.0.2001.01.tif.gz." in err.replace("\n", " "),
    ) == (1, True), err


def test_without_land_there_is_nothing_to_tell_of(obod: Obod, mirror: Mirror, database: Engine) -> None:
    rain_from_above.only_years(get_settings().home, "chirps", [2001])
    rain_from_above.put_rain(mirror, [2001])
    with database.begin() as connection:
        connection.execute(text("TRUNCATE plots CASCADE"))
    code, _, err = fetched(obod, "chirps")
    assert (code, "No district with a plot or a candidate field lies there" in err) == (1, True), err


def test_a_station_takes_the_place_of_what_was_told_from_above_and_an_undo_gives_it_back(
    obod: Obod, database: Engine, mirror: Mirror, tmp_path: Path
) -> None:
    rain_from_above.only_years(get_settings().home, "agera5", [2019])
    rain_from_above.put_evaporation(mirror)
    assert fetched(obod, "agera5")[0] == 0
    with database.connect() as connection:
        before = connection.execute(text(ROWS)).all()
    lines = [f"s{m},TJ0401,Gharm,normal,{m},30,10,20" for m in range(1, 13)]
    table = "code,district,station,year_type,month,rain_mm,tmin_c,tmax_c\n" + "\n".join(lines)
    (tmp_path / "station.csv").write_text(table)
    loaded = ("layer", "load", "climate_months", tmp_path / "station.csv")
    code, _, err = obod(*loaded)
    assert (code, "row open-TJ0401-normal-01 is another; nothing was loaded." in err.replace("\n", " ")) == (1, True), (
        err
    )
    code, out, err = obod(*loaded, "--mode", "replace", "--district", "TJ0401")
    assert (code, "12 added, 36 ended" in out) == (0, True), (out, err)
    with database.connect() as connection:
        assert {(row.year_type, row.rain_mm) for row in connection.execute(text(ROWS))} == {("normal", 30.0)}
    assert noted(obod, "agera5") == ["TJ0401 has a climate of another source, which stays."]
    load = re.search(r"load (\d+)", out)
    assert load is not None
    assert obod("layer", "undo", load[1])[0] == 0
    with database.connect() as connection:
        assert connection.execute(text(ROWS)).all() == before
