"""``obod water balance``: a July that was computed by hand, what is unknown, drafts, earlier ones and undo.

One canal of 3,000 m, loam, class 3: it conveys .70 x .75 = .525, its first 1,500 m .525 ** .5 = .72457. Two areas of
10 ha of potatoes, at 1,500 m and at the end; July needs 1.15 x 5 x 31 = 178.25 mm, 17,825 m3 at the roots, 29,708 m3 at
the outlet, .0110918 m3/s. The source offers .020 m3/s: the river keeps .002, 86.4 m3 a day are drunk, .017 are left.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import orjson
import pandas as pd
import pytest
import shapely
from sqlalchemy import Engine, text

from layers.loading import load_frame
from tests.clients.command import run
from tests.worlds import valley

X, Y = valley.X, valley.Y
HALF = 0.525**0.5
NEED = 1.15 * 5 * 31 * 100 / 0.6 / (31 * 86_400)  # m3/s
AT_HEAD = (NEED + NEED / HALF) / HALF  # m3/s
LEFT = 0.020 * 0.9 - 86.4 / 86_400  # m3/s
CANAL = {"type": "main", "lining": "earth", "soil": "loam", "level_basis": "unknown", "position": "unknown"}


def frame(rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=32642).to_crs(4326)


@pytest.fixture
def canals(database: Engine) -> Engine:
    """The canal, and another whose direction nobody knows."""
    basis = {"sdr_basis": "unknown", "position": "unknown", "irrigation_method": "surface"}
    spots = {"a": (1_500, "C1"), "b": (3_000, "C1"), "c": (2_000, "C2")}
    district = shapely.MultiPolygon([shapely.box(X - 100, Y - 5_000, X + 9_000, Y + 5_000)])
    reaches = [("C1", 0, 3, True, 1.0), ("C2", 3_000, None, False, None)]
    layers: dict[str, list[dict[str, Any]]] = {
        "districts": [{"code": "TJ.RR.GA", "name_en": "G", "geometry": district}],
        "canals": [
            {
                "code": f"{name}-1",
                "canal": name,
                **CANAL,
                "condition": state,
                "flow_known": known,
                "capacity_m3_s": most,
            }
            | {"geometry": shapely.LineString([(X, Y + off), (X + 3_000, Y + off)])}
            for name, off, state, known, most in reaches
        ],
        "command_areas": [
            {"code": code, "canal": canal, **basis, "geometry": shapely.box(X + at, Y - 600, X + at + 400, Y - 200)}
            for code, (at, canal) in spots.items()
        ],
        "outlets": [
            {"code": f"{code}-o", "reach": f"{canal}-1", "command_area": code, "level_basis": "unknown"}
            | {"position": "unknown", "geometry": shapely.Point(X + at, Y + (0 if canal == "C1" else 3_000))}
            for code, (at, canal) in spots.items()
        ],
        "intakes": [
            {"code": f"{name}-i", "reach": f"{name}-1", "source": "river", "drinking_m3_d": 86.4}
            | {"geometry": shapely.Point(X, Y + off)}
            for name, off, *_ in reaches
        ],
    }
    crops = [
        {"code": code, "command_area": code, "crop": "potato", "area_ha": 10.0, "begins": "05-07"} for code in spots
    ]
    sky = [
        {
            "code": f"{year[0]}{m}",
            "district": "TJ.RR.GA",
            "year_type": year,
            "month": m,
            "rain_mm": 0.0,
            "et0_mm_d": 5.0,
        }
        for year in ("dry", "wet")
        for m in range(1, 13)
    ]
    with database.begin() as connection:
        for name, rows in layers.items():
            load_frame(connection, name, frame(rows), mode="replace")
        load_frame(connection, "command_crops", pd.DataFrame(crops), mode="replace")
        load_frame(connection, "climate_months", pd.DataFrame(sky), mode="replace")
        load_frame(connection, "intake_flows", flows(0.020), mode="replace")
        for table in ("area_balance", "reach_balance", "water_balances CASCADE"):
            connection.execute(text(f"TRUNCATE {table}"))
        connection.execute(text("UPDATE canals SET condition = 3 WHERE code = 'C1-1' AND ended_by IS NULL"))
    return database


def flows(m3_s: float) -> pd.DataFrame:
    rows = [
        {
            "code": f"{i}{m}",
            "intake": i,
            "year_type": "dry",
            "month": m,
            "part": 0,
            "flow_m3_s": m3_s,
            "basis": "gauged",
        }
        for i in ("C1-i", "C2-i")
        for m in range(1, 13)
    ]
    return pd.DataFrame(rows)


def made(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run("water", "balance", "--json", *words) == 0
    found: dict[str, Any] = orjson.loads(capsys.readouterr().out)
    return found


def listed(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, bool]]:
    capsys.readouterr()
    assert run("water", "balances", "--json") == 0
    return [(row["balance"], row["state"], row["mark"] != "") for row in orjson.loads(capsys.readouterr().out)]


def july(database: Engine, balance: int) -> dict[str, Any]:
    query = text("SELECT * FROM balance_areas WHERE balance_id = :b AND month = 7 AND part = 0")
    with database.connect() as connection:
        return {row["area"]: row for row in connection.execute(query, {"b": balance}).mappings()}


def test_a_july_by_hand_in_layers_and_rows(canals: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert (round(NEED, 7), round(HALF, 5), round(AT_HEAD, 5)) == (0.0110918, 0.72457, 0.03644)
    found = made(capsys)
    assert found["left_out"] == ["It is not known which way water runs in canal reach C2-1."]
    assert (found["counts"]["areas"], found["counts"]["areas_known"], found["counts"]["systems_left_out"]) == (3, 2, 1)
    rows = july(canals, found["balance_id"])
    for code in ("a", "b"):
        assert rows[code]["need_m3_s"] == pytest.approx(NEED, rel=1e-5)
        assert rows[code]["ratio"] == rows[code]["ratio_best"] == pytest.approx(LEFT / AT_HEAD, rel=1e-5)
    assert pytest.approx(0.4666, abs=1e-4) == LEFT / AT_HEAD
    assert rows["c"]["ratio"] is None  # left out is not dry
    with canals.connect() as connection:
        areas = {row.code: row for row in connection.execute(text("SELECT * FROM area_balance WHERE ended_by IS NULL"))}
        reach = connection.execute(text("SELECT * FROM reach_balance WHERE ended_by IS NULL AND code = 'C1-1'")).one()
        water = connection.execute(
            text("SELECT flow_m3_s, lost_m3_s FROM balance_reaches WHERE reach = 'C1-1' AND month = 7")
        ).one()
    assert (areas["b"].supply, areas["c"].supply, areas["c"].ratio) == ("scarce", "unknown", None)
    assert areas["b"].ratio_07 == pytest.approx(0.4666, abs=1e-4)
    assert areas["b"].ratio_01 is None  # nothing stands in January
    assert areas["b"].distance_m == 3_000
    assert (reach.rule, reach.year_type, reach.balance_id) == ("proportional", "dry", found["balance_id"])
    assert reach.ratio_07 == pytest.approx(0.4666, abs=1e-4)
    # in = out + loss
    assert water.flow_m3_s == pytest.approx(LEFT, rel=1e-5)
    assert water.flow_m3_s - water.lost_m3_s == pytest.approx(2 * NEED * LEFT / AT_HEAD, rel=1e-5)
    assert found["equity"]["C1"]["head"] == pytest.approx(found["equity"]["C1"]["tail"], abs=1e-4)


def test_head_first_leaves_the_tail_what_is_left(canals: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    found = made(capsys, "--rule", "head-first")
    rows = july(canals, found["balance_id"])
    assert rows["a"]["ratio"] == pytest.approx(1.0)
    assert rows["b"]["ratio"] == pytest.approx((LEFT * HALF - NEED) * HALF / NEED, rel=1e-4)
    assert found["equity"]["C1"]["head_tail"] > 2


def test_what_is_unknown_of_a_canal_is_told_at_both_ends(canals: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """Class 1 conveys .70, .70 ** .5 = .83666 on each half; class 5 nothing."""
    with canals.begin() as connection:
        connection.execute(text("UPDATE canals SET condition = NULL WHERE code = 'C1-1' AND ended_by IS NULL"))
    found = made(capsys, "--rule", "max-min", "--by", "decade")
    assert found["counts"]["areas_between"] == 2
    with canals.connect() as connection:
        ends = connection.execute(
            text("SELECT ratio, ratio_best FROM balance_areas WHERE area = 'b' AND month = 7 AND part = 2")
        ).one()
    half = 0.7**0.5
    assert tuple(ends) == pytest.approx((0.0, LEFT / ((NEED + NEED / half) / half)), rel=1e-4)


def test_drafts_earlier_ones_and_loads_that_were_taken_back(canals: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    first = made(capsys)["balance_id"]
    draft = made(capsys, "--rule", "max-min", "--draft")["balance_id"]
    with canals.begin() as connection:
        assert connection.execute(text("SELECT DISTINCT balance_id FROM reach_balance")).scalars().all() == [first]
        update = load_frame(connection, "intake_flows", flows(0.040), mode="update").load_id
    second = made(capsys)["balance_id"]
    assert listed(capsys) == [
        (str(second), "published", False),
        (str(draft), "draft", False),
        (str(first), "earlier", False),
    ]
    assert july(canals, first)["b"]["ratio"] == pytest.approx(LEFT / AT_HEAD, rel=1e-5)
    assert july(canals, second)["b"]["ratio"] == pytest.approx((0.036 - 0.001) / AT_HEAD, rel=1e-5)
    assert run("layer", "undo", str(update)) == 0
    assert [marked for _, _, marked in listed(capsys)] == [True, False, False]


def test_a_balance_is_stored_and_published_or_not_at_all(
    canals: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made(capsys)["balance_id"]

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("layers.water.balances.load_frame", fail)
    assert run("water", "balance") == 1
    with canals.connect() as connection:
        assert connection.execute(text("SELECT max(balance_id) FROM water_balances")).scalar() == first
        assert connection.execute(text("SELECT max(balance_id) FROM balance_areas")).scalar() == first


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rule", "fair"), "--rule 'fair' is not known"),
        (("--year", "arid"), "--year 'arid' is not known"),
        (("--by", "week"), "--by 'week' is not known"),
        (("--year", "wet"), "No ratio of any command area is known in a wet year: no flow at an intake is on record."),
        (("--year", "normal"), "none is on record for its district"),
    ],
)
def test_wrong_words_store_nothing(
    canals: Engine, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    capsys.readouterr()
    assert run("water", "balance", *words) == 1
    assert said in capsys.readouterr().err
    with canals.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM water_balances")).scalar() == 0


def test_rows_by_period_are_for_staff(canals: Engine) -> None:
    query = text("SELECT has_any_column_privilege(:role, :name, 'SELECT')")
    with canals.connect() as connection:
        for name in ("water_balances", "balance_areas", "balance_reaches"):
            roles = ("obod_public", "obod_partner", "obod_staff")
            may = [connection.execute(query, {"role": role, "name": name}).scalar() for role in roles]
            assert may == [False, False, True]
