"""Systems cut out of a network give what the whole gives; two balances compared by hand."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from geo.water.balance import Balance, Beds, Delivery, Fields, Offers, find_balance
from geo.water.network.build import build_network
from geo.water.network.parts import Network, Reaches
from geo.water.scenario.compare import Side, compare_balances, find_tails
from geo.water.scenario.cut import Cut, Reached, cut_network, reached_nodes
from geo.water.scenario.form import parse_scenario
from geo.water.sharing.rules import RULES
from tests.worlds.canals_by_hand import INTAKES, LINES, OUTLETS, Row, beds, fields, offers, points, reaches

NOTHING = np.empty(0, dtype=np.int64)
FAR_M = 20_000.0  # m, between systems


def _worlds(count: int) -> tuple[Reaches, Network, Beds, Offers, Fields]:
    """Several systems of the same shape and different figures, none of a canal name of another."""
    moved: list[Row] = []
    outlets, intakes = [], []
    for k in range(count):
        moved += [(f"{code}-{k}", f"{name}-{k}", [(x, y + k * FAR_M) for x, y in xy]) for code, name, xy in LINES]
        outlets += [
            (f"{code}-{k}", f"{reach}-{k}" if reach else "", f"{area}-{k}", (x, y + k * FAR_M))
            for code, reach, area, (x, y) in OUTLETS
        ]
        intakes += [(f"{code}-{k}", f"{reach}-{k}", "", (x, y + k * FAR_M)) for code, reach, _, (x, y) in INTAKES]
    lines = reaches(moved)
    chance = np.random.default_rng(16)
    rows, areas = 4 * count, 3 * count
    bed = beds(
        rows,
        condition=chance.choice([1.0, 2.0, 3.0, np.nan], rows),
        capacity_m3_s=chance.choice([0.03, 0.06, 0.2, np.nan], rows),
    )
    offer = offers(chance.uniform(0.02, 0.1, (count, 6)).tolist())
    need = chance.uniform(0, 5_000, (areas, 6))
    field = fields([f"{area}-{k}" for k in range(count) for _, _, area, _ in OUTLETS], need, range(areas))
    return lines, build_network(lines, points(outlets), points(intakes)), bed, offer, field


def _cut_at(world: tuple[Reaches, Network, Beds, Offers, Fields], change: Reached) -> Cut:
    lines, network, bed, offer, field = world
    return cut_network(lines, network, bed, offer, field, reached_nodes(lines, network, field, change))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("reach", "areas"), [(4, [3, 4, 5]), (0, [0, 1, 2]), (11, [6, 7, 8])])
def test_a_system_alone_gives_what_the_whole_gives(rule: str, reach: int, areas: list[int]) -> None:
    """Bit for bit."""
    world = _worlds(3)
    whole = find_balance(*world, rule)
    part = _cut_at(world, Reached(np.array([reach]), NOTHING, NOTHING))
    alone = find_balance(part.reaches, part.network, part.beds, part.offers, part.fields, rule)
    assert part.area.tolist() == areas
    assert part.reach.tolist() == [4 * (reach // 4) + k for k in range(4)]
    for side in ("worst", "best"):
        one, other = getattr(whole, side), getattr(alone, side)
        for name in ("ratio", "delivered_m3"):
            np.testing.assert_array_equal(getattr(one, name)[areas], getattr(other, name))
        np.testing.assert_array_equal(one.diverted_m3[part.intake], other.diverted_m3)
        pieces = np.isin(world[1].pieces.reach, part.reach)
        np.testing.assert_array_equal(one.lost_m3[pieces], other.lost_m3)
    np.testing.assert_array_equal(whole.distance_m[areas], alone.distance_m)


def test_what_is_changed_tells_which_systems() -> None:
    world = _worlds(3)
    for change in (
        Reached(np.array([5]), NOTHING, NOTHING),
        Reached(NOTHING, np.array([4]), NOTHING),
        Reached(NOTHING, NOTHING, np.array([1])),
    ):
        assert _cut_at(world, change).area.tolist() == [3, 4, 5]
    assert _cut_at(world, Reached(np.array([0]), np.array([8]), NOTHING)).area.tolist() == [0, 1, 2, 6, 7, 8]
    assert not len(_cut_at(world, Reached(NOTHING, NOTHING, NOTHING)).area)


def test_systems_hang_together_by_a_canal_and_by_an_area() -> None:
    """A canal drawn in two parts has one length; an area with an outlet in each of two systems is served by both."""
    lines, network, bed, offer, field = _worlds(3)
    one = lines._replace(canal=np.where(lines.canal == "S-2", "S-0", lines.canal))
    found = _cut_at((one, network, bed, offer, field), Reached(np.array([0]), NOTHING, NOTHING))
    assert found.area.tolist() == [0, 1, 2, 6, 7, 8]
    owner = field.outlet_area.copy()
    owner[3] = 0
    both = _cut_at((lines, network, bed, offer, field._replace(outlet_area=owner)), Reached(NOTHING, NOTHING, NOTHING))
    assert not len(both.area)
    both = _cut_at(
        (lines, network, bed, offer, field._replace(outlet_area=owner)), Reached(np.array([4]), NOTHING, NOTHING)
    )
    assert both.area.tolist() == [0, 1, 2, 4, 5]


def _side(worst: list[list[float]], best: list[list[float]] | None = None, counts: object = True) -> Side:
    """A balance in which only ratios are known; each area needs 100 m3 a period."""
    low = np.array(worst)
    high = low if best is None else np.array(best)
    volume = np.zeros((1, low.shape[1]))
    lesser, greater = (
        Delivery(ratio, ratio * 100, volume + 300, volume + 50, volume + 350, volume, volume) for ratio in (low, high)
    )
    balance = Balance(lesser, greater, np.arange(len(low), dtype=np.float64))
    field = fields([f"a{k}" for k in range(len(low))], np.full(low.shape, 100.0), range(len(low)))
    return Side(balance, field, np.broadcast_to(np.asarray(counts), low.shape))


def test_gain_and_harm_by_hand() -> None:
    now = _side([[0.7, 0.5], [0.76, 0.9], [0.8, 0.8], [np.nan, 0.9], [0.2, 0.9], [0.76, 0.9]])
    then = _side([[0.75, 0.8], [0.749, 0.9], [0.7901, 0.9], [0.9, 0.9], [0.2, np.nan], [0.7499, 0.9]])
    found = compare_balances(now, then, np.full(6, "M"))
    assert found.before[:3].tolist() == [0.5, 0.76, 0.8]
    assert found.gained.tolist() == [True, False, False, False, False, False]
    assert found.lost.tolist() == [False, True, False, False, False, True]
    assert found.harmed.tolist() == [False, True, False, False, False, True]  # .8 to .7901 is not more than .01
    assert found.unknown.tolist() == [False, False, False, True, True, False]
    pairs = itertools.product(range(6), range(2))
    change = {(k, p): then.balance.worst.ratio[k, p] - now.balance.worst.ratio[k, p] for k, p in pairs}
    assert found.delivered_m3 == pytest.approx(100 * sum(x for x in change.values() if not np.isnan(x)))


def test_periods_that_do_not_count_are_not_looked_at() -> None:
    found = compare_balances(
        _side([[0.1, 0.9]], counts=[False, True]), _side([[np.nan, 0.7]], counts=[False, True]), np.array([""])
    )
    assert (found.before[0], found.after[0], found.unknown[0], found.lost[0]) == (0.9, 0.7, False, True)
    nothing = compare_balances(_side([[0.9]], counts=False), _side([[0.9]], counts=False), np.array([""]))
    assert nothing.unknown.tolist() == [True]


def test_both_ends_are_told() -> None:
    """What may be enough already is no gain at best; what falls at best only is harm all the same."""
    found = compare_balances(
        _side([[0.1], [0.5]], [[0.8], [0.9]]), _side([[0.8], [0.5]], [[0.8], [0.6]]), np.array(["", ""])
    )
    assert found.gained.tolist() == [True, False]
    assert found.gained_best.tolist() == [False, False]
    assert found.harmed.tolist() == [False, True]


def test_tails() -> None:
    """30 ha in the order of the water: the last third begins at 20 ha."""
    canal = np.array(["M", "M", "M", "S", "", "M"])
    hectares, away = np.array([10.0, 9.0, 11.0, 5.0, 5.0, 1.0]), np.array([3.0, 1.0, 2.0, 9.0, 9.0, np.nan])
    assert find_tails(canal, hectares, away).tolist() == [True, False, False, False, False, False]


def test_the_scenario_of_the_first_page_is_one() -> None:
    page = (Path(__file__).parents[4] / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```toml\n(name = .*?)^```$", page, re.MULTILINE | re.DOTALL)
    found = parse_scenario(text, source="README.md")
    assert (found.name, found.works[0].cost_usd, found.works[0].repairs[0].condition) == ("main-canal", 90_000, 1)
