"""``obod water balance``: a July that was computed by hand, what is unknown, drafts, earlier ones and undo.

The canals are those of ``tests.worlds.two_canals``.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import shapely
from sqlalchemy import Engine, text

from layers.loading import load_frame
from tests.clients.command import run
from tests.worlds.two_canals import AT_HEAD, HALF, LEFT, NEED, X, Y, flows, frame, plant_canals


@pytest.fixture
def canals(database: Engine) -> Engine:
    plant_canals(database)
    return database


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
    # Potatoes planted on 7 May are lifted after 130 days, in mid-September.
    assert areas["b"].unneeded == reach.unneeded == "01 02 03 04 10 11 12"
    assert areas["c"].unneeded == areas["b"].unneeded  # its need is known, its supply is not
    assert (reach.rule, reach.year_type, reach.balance_id) == ("proportional", "dry", found["balance_id"])
    assert reach.ratio_07 == pytest.approx(0.4666, abs=1e-4)
    # in = out + loss
    assert water.flow_m3_s == pytest.approx(LEFT, rel=1e-5)
    assert water.flow_m3_s - water.lost_m3_s == pytest.approx(2 * NEED * LEFT / AT_HEAD, rel=1e-5)
    assert found["equity"]["C1"]["head"] == pytest.approx(found["equity"]["C1"]["tail"], abs=1e-4)


@pytest.mark.parametrize(("month", "known"), [(8, False), (2, True)])
def test_a_month_that_is_not_known_leaves_the_worst_one_unknown_if_it_needs_water(
    canals: Engine, month: int, known: bool
) -> None:
    with canals.begin() as connection:
        connection.execute(text("DELETE FROM intake_flows WHERE month = :m AND ended_by IS NULL"), {"m": month})
    assert run("water", "balance") == 0
    with canals.connect() as connection:
        for layer, code in (("area_balance", "b"), ("reach_balance", "C1-1")):
            query = text(f"SELECT * FROM {layer} WHERE ended_by IS NULL AND code = :c")
            row = connection.execute(query, {"c": code}).one()
            assert row.ratio_07 == pytest.approx(0.4666, abs=1e-4)
            worst = (row.supply, row.ratio, row.ratio_best, row.worst_month)
            assert worst == (("scarce", row.ratio_07, row.ratio_07, 7) if known else ("unknown", None, None, None))


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


def pump(database: Engine, **known: Any) -> None:
    row = {
        "code": "p",
        "intake": "C1-i",
        "geometry": shapely.Point(X, Y),
        "flow_m3_s": 0.03,
        "availability": 0.5,
        **known,
    }
    with database.begin() as connection:
        load_frame(connection, "pumps", frame([row]), mode="replace")


def test_a_pump_lifts_drinking_water_and_then_water_of_fields(
    canals: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of .018 m3/s half the day at half its time .0045 are lifted, .001 drunk, .9 ** 2 of the rest are left."""
    pump(canals, hours="12", stages=2)
    rows = july(canals, made(capsys)["balance_id"])
    assert rows["b"]["ratio"] == pytest.approx((0.018 * 0.25 - 0.001) * 0.81 / AT_HEAD, rel=1e-5)
    assert rows["b"]["ratio_best"] == rows["b"]["ratio"]


def test_what_is_unknown_of_a_pump_is_bounded_or_unknown(canals: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    pump(canals, hours="24", stages=None)
    row = july(canals, made(capsys)["balance_id"])["b"]
    lifted = (0.018 * 0.5 - 0.001) / AT_HEAD
    assert (row["ratio"], row["ratio_best"]) == pytest.approx((lifted * 0.9**10, lifted), rel=1e-5)
    pump(canals, hours=None, stages=1)
    capsys.readouterr()
    assert run("water", "balance") == 1
    assert "how much a pump lifts and how long it runs is not on record" in capsys.readouterr().err


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
    other = made(capsys, "--rule", "max-min")["balance_id"]  # of another rule: beside it, not in its place
    assert [state for _, state, _ in listed(capsys)] == ["published", "published", "draft", "earlier"]
    with canals.connect() as connection:
        for layer in ("area_balance", "reach_balance"):
            shown = connection.execute(text(f"SELECT DISTINCT balance_id FROM {layer} WHERE ended_by IS NULL"))
            assert set(shown.scalars()) == {second, other}
    assert july(canals, first)["b"]["ratio"] == pytest.approx(LEFT / AT_HEAD, rel=1e-5)
    assert july(canals, second)["b"]["ratio"] == pytest.approx((0.036 - 0.001) / AT_HEAD, rel=1e-5)
    assert run("layer", "undo", str(update)) == 0
    assert listed(capsys) == [
        (str(other), "earlier", True),
        (str(second), "earlier", True),
        (str(draft), "draft", False),
        (str(first), "earlier", False),
    ]


def published(database: Engine) -> set[int]:
    with database.connect() as connection:
        found: set[int] = set()
        for layer in ("area_balance", "reach_balance"):
            found |= set(connection.execute(text(f"SELECT balance_id FROM {layer} WHERE ended_by IS NULL")).scalars())
        return found


def test_a_balance_is_published_no_more_once_a_load_it_was_made_from_is_taken_back(
    canals: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor does an earlier one come in its place, nor does undoing what ended it bring it back."""
    made(capsys)
    with canals.begin() as connection:
        later = load_frame(connection, "intake_flows", flows(0.040), mode="update").load_id
        apart = load_frame(connection, "wells", frame([{"code": "w", "use": "both", "geometry": shapely.Point(X, Y)}]))
    second = made(capsys)["balance_id"]
    assert run("layer", "undo", str(apart.load_id)) == 0  # no balance is made from wells
    assert published(canals) == {second}
    assert run("layer", "undo", str(later)) == 0
    assert published(canals) == set()
    with canals.connect() as connection:
        of = text("SELECT max(load_id) FROM loads WHERE layer = 'area_balance'")
        ending = connection.execute(of).scalar_one()
    assert run("layer", "undo", str(ending)) == 0
    assert published(canals) == set()
    third = made(capsys)["balance_id"]
    assert published(canals) == {third}
    assert listed(capsys)[0] == (str(third), "published", False)


def test_ends_of_months_are_published_and_told_as_no_more_than_they_are(
    canals: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Soil nobody knows: sand conveys .60 x .75 = .45, clay .80 x .75 = .60; of ten-day parts the worst one counts."""
    with canals.begin() as connection:
        connection.execute(text("UPDATE canals SET soil = 'unknown' WHERE code = 'C1-1' AND ended_by IS NULL"))
    made(capsys, "--by", "decade")
    with canals.connect() as connection:
        row = connection.execute(text("SELECT * FROM area_balance WHERE ended_by IS NULL AND code = 'b'")).one()
    ends = [LEFT / ((NEED + NEED / share**0.5) / share**0.5) for share in (0.45, 0.60)]
    for told, exact in zip((row.ratio_07, row.ratio_best_07), ends, strict=True):
        assert told == pytest.approx(exact, abs=1.01e-4)
        assert told <= exact + 1e-9
    assert (row.ratio_01, row.ratio_best_01) == (None, None)
    with canals.begin() as connection:
        connection.execute(text("UPDATE canals SET soil = 'loam' WHERE code = 'C1-1' AND ended_by IS NULL"))


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
