"""What the water balance cannot live with is refused in one sentence, clause by clause, and nothing of it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import Connection, Engine, func, select, text

from layers.catalogue import BY_NAME
from layers.errors import DataRefused
from layers.loading import LoadReport, Options, check_file, load_file, load_frame
from tests.clients.command import run
from tests.worlds import valley

X, Y = valley.X, valley.Y
BASE = {"type": "main", "lining": "earth", "soil": "loam", "level_basis": "unknown", "position": "unknown"}


def frame(rows: list[dict[str, Any]], shapes: Sequence[shapely.Geometry]) -> gpd.GeoDataFrame:
    moved = [shapely.transform(shape, lambda xy: xy + np.array([X, Y])) for shape in shapes]
    return gpd.GeoDataFrame(rows, geometry=moved, crs=32642).to_crs(4326)


def world(connection: Connection) -> None:
    """Intake i1 on reach m1 of 1 km, at whose end an outlet serves 100 ha; intake i2 that leads to no land."""
    lines = [shapely.LineString([(0, 0), (1_000, 0)]), shapely.LineString([(0, 5_000), (1_000, 5_000)])]
    canals = [{"code": code, "canal": code, "flow_known": True, "conveyance": 0.9, **BASE} for code in ("m1", "m2")]
    load_frame(connection, "canals", frame(canals, lines))
    outlet = {"code": "o1", "reach": "m1", "command_area": "a1", "level_basis": "unknown", "position": "unknown"}
    load_frame(connection, "outlets", frame([outlet], [shapely.Point(1_000, 0)]))
    area = {"code": "a1", "sdr_basis": "unknown", "position": "unknown"}
    load_frame(
        connection, "command_areas", frame([area], [shapely.MultiPolygon([shapely.box(1_010, 0, 2_010, 1_000)])])
    )
    places = {"i1": ("m1", (0, 0)), "i2": ("m2", (0, 5_000))}
    intakes = [{"code": code, "reach": reach, "source": "river"} for code, (reach, _) in places.items()]
    load_frame(connection, "intakes", frame(intakes, [shapely.Point(xy) for _, xy in places.values()]))


@pytest.fixture
def canal(connection: Connection) -> Connection:
    world(connection)
    return connection


def stored(connection: Connection, layer: str) -> int:
    return connection.execute(select(func.count()).select_from(BY_NAME[layer].__table__)).scalar_one()


HEAD = "code,intake,year_type,month,part,flow_m3_s,basis"


def flows(
    year: str = "dry", intake: str = "i1", by: Sequence[int] = (0,), every: str = "0.1", **changed: str | None
) -> list[str]:
    """A year of 0.1 m3/s, 1 l/s a hectare; ``m7="0.2"`` is another July, ``m7=None`` is left out."""
    rows = []
    for month in range(1, 13):
        for part in by:
            flow = changed.get(f"m{month}" if not part else f"m{month}_{part}", every)
            if flow is not None:
                rows.append(f"{intake}{year[0]}{month:02d}{part},{intake},{year},{month},{part},{flow},gauged")
    return rows


def file(tmp_path: Path, name: str, head: str, rows: list[str]) -> Path:
    path = tmp_path / f"{name}.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def load(connection: Connection, layer: str, path: Path, **options: Any) -> LoadReport:
    return load_file(connection, layer, path, Options(**options))


TEN = (1, 2, 3)
YEARS: list[tuple[list[str], str]] = [
    (flows(m7="-0.1"), "row 7 (i1d070), flow_m3_s is '-0.1': expected 0 to 5000 m3/s"),
    (flows(m7="inf"), "row 7 (i1d070), flow_m3_s is 'inf': expected a finite number"),
    (flows(m7="much"), "row 7 (i1d070), flow_m3_s is 'much': expected a number"),
    (
        flows(m3=None, m11=None),
        "row 1 (i1d010), month: all months of a dry year, or of April to September alone, expected for intake "
        "'i1', 3, 11 missing",
    ),
    (
        flows() + flows("normal", m2=None),
        "row 13 (i1n010), month: all months of a normal year, or of April to September alone, expected for intake "
        "'i1', 2 missing",
    ),
    (
        flows(by=TEN, m4_2=None),
        "row 1 (i1d011), month: all months of a dry year, or of April to September alone, expected for intake "
        "'i1', 4/2 missing",
    ),
    (flows(m6=None)[3:8], "of April to September alone, expected for intake 'i1', 6 missing"),
    ([*flows(), "x,i1,dry,13,0,0.1,gauged"], "row 13 (x), month is '13': expected 1 to 12"),
    ([*flows(), "x,i1,dry,0,0,0.1,gauged"], "row 13 (x), month is '0': expected 1 to 12"),
    ([*flows(), "x,i1,dry,1,4,0.1,gauged"], "row 13 (x), part is '4': expected 0 to 3"),
    (
        [*flows(), "x,i1,dry,7,0,0.2,gauged"],
        "row 13 (x), month: one row expected for intake 'i1' in month 7 of a dry year, row i1d070 is another",
    ),
    (
        [*flows(), "x,i1,dry,7,2,0.1,gauged"],
        "row 13 (x), part: months or ten-day parts expected for intake 'i1', not both",
    ),
    (
        flows() + flows("wet", by=TEN),
        "row 13 (i1w011), part: months or ten-day parts expected for intake 'i1', not both",
    ),
    (
        flows(m7="100"),
        "row 7 (i1d070), flow_m3_s: 999 l/s for each of the 100 ha it serves; 0.02 to 20 expected: say --unit flow=l/s",
    ),
    (
        flows(every="0.001"),
        "row 1 (i1d010), flow_m3_s: 0.00999 l/s for each of the 100 ha it serves; 0.02 to 20 expected",
    ),
    (
        flows(m7="0.3") + flows("normal", m7="0.2"),
        "row 7 (i1d070), flow_m3_s: 0.3 m3/s of a dry year are above the 0.2 m3/s of a normal year in month 7; "
        "less expected, or --accept-disorder",
    ),
    (flows("normal", m5="0.3") + flows("wet"), "of a normal year are above the 0.1 m3/s of a wet year in month 5"),
    (flows(intake="i9"), "row 1 (i9d010), intake: an intake that is mapped expected, got 'i9'"),
    (flows("drought"), "row 1 (i1d010), year_type is 'drought': expected one of dry, normal, wet"),
]


@pytest.mark.parametrize(("rows", "said"), YEARS, ids=[said[:50] for _, said in YEARS])
def test_years_of_flows_that_do_not_hold(canal: Connection, tmp_path: Path, rows: list[str], said: str) -> None:
    path = file(tmp_path, "flows", HEAD, rows)
    for how in (load_file, check_file):
        with pytest.raises(DataRefused) as refusal:
            how(canal, "intake_flows", path, Options())
        assert str(refusal.value).startswith("flows.csv, ")
        assert said in str(refusal.value)
        assert str(refusal.value).endswith("nothing was loaded.")


def test_years_that_hold_are_stored_once(canal: Connection, tmp_path: Path) -> None:
    """Dry below normal, a month nobody knows, a source that runs dry in winter; again changes nothing."""
    rows = flows(m1="0", m2="", m7="0.05") + flows("normal") + flows("wet", m7="2")
    path = file(tmp_path, "flows", HEAD, rows)
    assert load(canal, "intake_flows", path).added == 36
    assert load(canal, "intake_flows", path).unchanged == 36
    by_ten = file(tmp_path, "ten", HEAD, flows(intake="i2", by=TEN))
    report = load(canal, "intake_flows", by_ten)
    assert report.added == 36
    assert "no command area is joined to intakes i2" in report.notes[-1]


def test_the_season_of_irrigation_may_stand_alone(canal: Connection, tmp_path: Path) -> None:
    assert load(canal, "intake_flows", file(tmp_path, "season", HEAD, flows()[3:9])).added == 6


def test_what_is_stored_counts_beside_the_file(canal: Connection, tmp_path: Path) -> None:
    load(canal, "intake_flows", file(tmp_path, "dry", HEAD, flows(m7="0.09")))
    with pytest.raises(
        DataRefused, match=r"normal.csv, row 7 \(i1n070\), flow_m3_s: 0.09 m3/s of a dry year are above"
    ):
        load(canal, "intake_flows", file(tmp_path, "normal", HEAD, flows("normal", m7="0.08")))
    with pytest.raises(DataRefused, match="ten-day parts expected for intake 'i1', not both"):
        load(canal, "intake_flows", file(tmp_path, "wet", HEAD, flows("wet", by=TEN)))
    july = file(tmp_path, "july", HEAD, ["again,i1,dry,7,0,0.05,gauged"])
    with pytest.raises(
        DataRefused, match=r"july.csv, row 1 \(again\), month: one row expected .* row i1d070 is another"
    ):
        load(canal, "intake_flows", july)
    assert load(canal, "intake_flows", file(tmp_path, "late", HEAD, flows(m7="0.05")[6:7]), mode="update").changed == 1


def test_disorder_that_is_accepted_and_litres_that_are_said(canal: Connection, tmp_path: Path) -> None:
    path = file(tmp_path, "flows", HEAD, flows(m7="0.3") + flows("normal", m7="0.2"))
    assert load(canal, "intake_flows", path, accept_disorder=True).added == 24
    litres = file(tmp_path, "litres", HEAD, flows("wet", every="400"))
    assert load(canal, "intake_flows", litres, units={"flow": "l/s"}).added == 12
    found = canal.execute(text("SELECT DISTINCT flow_m3_s FROM intake_flows WHERE year_type = 'wet'")).scalars().all()
    assert found == [pytest.approx(0.4)]


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ({"flow": "gallons"}, "--unit flow=gallons: one of m3/s, l/s, m3/h, m3/d expected."),
        ({"depth": "l/s"}, "--unit depth: one of the fields flow_m3_s expected."),
    ],
)
def test_units_nobody_knows(canal: Connection, tmp_path: Path, units: dict[str, str], said: str) -> None:
    with pytest.raises(DataRefused) as refusal:
        load(canal, "intake_flows", file(tmp_path, "flows", HEAD, flows()), units=units)
    assert str(refusal.value) == said
    lacking = file(tmp_path, "none", HEAD.replace("flow_m3_s", "flow"), flows())
    with pytest.raises(DataRefused, match=r"--unit flow: no column of none.csv fills it\."):
        load(canal, "intake_flows", lacking, units={"flow": "l/s"}, drop=("flow",))


CROPS = "code,command_area,crop,area_ha,begins"
LON, LAT = 70.0, 38.6
# Layer, heading, rows, what is said. Positions are those of the file; where a row lies counts for nothing here.
OTHERS: list[tuple[str, str, list[str], str]] = [
    ("command_crops", CROPS, ["c1,a1,cotton,-5,04-15"], "row 1 (c1), area_ha is '-5': expected 0 ha or more"),
    ("command_crops", CROPS, ["c1,a1,cotton,inf,04-15"], "row 1 (c1), area_ha is 'inf': expected a finite number"),
    ("command_crops", CROPS, ["c1,a1,cotton,,04-15"], "row 1 (c1), area_ha: is empty"),
    (
        "command_crops",
        CROPS,
        ["c1,a1,wheat,100,10-15", "c2,a1,maize_second,101,06-20"],
        "row 2 (c2), area_ha: 201 ha of crops on 100 ha of command area 'a1'; at most 200 % of the land expected",
    ),
    ("command_crops", CROPS, ["c1,a1,poppy,5,04-15"], "row 1 (c1), crop: expected one of almond, apple, apricot"),
    (
        "command_crops",
        CROPS,
        ["c1,a9,cotton,5,04-15"],
        "row 1 (c1), command_area: a command area that is mapped expected",
    ),
    ("command_crops", CROPS, ["c1,a1,cotton,5,15.04"], "row 1 (c1), begins: a day as MM-DD expected, got '15.04'"),
    ("command_crops", CROPS, ["c1,a1,cotton,5,02-30"], "row 1 (c1), begins: a day as MM-DD expected, got '02-30'"),
    (
        "command_crops",
        "code,command_area,crop,area_ha,beginns",
        ["c1,a1,cotton,5,04-15"],
        "column beginns: command_crops has no such field; begins expected, or --drop beginns.",
    ),
    (
        "command_crops",
        "code,command_area,crop,area_ha,yield_t",
        ["c1,a1,cotton,5,3"],
        "column yield_t: command_crops has no such field; one of code, command_area, crop, area_ha, begins expected",
    ),
    (
        "intakes",
        "code,reach,source,river_share,lon,lat",
        [f"i3,m1,river,1.1,{LON},{LAT}"],
        "row 1 (i3), river_share is '1.1': expected 0 to 1",
    ),
    (
        "intakes",
        "code,reach,source,drinking_m3_d,lon,lat",
        [f"i3,m1,river,-1,{LON},{LAT}"],
        "row 1 (i3), drinking_m3_d is '-1': expected 0 to",
    ),
    (
        "intakes",
        "code,reach,source,right_m3_s,lon,lat",
        ["i3,m1,river,400,{lon},{lat}"],
        "row 1 (i3), right_m3_s: 3,997 l/s for each of the 100 ha it serves",
    ),
    (
        "intakes",
        "code,reach,source,rivershare,lon,lat",
        [f"i3,m1,river,0.1,{LON},{LAT}"],
        "column rivershare: intakes has no such field; river_share expected",
    ),
    (
        "pumps",
        "code,intake,flow_m3_s,availability,lon,lat",
        [f"p1,i1,0.2,70,{LON},{LAT}"],
        "row 1 (p1), availability is '70': expected 0 to 1",
    ),
    (
        "pumps",
        "code,intake,flow_m3_s,lon,lat",
        [f"p1,i1,-2,{LON},{LAT}"],
        "row 1 (p1), flow_m3_s is '-2': expected 0 to",
    ),
    ("pumps", "code,intake,lon,lat", [f"p1,i9,{LON},{LAT}"], "row 1 (p1), intake: an intake that is mapped expected"),
    ("pumps", "code,reach,lon,lat", [f"p1,m9,{LON},{LAT}"], "row 1 (p1), reach: a canal reach that is mapped expected"),
    ("pumps", "code,reach,lon,lat", [f"p1,,{LON},{LAT}"], "row 1 (p1), intake: an intake or a canal reach expected"),
    (
        "pumps",
        "code,intake,hours,lon,lat",
        [f"p1,i1,20 20,{LON},{LAT}"],
        "row 1 (p1), hours: one number of 0 to 24 hours a day or twelve expected, got '20 20'",
    ),
    ("pumps", "code,intake,hours,lon,lat", [f"p1,i1,25,{LON},{LAT}"], "row 1 (p1), hours: one number of 0 to 24 hours"),
    (
        "pumps",
        "code,intake,flow_m3_s,lon,lat",
        [f"p1,i1,150,{LON},{LAT}"],
        "row 1 (p1), flow_m3_s: 1,499 l/s for each of the 100 ha it serves",
    ),
    (
        "outlets",
        "code,reach,command_area,capacity_m3_s,lon,lat",
        [f"o2,m1,a1,0.1,{LON},{LAT}", f"o3,m1,a1,-0.1,{LON},{LAT}"],
        "row 2 (o3), capacity_m3_s is '-0.1': expected 0 to",
    ),
    (
        "outlets",
        "code,capasity_m3_s,lon,lat",
        [f"o2,0.1,{LON},{LAT}"],
        "outlets has no such field; capacity_m3_s expected",
    ),
]


@pytest.mark.parametrize(("layer", "head", "rows", "said"), OTHERS, ids=[f"{o[0]} {o[3][:40]}" for o in OTHERS])
def test_rows_that_do_not_hold(
    canal: Connection, tmp_path: Path, layer: str, head: str, rows: list[str], said: str
) -> None:
    lon, lat = frame([{"code": "x"}], [shapely.Point(3, 3)]).geometry.get_coordinates().iloc[0]
    path = file(tmp_path, "rows", head, [row.format(lon=lon, lat=lat) for row in rows])
    before = stored(canal, layer)
    with pytest.raises(DataRefused) as refusal:
        load(canal, layer, path)
    assert str(refusal.value).startswith("rows.csv, ")
    assert said in str(refusal.value)
    assert stored(canal, layer) == before


def test_two_crops_a_year_on_one_field_hold(canal: Connection, tmp_path: Path) -> None:
    crops = file(tmp_path, "crops", CROPS, ["c1,a1,wheat,99,10-15", "c2,a1,maize_second,99,06-20"])
    assert load(canal, "command_crops", crops).added == 2
    smaller = frame([{"code": "a1"}], [shapely.MultiPolygon([shapely.box(1_010, 0, 1_510, 1_000)])])
    smaller.to_file(tmp_path / "areas.gpkg")
    with pytest.raises(DataRefused, match=r"areas.gpkg, row 1 \(a1\), geom: 198 ha of crops on 50 ha"):
        load(canal, "command_areas", tmp_path / "areas.gpkg", mode="update")


@pytest.mark.parametrize(
    ("layer", "column", "value", "said"),
    [
        ("canals", "conveyance", 1.2, "conveyance is '1.2': expected 0 to 1 ratio"),
        ("canals", "capacity_m3_s", -1.0, "capacity_m3_s is '-1.0': expected 0 to"),
        ("canals", "capacity_m3_s", float("inf"), "capacity_m3_s is 'inf': expected a finite number"),
        ("command_areas", "application", 55.0, "application is '55.0': expected 0 to 1 ratio"),
        ("command_areas", "garden_ha", -3.0, "garden_ha is '-3.0': expected 0 to"),
    ],
)
def test_shapes_with_figures_that_cannot_be(
    canal: Connection, tmp_path: Path, layer: str, column: str, value: float, said: str
) -> None:
    shapes: dict[str, shapely.Geometry] = {
        "canals": shapely.LineString([(0, 9_000), (500, 9_000)]),
        "command_areas": shapely.box(0, 9_100, 100, 9_200),
    }
    more = {"flow_known": True, **BASE} if layer == "canals" else {"sdr_basis": "unknown", "position": "unknown"}
    rows = [{"code": "good", column: 0.5, **more}, {"code": "bad", column: value, **more}]
    frame(rows, [shapes[layer], shapely.transform(shapes[layer], lambda xy: xy + np.array([0, 900]))]).to_file(
        tmp_path / "x.gpkg"
    )
    before = stored(canal, layer)
    with pytest.raises(DataRefused) as refusal:
        load(canal, layer, tmp_path / "x.gpkg")
    assert str(refusal.value).startswith(f"x.gpkg, row 2 (bad), {said}")
    assert stored(canal, layer) == before


def circle(closed: bool = False, known: bool = True) -> gpd.GeoDataFrame:
    corners = [(0, 7_000), (500, 7_000), (250, 7_400)]
    lines = [shapely.LineString([corners[k], corners[(k + 1) % 3]]) for k in range(3)]
    more = {**BASE, "flow_known": known}
    return frame([{"code": f"r{k}", "closed": closed and k == 1, **more} for k in range(3)], lines)


def test_water_in_a_circle(canal: Connection, tmp_path: Path) -> None:
    circle().to_file(tmp_path / "loop.gpkg")
    before = stored(canal, "canals")
    with pytest.raises(DataRefused) as refusal:
        load(canal, "canals", tmp_path / "loop.gpkg")
    assert str(refusal.value) == (
        "loop.gpkg, row 1 (r0), geom: water would run in a circle through canal reaches r0, r1, r2; lines drawn with "
        "the water expected, or one of them marked closed; nothing was loaded."
    )
    assert stored(canal, "canals") == before
    circle(closed=True).to_file(tmp_path / "shut.gpkg")
    assert load(canal, "canals", tmp_path / "shut.gpkg").added == 3


def test_a_circle_of_lines_whose_direction_nobody_knows_is_a_fault_of_the_network_alone(
    canal: Connection, tmp_path: Path
) -> None:
    circle(known=False).to_file(tmp_path / "unknown.gpkg")
    assert load(canal, "canals", tmp_path / "unknown.gpkg").added == 3


def test_wells(canal: Connection, tmp_path: Path) -> None:
    head = "code,use,depht_m,lon,lat"
    with pytest.raises(DataRefused, match=r"rows.csv, column depht_m: wells has no such field; depth_m expected"):
        load(canal, "wells", file(tmp_path, "rows", head, [f"w1,drinking,5,{LON},{LAT}"]))
    other = file(tmp_path, "other", "code,use,colour,lon,lat", [f"w1,drinking,blue,{LON},{LAT}"])
    assert load(canal, "wells", other).ignored == ("colour",)


def test_the_command_says_it_in_three_languages_and_takes_units(
    database: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.begin() as connection:
        world(connection)
    litres = file(tmp_path, "litres", HEAD, flows(every="100"))
    said = {}
    for language in ("en", "ru", "tg"):
        assert run("layer", "load", "intake_flows", litres, "--lang", language) == 1
        said[language] = capsys.readouterr().err
        assert "litres.csv" in said[language]
        assert "flow_m3_s" in said[language]
        assert "Traceback" not in said[language]
    assert len(set(said.values())) == 3
    assert run("layer", "load", "intake_flows", litres, "--unit", "flow") == 2
    disorder = file(tmp_path, "disorder", HEAD, flows("normal", m7="0.09"))
    assert run("layer", "load", "intake_flows", litres, "--unit", "flow=l/s") == 0
    assert run("layer", "load", "intake_flows", disorder) == 1
    assert run("layer", "load", "intake_flows", disorder, "--accept-disorder") == 0
    with database.connect() as connection:
        assert stored(connection, "intake_flows") == 24
