"""``obod scenario``: a main canal and a branch by hand, harm, what is unknown, bad files, undo, three languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import orjson
import pandas as pd
import pytest
import shapely
from sqlalchemy import Engine, text

from layers.loading import load_frame
from tests.clients.command import run
from tests.worlds.branches import OFFERED, OUTLETS, Q, areas, crops, flows, placed, plant_branches, reaches

HEAD = 'name = "one"\n[[works]]\nname = "w"\ncost_usd = 12000\n'
REPAIR = HEAD + '[[works.repairs]]\ncanal = "M"\nconveyance = 1.0\n[[works.repairs]]\nreach = "b1"\nconveyance = 1.0\n'
WIDER = HEAD + '[[works.repairs]]\nreach = "m1"\ncapacity_m3_s = 0.12\n'
LINED = HEAD + '[[works.repairs]]\nreach = "m2"\nlining = "concrete"\n'
NARROW = 0.02  # m3/s, capacity of m1 in what is harmed when it grows
BALANCED = ("need", "delivered", "ratio", "ratio_best")


@pytest.fixture
def canals(database: Engine) -> Engine:
    plant_branches(database)
    return database


def add(folder: Path, content: str, *words: str) -> int:
    path = folder / "one.toml"
    path.write_text(content, encoding="utf-8")
    return run("scenario", "add", path, *words)


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run("scenario", "run", "one", "--json", *words) == 0
    found: dict[str, Any] = orjson.loads(capsys.readouterr().out)
    return found


def rows(database: Engine, query: str) -> list[dict[str, Any]]:
    with database.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def count(database: Engine, table: str) -> int:
    return int(rows(database, f"SELECT count(*) AS n FROM {table}")[0]["n"])


def by_area(areas: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {area["area"]: area for area in areas}


def narrow(database: Engine) -> None:
    with database.begin() as connection:
        load_frame(connection, "canals", reaches(m1={"capacity_m3_s": NARROW}), mode="replace")


def test_gain_by_hand(canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Today 4 q and 2 q are needed at the head, where .06 is; with all that conveys whole q and q, which is there."""
    assert add(tmp_path, REPAIR) == 0
    found = ran(capsys)
    both = by_area(found["gain"]["areas"])
    assert set(both) == {"far", "near"}
    assert both["far"]["before"] == both["near"]["before"] == pytest.approx(OFFERED / (6 * Q), abs=1e-4)
    assert both["far"]["after"] == both["near"]["after"] == 1.0
    hectares = 2 * both["far"]["area_ha"]
    assert found["gain"]["area_ha"] == pytest.approx(hectares, abs=0.01)
    assert found["gain"]["families"] == "30-39"  # 25 plots and 5
    assert found["usd_per_family"] == [round(12_000 / 39, 2), 400.0]
    assert found["usd_per_ha"] == pytest.approx(12_000 / hectares, abs=0.1)
    assert (found["areas"], found["areas_known"], found["unknown"]) == (2, 2, [])
    assert (found["harm"]["areas"], found["harm"]["below"], found["harm"]["lined"]) == ([], [], [])
    # July: 6 q are more than there is, so all of it is taken today and 2 q then; 2 q are delivered and not less.
    july = 31 * 86_400
    periods = rows(canals, "SELECT * FROM scenario_areas WHERE month = 7 ORDER BY area")
    assert [row["area"] for row in periods] == ["far", "near"]  # nothing of the canal apart
    assert sum(row["delivered_m3_s"] for row in periods) == pytest.approx(2 * Q * OFFERED / (6 * Q), rel=1e-5)
    assert sum(row["delivered_with_m3_s"] for row in periods) == pytest.approx(2 * Q, rel=1e-5)
    head = {row["reach"]: row for row in rows(canals, "SELECT * FROM scenario_reaches WHERE month = 7")}
    assert head["m1"]["flow_m3_s"] == pytest.approx(OFFERED * 4 / 6, rel=1e-5)
    assert head["m1"]["flow_with_m3_s"] == pytest.approx(Q, rel=1e-5)
    assert set(head) == {"m1", "m2", "b1"}
    months = rows(canals, "SELECT month, sum(need_m3_s) AS need FROM scenario_areas GROUP BY month ORDER BY month")
    days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    taken = [(min(OFFERED, 3 * row["need"]), row["need"], 86_400 * n) for row, n in zip(months, days, strict=True)]
    assert found["gain"]["head_m3"] == pytest.approx(sum((now - then) * s for now, then, s in taken), rel=1e-4)
    assert found["gain"]["delivered_m3"] == pytest.approx(sum((then - now / 3) * s for now, then, s in taken), rel=1e-4)
    assert july * Q == pytest.approx(1.15 * 6 * 31 * 200 / 0.6)


def test_the_balance_with_a_scenario_is_its_run_and_publishes_nothing(
    canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(tmp_path, REPAIR) == 0
    capsys.readouterr()
    assert run("water", "balance", "--scenario", "one", "--rule", "max-min", "--json") == 0
    found = orjson.loads(capsys.readouterr().out)
    assert (found["rule"], {area["area"] for area in found["gain"]["areas"]}) == ("max-min", {"far", "near"})
    stored = ("scenario_runs", "water_balances", "area_balance", "reach_balance")
    assert [count(canals, table) for table in stored] == [1, 0, 0, 0]
    assert run("water", "balance", "--scenario", "two") == 1
    assert "There is no scenario 'two'; there are: one." in capsys.readouterr().err


def test_a_wider_reach_takes_from_the_branch(
    canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In proportion to what is required at the head: .02 and 2 q of .06 today, 4 q and 2 q once m1 takes all."""
    narrow(canals)
    assert add(tmp_path, WIDER) == 0
    found = ran(capsys)
    near, share = by_area(found["harm"]["areas"])["near"], OFFERED / (NARROW + 2 * Q)
    assert near["before"] == pytest.approx(share, abs=1e-4)
    assert near["after"] == pytest.approx(OFFERED / (6 * Q), abs=1e-4)
    assert [area["area"] for area in found["harm"]["areas"]] == ["near"]
    assert [area["area"] for area in found["harm"]["below"]] == ["near"]
    assert found["harm"]["below_ha"] == near["area_ha"]
    assert found["gain"]["areas"] == []
    assert found["gain"]["families"] == "<10"
    assert (found["usd_per_ha"], found["usd_per_family"]) == (None, None)
    far = rows(canals, "SELECT * FROM scenario_areas WHERE month = 7 AND area = 'far'")[0]
    assert far["ratio"] == pytest.approx(share * NARROW / 4 / Q, rel=1e-5)
    assert far["ratio_with"] == pytest.approx(OFFERED / (6 * Q), rel=1e-5)
    # Whoever governs by the least share takes from the branch, too.
    assert [area["area"] for area in ran(capsys, "--rule", "max-min")["harm"]["areas"]] == ["near"]
    assert ran(capsys, "--rule", "tail-first")["rule"] == "tail-first"


NEW = [(1_000, 4), (1_000, -2_500), (1_050, -4_900)]  # begins 4 m off the end of m1
SPLITTING = [(500, 3), (1_200, 300), (1_990, 20)]
BED = {"lining": "concrete", "soil": "loam", "condition": 2, "capacity_m3_s": 0.05}


def with_new(line: Sequence[tuple[float, float]]) -> gpd.GeoDataFrame:
    """The reaches with one more, which comes first in the order of codes."""
    base = {"type": "unknown", "level_basis": "unknown", "position": "unknown", "flow_known": True}
    new = placed([{"code": "a-new", **base, **BED}], [shapely.LineString(line)])
    return gpd.GeoDataFrame(pd.concat([reaches(), new], ignore_index=True), crs=4326)


def outlets(**others: tuple[str, str, tuple[float, float]]) -> gpd.GeoDataFrame:
    every = {**OUTLETS, **others}
    plain = {"level_basis": "unknown", "position": "unknown"}
    rows = [{"code": code, "reach": reach, "command_area": area, **plain} for code, (reach, area, _) in every.items()]
    return placed(rows, [shapely.Point(xy) for *_, xy in every.values()])


def dug(line: Sequence[tuple[float, float]], served: str) -> str:
    (shape,) = placed([{"code": "a-new"}], [shapely.LineString(line)]).geometry
    bed = "".join(f"{name} = {orjson.dumps(value).decode()}\n" for name, value in BED.items())
    points = [list(xy) for xy in shape.coords]
    return HEAD + f'[[works.new_canals]]\ncode = "a-new"\nline = {points}\n{bed}{served}'


CHANGES = {
    "repairs": (
        HEAD
        + '[[works.repairs]]\nreach = "m1"\nconveyance = 0.8\n[[works.repairs]]\nreach = "b1"\ncapacity_m3_s = 6.0\n',
        {"canals": reaches(m1={"conveyance": 0.8}, b1={"capacity_m3_s": 6.0})},
    ),
    "crops": (
        HEAD + '[[works.crops]]\narea = "near"\nmix = [{crop = "potato", area_ha = 7.5, begins = "05-07"}]\n',
        {"command_crops": crops({"far": 20.0, "near": 7.5, "apart": 20.0})},
    ),
    "fields": (
        HEAD + '[[works.fields]]\narea = "far"\nirrigation_method = "drip"\n',
        {"command_areas": areas(far={"irrigation_method": "drip"})},
    ),
    "new canal of two systems": (
        dug(NEW, 'areas = ["apart"]\n'),
        {"canals": with_new(NEW), "outlets": outlets(**{"one-a-new-apart": ("a-new", "apart", NEW[-1])})},
    ),
    "new canal from the middle of a reach": (
        dug(SPLITTING, 'outlets = ["o1"]\n'),
        {"canals": with_new(SPLITTING), "outlets": outlets(o1=("a-new", "far", (2_000, 0)))},
    ),
    "river": ('name = "one"\n[river]\nfactor = 0.75\n', {"intake_flows": flows(OFFERED * 0.75)}),
    "year": ('name = "one"\n[river]\nyear = "normal"\n', {"intake_flows": flows(0.11)}),
}


RIVERS = ("river", "year", "new canal of two systems")  # reach all canals


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize(("rule", "by"), [("proportional", "month"), ("max-min", "decade"), ("head-first", "month")])
def test_a_run_is_the_full_balance_of_what_is_changed(
    canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, rule: str, by: str
) -> None:
    """Bit for bit: the same balance is made of all canals, before and after the rows themselves are changed."""
    content, frames = CHANGES[kind]
    with canals.begin() as connection:
        load_frame(connection, "intake_flows", pd.concat([flows(), flows(0.11, "normal")]), mode="replace")
    assert add(tmp_path, content) == 0
    ran(capsys, "--rule", rule, "--by", by)
    words = ("water", "balance", "--draft", "--rule", rule, "--by", by)
    assert run(*words) == 0
    with canals.begin() as connection:
        for name, frame in frames.items():
            load_frame(connection, name, frame, mode="replace")
    assert run(*words) == 0
    for ending, balance in (("", 1), ("_with", 2)):
        columns = ", ".join(
            f"{name}{ending}{'_m3_s' if name in ('need', 'delivered') else ''} AS {name}" for name in BALANCED
        )
        own = rows(canals, f"SELECT area, month, part, {columns} FROM scenario_areas ORDER BY 1, 2, 3")
        full = rows(
            canals,
            "SELECT area, month, part, need_m3_s AS need, delivered_m3_s AS delivered, ratio, ratio_best "
            f"FROM balance_areas WHERE balance_id = (SELECT min(balance_id) + {balance} - 1 FROM water_balances) "
            f"{'' if kind in RIVERS else 'AND area <> ' + repr('apart')} ORDER BY 1, 2, 3",
        )
        assert own == full
        own = rows(
            canals,
            f"SELECT reach, month, part, flow{ending}_m3_s AS flow, lost{ending}_m3_s AS lost FROM scenario_reaches "
            f"{'' if ending else 'WHERE reach <> ' + repr('a-new')} ORDER BY 1, 2, 3",  # is not there yet
        )
        full = rows(
            canals,
            "SELECT reach, month, part, flow_m3_s AS flow, lost_m3_s AS lost FROM balance_reaches WHERE balance_id = "
            f"(SELECT min(balance_id) + {balance} - 1 FROM water_balances) "
            f"{'' if kind in RIVERS else 'AND reach <> ' + repr('x1')} ORDER BY 1, 2, 3",
        )
        assert own == full


@pytest.mark.parametrize(
    ("line", "served", "message"),
    [
        (
            NEW,
            'areas = ["nowhere"]\n',
            "works.0.new_canals.0.area: a command area that is mapped expected, got 'nowhere'",
        ),
        (NEW, 'outlets = ["o9"]\n', "works.0.new_canals.0.outlets: an outlet that is mapped expected, got 'o9'"),
        (NEW, "", "it serves nothing: outlets or areas expected"),
        (NEW, 'areas = ["far"]\nupstream = "m9"\n', "upstream: a canal reach that is mapped expected, got 'm9'"),
        ([(0, 0), (0, 0.5)], 'areas = ["far"]\n', "works.0.new_canals.0.line: a line longer than 1 m expected"),
        ([(0, 0), (90, 90), (90, 0), (0, 90)], 'areas = ["far"]\n', "a line that does not cross itself expected"),
        ([(0, 0), (900_000, 0)], 'areas = ["far"]\n', "a place in or near Tajikistan"),
        ([(2_000, 0), (0, 5)], 'areas = ["near"]\n', "works.new_canals: "),  # water would go round
        ([(3_000, 900), (3_000, 1_900)], 'areas = ["near"]\n', "works.new_canals: "),  # begins where no water is
    ],
)
def test_a_canal_that_no_layer_would_take_is_refused(
    canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: Any, served: str, message: str
) -> None:
    assert add(tmp_path, dug(line, served)) == 1
    assert message in " ".join(capsys.readouterr().err.split())
    assert count(canals, "scenarios") == 0


def test_a_canal_of_a_code_that_is_taken_is_refused(
    canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(tmp_path, dug(NEW, 'areas = ["near"]\n').replace('"a-new"', '"m1"')) == 1
    assert "a code that no canal reach has expected, got 'm1'" in " ".join(capsys.readouterr().err.split())
    assert count(canals, "scenarios") == 0


def test_lining_ends_what_was_measured_and_names_wells(
    canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """M is 2,000 m long: .95, of which m2 bears half the exponent; a well lies 400 m from it, another 600 m."""
    assert add(tmp_path, LINED) == 0
    nobody = ran(capsys)
    assert (nobody["harm"]["wells"], nobody["harm"]["springs"], nobody["harm"]["drinking_water"]) == (None, None, None)
    said = "Wells: none on record at all; nobody knows of any within 500 m of canal reaches to be lined."
    assert said in nobody["said"]
    wells = placed(
        [{"code": "w400", "use": "drinking"}, {"code": "w600", "use": "both"}],
        [shapely.Point(1_500, 400), shapely.Point(1_500, -600)],
    )
    with canals.begin() as connection:
        load_frame(connection, "wells", wells, mode="replace")
    found = ran(capsys)
    assert (found["harm"]["lined"], found["harm"]["wells"]) == (["m2"], ["w400"])
    bed = 0.95**0.5
    july = rows(canals, f"SELECT * FROM scenario_areas WHERE month = 7 AND area = 'far' AND run = {found['run']}")[0]
    assert july["ratio_with"] == pytest.approx(OFFERED / (Q / 0.5 / bed + 2 * Q), rel=1e-5)
    # A reach that was measured to convey more than the table says of a lined one goes on doing so.
    with canals.begin() as connection:
        load_frame(connection, "canals", reaches(m2={"conveyance": 0.99}), mode="replace")
    again = ran(capsys)["run"]
    july = rows(canals, f"SELECT * FROM scenario_areas WHERE month = 7 AND area = 'far' AND run = {again}")[0]
    assert july["ratio_with"] == july["ratio"] == pytest.approx(OFFERED / (Q / 0.5 / 0.99 + 2 * Q), rel=1e-5)


def test_pumps_run_longer_and_get_one_more(canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pump of .04 m3/s onto m1 lifts .04 x 6 / 24 x .5 = .005; 24 hours .02; a second of .03 at 12 h .0105 more."""
    pump = {"code": "p1", "reach": "m1", "flow_m3_s": 0.04, "hours": "6", "availability": 0.5, "stages": 0}
    with canals.begin() as connection:
        load_frame(connection, "pumps", placed([pump], [shapely.Point(0, 0)]), mode="replace")
    longer = HEAD + '[[works.pumps]]\npump = "p1"\nhours = 24\n'
    more = '[[works.new_pumps]]\nreach = "m1"\nflow_m3_s = 0.03\nstages = 0\nhours = 12\n'
    july = "SELECT flow_m3_s, flow_with_m3_s FROM scenario_reaches WHERE month = 7 AND reach = 'm1' AND run = "
    for content, lifted in ((longer, 0.02), (longer + more, 0.02 + 0.03 * 0.5 * 0.7)):
        assert add(tmp_path, content, "--replace") == 0
        found = rows(canals, f"{july}{ran(capsys, '--rule', 'tail-first')['run']}")[0]
        assert (found["flow_m3_s"], found["flow_with_m3_s"]) == pytest.approx((0.005, lifted), rel=1e-5)
    with canals.begin() as connection:
        connection.execute(text("TRUNCATE pumps"))


def test_what_is_unknown_is_counted_apart(canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with canals.begin() as connection:
        load_frame(connection, "intake_flows", flows(unknown=7), mode="replace")
    assert add(tmp_path, REPAIR) == 0
    found = ran(capsys)
    assert sorted(area["area"] for area in found["unknown"]) == ["far", "near"]
    assert (found["gain"]["areas"], found["harm"]["areas"], found["areas_known"]) == ([], [], 0)
    assert "Nothing can be said of 2 command areas, without it or with it: Far, Near." in found["said"]


@pytest.mark.usefixtures("canals")
def test_water_that_is_not_there_is_not_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(tmp_path, 'name = "one"\n[river]\nfactor = 0.5\n') == 0
    found = ran(capsys)
    assert found["gain"]["head_m3"] > 0 > found["gain"]["delivered_m3"]
    assert not [said for said in found["said"] if said.startswith("Saved")]
    assert f"Taken in at the head: {found['gain']['head_m3']:,} m3 less." in found["said"]
    # Repair in a drier river: more arrives, less is taken in since less is there.
    assert add(tmp_path, REPAIR + "[river]\nfactor = 0.9\n", "--replace") == 0
    both = ran(capsys)
    assert both["gain"]["head_m3"] > 0
    assert both["gain"]["delivered_m3"] > 0
    assert not [said for said in both["said"] if said.startswith("Saved")]


@pytest.mark.usefixtures("canals")
def test_a_river_nobody_measured_gives_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(tmp_path, 'name = "one"\n[river]\nyear = "wet"\n') == 0
    found = ran(capsys)
    assert (found["areas"], found["areas_known"], found["harm"]["areas"]) == (3, 0, [])
    assert (found["gain"]["delivered_m3"], found["gain"]["head_m3"]) == (None, None)
    assert "How much more or less water reaches the outlets, or is taken in at the head, is not known." in found["said"]
    assert not [said for said in found["said"] if "as much as now" in said or "Saved" in said]
    assert add(tmp_path, 'name = "one"\n[river]\nyear = "dry"\n', "--replace") == 0
    assert run("scenario", "run", "one") == 1
    said = capsys.readouterr().err.replace("\n", " ")
    assert "one: river.year: another kind of year than that of the run expected, which is dry." in said


def test_both_ends_of_a_bed_nobody_knows(canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """b1 of unknown condition conveys nothing or .75; repaired to class 1 it conveys .75 for certain."""
    with canals.begin() as connection:
        load_frame(connection, "canals", reaches(b1={"conveyance": None, "condition": None}), mode="replace")
    assert add(tmp_path, HEAD + '[[works.repairs]]\nreach = "b1"\ncondition = 1\n') == 0
    found = ran(capsys, "--rule", "head-first")  # b1 is the shorter way
    near = by_area(found["gain"]["areas"])["near"]
    assert (near["before"], near["before_best"], near["after"]) == (0.0, 1.0, 1.0)
    assert found["gain"]["area_ha_best"] == 0.0  # if all is well now, nothing is gained
    assert "If all that is unknown is at its best: 0.0 ha." in found["said"]


DAM = HEAD + '[[works.check_dams]]\nzone = "{}"\n'
LEFT = HEAD + '[[works.hazard_zones]]\nleft_out = "{}"\n'
DRAWN = (
    HEAD + '[[works.hazard_zones]]\ncode = "new"\nprocess = "debris_flow"\nlevel = "low"\n'
    "outline = [[70.0, 39.0], [70.02, 39.0], [70.02, 39.02], [70.01, 39.02]]\n"
)
BAD = [
    ("name = ", "one.toml: not valid TOML"),
    (
        HEAD,
        "one.toml: works.0: at least one of repairs, new_canals, pumps, new_pumps, fields, crops, check_dams, "
        "hazard_zones, levelling expected",
    ),
    ('name = "one"\n', "one.toml: the file: it changes nothing: works or river expected"),
    ('name = "Two Words"\n[river]\nfactor = 0.5\n', "one.toml: name: small letters, digits and hyphens expected"),
    (REPAIR.replace("conveyance = 1.0", "conveyence = 1.0", 1), "works.0.repairs.0.conveyence: this key is not known"),
    (REPAIR.replace("cost_usd = 12000", ""), "one.toml: works.0.cost_usd: this key is missing"),
    (REPAIR.replace("12000", "-1"), "one.toml: works.0.cost_usd: 0 or more expected, got -1"),
    (REPAIR.replace("12000", "inf"), "one.toml: works.0.cost_usd: a finite number expected, got inf"),
    (HEAD + "check_dams = []\n", "works.0: at least one of repairs"),
    (DAM.format("z9"), "works.0.check_dams.0.zone: a hazard zone that is mapped expected, got 'z9'."),
    (
        DAM.format("river"),
        "works.0.check_dams.0.zone: a zone of debris flows whose level or intensity is known expected: river is of "
        "flood, level high, intensity strong.",
    ),
    (
        DAM.format("unlabelled"),
        "works.0.check_dams.0.zone: a zone of debris flows whose level or intensity is known expected: unlabelled is "
        "of debris_flow, level unknown, intensity unknown.",
    ),
    (DAM.format("calm"), "works.0.check_dams.0: it changes nothing: all is so on record."),
    (
        DAM.format("stones") + '[[works.check_dams]]\nzone = "stones"\n',
        "works.0.check_dams.1.zone: stones is changed twice, and not alike.",
    ),
    (LEFT.format("z9"), "works.0.hazard_zones.0.left_out: a hazard zone that is mapped expected, got 'z9'."),
    (
        DAM.format("stones") + '[[works.hazard_zones]]\nleft_out = "stones"\n',
        "works.0.hazard_zones.0.left_out: stones is changed twice, and not alike.",
    ),
    (DRAWN.replace('"new"', '"river"'), "hazard_zones.0.code: a code that no hazard zone has expected, got 'river'."),
    (DRAWN.replace('level = "low"\n', ""), "works.0.hazard_zones.0: level of the zone that is drawn expected"),
    (DRAWN + 'left_out = "river"\n', "works.0.hazard_zones.0: one of code, left_out expected"),
    (LEFT.format("river") + 'level = "low"\n', "works.0.hazard_zones.0: a zone that is left out has no level"),
    (
        DRAWN.replace('"low"', '"unknown"'),
        "hazard_zones.0.level: 'none', 'residual', 'low', 'medium' or 'high'",
    ),
    (
        DRAWN.replace("[70.02, 39.02]", "[70.0, 39.02], [70.02, 39.02]"),
        "works.0.hazard_zones.0.outline: an outline that does not cross itself expected.",
    ),
    (DRAWN.replace("39.02", "49.0"), "works.0.hazard_zones.0.outline: a place in or near Tajikistan"),
    (DRAWN.replace("39.02", "99.0"), "outline: longitude and latitude of each point expected, degrees"),
    (
        HEAD + '[[works.levelling]]\narea = "nowhere"\n',
        "works.0.levelling.0.area: a command area that is mapped expected, got 'nowhere'.",
    ),
    (
        HEAD + '[[works.repairs]]\nreach = "m9"\ncondition = 1\n',
        "one.toml: works.0.repairs.0.reach: a canal reach that is mapped expected, got 'm9'.",
    ),
    (
        HEAD + '[[works.repairs]]\ncanal = "Z"\ncondition = 1\n',
        "works.0.repairs.0.canal: a canal that is mapped expected, got 'Z'.",
    ),
    (
        HEAD + '[[works.repairs]]\nreach = "m1"\ncanal = "M"\ncondition = 1\n',
        "works.0.repairs.0: one of reach, canal expected",
    ),
    (
        HEAD + '[[works.repairs]]\nreach = "m1"\ncondition = 2\n',
        "repairs.0.condition: not worse than the 1 of today expected, got 2.",
    ),
    (
        HEAD + '[[works.repairs]]\nreach = "m1"\ncapacity_m3_s = 3.0\n',
        "repairs.0.capacity_m3_s: not worse than the 5 of today expected, got 3.",
    ),
    (
        HEAD + '[[works.repairs]]\nreach = "m1"\ncondition = 1\n',
        "one.toml: works.0.repairs.0: it changes nothing: all is so on record.",
    ),
    (
        HEAD + '[[works.repairs]]\nreach = "m1"\nlining = "gold"\n',
        "works.0.repairs.0.lining: 'concrete'",
    ),
    (
        WIDER.replace("0.12", "6.0") + '[[works.repairs]]\nreach = "m1"\ncapacity_m3_s = 7.0\n',
        "works.0.repairs.1.capacity_m3_s: m1 is changed twice, and not alike.",
    ),
    (
        HEAD + '[[works.pumps]]\npump = "p"\nhours = 20\n',
        "works.0.pumps.0.pump: a pump that is mapped expected, got 'p'.",
    ),
    (
        HEAD + '[[works.pumps]]\npump = "p"\nhours = 25\n',
        "works.0.pumps.0.hours: hours a day of 0 to 24 expected: one number, or twelve",
    ),
    (
        HEAD + '[[works.new_pumps]]\nintake = "i1"\nflow_m3_s = 1.0\nstages = 1\nhours = 20\n',
        "works.0.new_pumps.0.intake: a place that is pumped expected: no pump is on record at 'i1'.",
    ),
    (
        HEAD + '[[works.new_pumps]]\nreach = "m9"\nflow_m3_s = 1.0\nstages = 1\nhours = 20\n',
        "works.0.new_pumps.0.reach: a canal reach that is mapped expected, got 'm9'.",
    ),
    (
        HEAD + '[[works.fields]]\narea = "nowhere"\napplication = 0.7\n',
        "works.0.fields.0.area: a command area that is mapped expected, got 'nowhere'.",
    ),
    (
        HEAD + '[[works.fields]]\narea = "far"\nirrigation_method = "surface"\n',
        "works.0.fields.0: it changes nothing",
    ),
    (
        HEAD + '[[works.crops]]\narea = "far"\nmix = [{crop = "potatoe", area_ha = 1.0}]\n',
        "works.0.crops.0.mix.0.crop: 'potatoe' is not in the table of crops: one of almond",
    ),
    (
        HEAD + '[[works.crops]]\narea = "far"\nmix = [{crop = "potato", area_ha = 41.0}]\n',
        "works.0.crops.0.mix: at most 40.0 ha of crops expected for 20.0 ha of land, got 41 ha.",
    ),
    (
        HEAD + '[[works.crops]]\narea = "far"\nmix = [{crop = "potato", area_ha = 1.0, begins = "31-12"}]\n',
        "mix.0.begins: a day as MM-DD expected, got '31-12'",
    ),
    (
        'name = "one"\n[river]\nfactor = 0.5\nintakes = ["i9"]\n',
        "one.toml: river.intakes: an intake that is mapped expected, got 'i9'.",
    ),
    ('name = "one"\n[river]\nfactor = -0.5\n', "one.toml: river.factor: 0 or more expected, got -0.5"),
    ('name = "one"\n[river]\nfactor = 1.0\n', "one.toml: river: a factor of 1 changes nothing"),
    ('name = "one"\n[river]\nyear = "arid"\n', "one.toml: river.year: 'dry', 'normal' or 'wet' expected, got 'arid'"),
]


@pytest.fixture(scope="module")
def planted(database: Engine) -> Engine:
    plant_branches(database)
    zones = [
        {"code": code, "process": process, "level": level, "intensity": intensity, "source_class": "expert"}
        for code, process, level, intensity in (
            ("river", "flood", "high", "strong"),
            ("stones", "debris_flow", "high", "strong"),
            ("unlabelled", "debris_flow", "unknown", "unknown"),
            ("calm", "debris_flow", "none", "weak"),
        )
    ]
    with database.begin() as connection:
        outline = shapely.MultiPolygon([shapely.box(0, 0, 100, 100)])
        load_frame(connection, "hazard_zones", placed(zones, [outline] * len(zones)), mode="replace")
    return database


@pytest.mark.parametrize(("content", "said"), BAD, ids=[said[-50:] for _, said in BAD])
def test_what_cannot_be_is_refused_and_nothing_stored(
    planted: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    before = count(planted, "scenarios")
    assert add(tmp_path, content, *(("--replace",) if before else ())) == 1
    told = capsys.readouterr().err.replace("\n", " ")
    assert said in told
    assert str(tmp_path) not in told
    assert count(planted, "scenarios") == before


def test_words_nobody_knows(canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("scenario", "run", "one") == 1
    assert "There is no scenario 'one', and no other." in capsys.readouterr().err
    assert run("scenario", "add", tmp_path / "none.toml") == 1
    assert capsys.readouterr().err.strip() == "There is no file none.toml."
    assert add(tmp_path, REPAIR) == 0
    for words, said in (
        (("run", "two"), "There is no scenario 'two'; there are: one."),
        (("show", "two"), "There is no scenario 'two'; there are: one."),
        (("delete", "two"), "There is no scenario 'two'; there are: one."),
        (("run", "one", "--rule", "fair"), "--rule 'fair' is not known: proportional, max-min, tail-first"),
        (("run", "one", "--year", "arid"), "--year 'arid' is not known: dry, normal, wet expected."),
        (("run", "one", "--by", "week"), "--by 'week' is not known: month, decade expected."),
        (("diff", "one", "one"), "Scenario 'one' was never run: obod scenario run one."),
    ):
        assert run("scenario", *words) == 1
        assert said in capsys.readouterr().err.replace("\n", " ")
    assert count(canals, "scenario_runs") == 0


def test_a_second_file_of_a_name_and_the_end_of_both(
    canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(tmp_path, REPAIR) == 0
    first = ran(capsys)["run"]
    assert add(tmp_path, LINED) == 1
    assert "there is a scenario 'one' already; --replace puts this one in its place." in capsys.readouterr().err
    assert rows(canals, "SELECT file FROM scenarios") == [{"file": REPAIR}]
    assert add(tmp_path, LINED, "--replace") == 0
    capsys.readouterr()
    assert run("scenario", "list", "--json") == 0
    (row,) = orjson.loads(capsys.readouterr().out)
    assert (row["name"], row["run"], row["state"], row["cost_usd"]) == ("one", first, "of an earlier file", 12_000)
    assert run("scenario", "show", "one") == 0
    shown = capsys.readouterr().out
    assert 'lining = "concrete"' in shown
    assert "It was made from an earlier file of this name: run it again." in shown
    assert run("scenario", "diff", "one", "--json") == 0
    assert orjson.loads(capsys.readouterr().out) == [
        {"layer": "canals", "code": "m2", "field": "lining", "before": "earth", "after": "concrete"},
        {"layer": "canals", "code": "m2", "field": "conveyance", "before": 0.5, "after": None},
    ]
    assert run("scenario", "delete", "one") == 0
    assert "Scenario one is deleted, with 1 runs." in capsys.readouterr().out
    for table in ("scenarios", "scenario_runs", "scenario_areas", "scenario_reaches"):
        assert count(canals, table) == 0
    entered = [row["what"] for row in rows(canals, "SELECT what FROM audit_log ORDER BY entry DESC LIMIT 4")]
    assert entered == ["scenario-deleted", "scenario-added", "scenario-run", "scenario-added"]


@pytest.mark.usefixtures("canals")
def test_two_scenarios_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(tmp_path, REPAIR) == 0
    ran(capsys)
    assert add(tmp_path, LINED.replace('"one"', '"two"')) == 0
    assert run("scenario", "run", "two") == 0
    capsys.readouterr()
    assert run("scenario", "diff", "one", "two", "--json") == 0
    found = orjson.loads(capsys.readouterr().out)
    assert found["unlike"] is False
    both = OFFERED / (Q / 0.5 / 0.95**0.5 + 2 * Q)
    near = {row["area"]: row for row in found["areas"]}["near"]
    assert near["before"] == pytest.approx(OFFERED / (6 * Q), rel=1e-5)
    assert (near["one"], near["two"]) == pytest.approx((1.0, both), rel=1e-5)
    figures = {row["figure"]: (row["one"], row["two"]) for row in found["figures"]}
    assert figures["families"] == ("30-39", "<10")


def test_a_run_that_saw_what_was_taken_back_says_so(
    canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with canals.begin() as connection:
        update = load_frame(connection, "intake_flows", flows(0.08), mode="update").load_id
    assert add(tmp_path, REPAIR) == 0
    assert ran(capsys)["taken_back"] is False
    assert run("layer", "undo", str(update)) == 0
    capsys.readouterr()
    assert run("scenario", "show", "one") == 0
    assert "A load that it was computed from was taken back since: run it again." in capsys.readouterr().out
    assert ran(capsys)["taken_back"] is False


def test_rows_that_are_erased_are_erased_from_runs_too(
    canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with canals.begin() as connection:
        update = load_frame(connection, "intake_flows", flows(0.08), mode="update").load_id
    assert add(tmp_path, REPAIR) == 0
    ran(capsys)
    assert run("layer", "purge", str(update), "--with-current", "--yes") == 0
    assert (count(canals, "scenarios"), count(canals, "scenario_runs"), count(canals, "scenario_areas")) == (1, 0, 0)


def test_it_is_told_in_three_languages(canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    narrow(canals)
    assert add(tmp_path, WIDER) == 0
    told = {}
    for language in ("en", "ru", "tg"):
        capsys.readouterr()
        assert run("scenario", "run", "one", "--lang", language) == 0
        told[language] = capsys.readouterr().out
    assert "Harm: the least share of need met falls in 1 areas (Near)." in told["en"]
    assert "Computed from estimated deliveries." in told["en"]
    english = {line for line in told["en"].splitlines() if re.match(r"[A-Z]", line)}
    assert len(english) > 6
    for language in ("ru", "tg"):
        assert not english & set(told[language].splitlines())
    assert "Маловодный год" in told["ru"]
    assert "Аз рӯйи обрасонии тахминӣ ҳисоб шудааст." in told["tg"]


def test_made_up_canals_are_said_to_be(canals: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with canals.begin() as connection:
        connection.execute(text("UPDATE loads SET synthetic = true WHERE layer = 'command_areas'"))
    try:
        assert add(tmp_path, REPAIR) == 0
        found = ran(capsys)
    finally:
        with canals.begin() as connection:
            connection.execute(text("UPDATE loads SET synthetic = false WHERE layer = 'command_areas'"))
    assert found["synthetic"] is True
    assert "It is computed from synthetic data: none of it is true of any place." in found["said"]


def test_scenarios_are_for_staff(canals: Engine) -> None:
    query = text("SELECT has_any_column_privilege(:role, :name, 'SELECT')")
    with canals.connect() as connection:
        for name in ("scenarios", "scenario_runs", "scenario_areas", "scenario_reaches"):
            roles = ("obod_public", "obod_partner", "obod_science", "obod_staff")
            may = [connection.execute(query, {"role": role, "name": name}).scalar() for role in roles]
            assert may == [False, False, False, True]
