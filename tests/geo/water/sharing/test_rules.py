"""Sharing against worlds computed by hand, an independent linear programme, and what must always hold."""

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from geo.errors import TableError
from geo.water.sharing.division import Claims, Shares, share_water
from geo.water.sharing.rules import RULES
from geo.water.sharing.waterways import Waterways
from tests.worlds.water_networks import World, claims, deliverable, lexicographic, supply, worlds

# Intake 100 -> R1 (.9) -> area a and two branches: R2 (.8, takes 40 at most) -> b and R3 (.5) -> c; R4 (.9) -> d.
LIMITS = [np.inf, 40, np.inf, np.inf]
TREE = Waterways([0, 1, 2, 1], [1, 2, 3, 4], [0.9, 0.8, 0.5, 0.9], LIMITS, [1, 2, 3, 4], np.inf, [0])
NEED = [20, 30, 20, 40]


def test_tree_takes_in_what_it_needs_and_no_more() -> None:
    free = Waterways(TREE.tail, TREE.head, TREE.conveyance, TREE.limit_m3_s, TREE.area_node, np.inf, [0])
    for rule in ("proportional", "max-min"):
        found = share_water(free, claims(NEED), supply(1_000), rule)
        assert found.diverted_m3_s[0, 0] == pytest.approx(116.0494, abs=5e-5)


def test_tree_in_proportion() -> None:
    found = share_water(TREE, claims(NEED), supply(100), "proportional")
    assert found.ratio[:, 0] == pytest.approx([0.8617, 0.3939, 0.3939, 0.8617], abs=5e-5)
    lost = (found.flow_m3_s[:, 0] * (1 - TREE.conveyance)).sum()
    assert lost == pytest.approx(28.60, abs=5e-3)


def test_tree_by_max_min() -> None:
    found = share_water(TREE, claims(NEED), supply(100), "max-min")
    assert found.ratio[:, 0] == pytest.approx([0.7759, 0.4571, 0.4571, 0.7759], abs=5e-5)


def test_tree_in_the_order_c_b_d_a() -> None:
    for rule, distance in (("head-first", [4, 2, 1, 3]), ("tail-first", [1, 3, 4, 2])):
        found = share_water(TREE, claims(NEED, distance=distance), supply(100), rule)
        assert found.ratio[:, 0] == pytest.approx([0.2778, 0, 0.8, 1], abs=5e-5)


def test_equal_distances_go_by_code() -> None:
    one = Waterways([], [], [], [], [0, 0], np.inf, [0])
    found = share_water(one, claims([10, 10], distance=[5, 5], codes=["b", "a"]), supply(12), "tail-first")
    assert found.delivered_m3_s[:, 0] == pytest.approx([2, 10])


@pytest.mark.parametrize(
    ("water", "proportional", "by_depth"),
    [
        (300, (50, 100, 150), (100, 100, 100)),
        (200, (100 / 3, 200 / 3, 100), (200 / 3, 200 / 3, 200 / 3)),
        (100, (50 / 3, 100 / 3, 50), (100 / 3, 100 / 3, 100 / 3)),
    ],
)
def test_claims_of_aumann_and_maschler(
    water: float, proportional: tuple[float, ...], by_depth: tuple[float, ...]
) -> None:
    source = Waterways([], [], [], [], [0, 0, 0], np.inf, [0])
    wanted = claims([100, 200, 300])
    for rule in ("proportional", "max-min"):  # a single source without a bottleneck: the same
        assert share_water(source, wanted, supply(water), rule).delivered_m3_s[:, 0] == pytest.approx(proportional)
    level = share_water(source, wanted, supply(water), "max-min", per="depth")
    assert level.delivered_m3_s[:, 0] == pytest.approx(by_depth)


def test_water_on_a_hectare() -> None:
    source = Waterways([], [], [], [], [0, 0, 0, 0], np.inf, [0])
    found = share_water(source, claims([4, 2, 10, 4], area_ha=[2.5, 4, 0.5, 1]), supply(16), "max-min", per="depth")
    assert found.delivered_m3_s[:, 0] == pytest.approx([4, 2, 6, 4])


def test_a_river_that_is_joined_between() -> None:
    along = Waterways([0], [1], [1.0], [np.inf], [0, 1], np.inf, [0, 1])
    branch = Waterways([0, 2], [1, 1], [1.0, 1.0], [np.inf, np.inf], [0, 1], np.inf, [0, 2])
    for ways in (along, branch):
        assert share_water(ways, claims([100, 50]), supply(60, 50), "max-min").ratio[:, 0] == pytest.approx([0.6, 1.0])


def test_gardens_have_theirs_before_fields() -> None:
    source = Waterways([], [], [], [], [0, 0], np.inf, [0])
    wanted = claims([100, 100], gardens=[10, 30])
    assert share_water(source, wanted, supply(20), "gardens-first").delivered_m3_s[:, 0] == pytest.approx([5, 15])
    # 40 for gardens, then 60 in equal ratios of what is left, 90 and 70.
    assert share_water(source, wanted, supply(100), "gardens-first").delivered_m3_s[:, 0] == pytest.approx(
        [10 + 60 * 90 / 160, 30 + 60 * 70 / 160]
    )


def test_an_outlet_lets_through_what_it_can() -> None:
    source = Waterways([], [], [], [], [0, 0], [10, np.inf], [0])
    for rule in ("proportional", "max-min"):
        found = share_water(source, claims([40, 40]), supply(100), rule)
        assert found.delivered_m3_s[:, 0] == pytest.approx([10, 40])
        assert found.diverted_m3_s[0, 0] == pytest.approx(50)


def test_what_is_unknown_stays_unknown_in_its_system_alone() -> None:
    two = Waterways([0, 2], [1, 3], [0.9, 0.9], [np.inf, np.inf], [1, 3], np.inf, [0, 2])
    for rule in RULES:
        found = share_water(two, claims([10, 10]), np.array([[np.nan], [5.0]]), rule)
        assert np.isnan(found.ratio[0, 0])
        assert np.isnan(found.diverted_m3_s[0, 0])
        assert found.ratio[1, 0] == pytest.approx(0.45)
        unknown_need = share_water(two, claims([np.nan, 10]), supply(5, 5), rule)
        assert np.isnan(unknown_need.delivered_m3_s[0, 0])
        assert unknown_need.ratio[1, 0] == pytest.approx(0.45)
    assert np.isnan(share_water(two, claims([0, 10]), supply(5, 5), "max-min").ratio[0, 0])


def test_a_closed_or_broken_reach_brings_nothing_and_takes_nothing() -> None:
    for conveyance, limit in ((0.0, np.inf), (0.9, 0.0)):
        ways = Waterways([0, 1], [1, 2], [1.0, conveyance], [np.inf, limit], [1, 2], np.inf, [0])
        for rule in RULES:
            found = share_water(ways, claims([10, 10]), supply(15), rule)
            assert found.delivered_m3_s[:, 0] == pytest.approx([10, 0])
            assert found.diverted_m3_s[0, 0] == pytest.approx(10)


def test_refusals_say_what_was_expected() -> None:
    with pytest.raises(TableError, match="circle"):
        Waterways([0, 1, 2], [1, 2, 0], [1, 1, 1], [1, 1, 1], [0], np.inf, [0])
    with pytest.raises(TableError, match="0 to 1"):
        Waterways([0], [1], [1.2], [1], [0], np.inf, [0])
    with pytest.raises(TableError, match="proportional, max-min"):
        share_water(TREE, claims(NEED), supply(1), "fair")
    with pytest.raises(TableError, match="supply"):
        share_water(TREE, claims(NEED), supply(-1), "max-min")
    with pytest.raises(TableError, match="gardens"):
        share_water(TREE, claims(NEED, gardens=[21, 0, 0, 0]), supply(1), "gardens-first")


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_heaps_find_what_the_text_book_finds_on_trees(world: World) -> None:
    need = np.array(world.need)
    assert world.share("max-min").delivered_m3_s[:, 0] == pytest.approx(lexicographic(world, need, need), abs=2e-5)


@settings(max_examples=60, deadline=None)
@given(worlds(most=8))
def test_heaps_find_what_the_text_book_finds_by_depth(world: World) -> None:
    expected = lexicographic(world, np.array(world.area_ha), np.array(world.need))
    assert world.share("max-min", per="depth").delivered_m3_s[:, 0] == pytest.approx(expected, abs=2e-5)


@settings(max_examples=60, deadline=None)
@given(worlds(joins=True, most=8))
def test_programmes_find_what_the_text_book_finds_where_canals_join(world: World) -> None:
    need = np.array(world.need)
    assert world.share("max-min").delivered_m3_s[:, 0] == pytest.approx(lexicographic(world, need, need), abs=2e-5)


def conserved(world: World, found: Shares) -> None:
    nodes = max(*world.head, *world.area_node, *world.intake_node) + 1
    into, out = np.zeros(nodes), np.zeros(nodes)
    flow = found.flow_m3_s[:, 0]
    np.add.at(into, world.head, flow * np.array(world.conveyance))
    np.add.at(into, world.intake_node, found.diverted_m3_s[:, 0])
    np.add.at(out, world.tail, flow)
    np.add.at(out, world.area_node, found.delivered_m3_s[:, 0])
    scale = 1e-9 * max(sum(world.water), 1e-3)
    assert np.abs(into - out).max() <= scale
    assert (flow <= np.array(world.limit) + scale).all()
    assert (found.diverted_m3_s[:, 0] <= np.array(world.water) + scale).all()
    assert (found.delivered_m3_s[:, 0] <= np.array(world.need) + scale).all()
    assert min(flow.min(), found.diverted_m3_s.min(), found.delivered_m3_s.min()) >= -scale


@settings(max_examples=100, deadline=None)
@given(worlds(), st.sampled_from(RULES))
def test_nothing_is_lost_on_trees(world: World, rule: str) -> None:
    conserved(world, world.share(rule))


@settings(max_examples=60, deadline=None)
@given(worlds(joins=True, most=8), st.sampled_from(RULES))
def test_nothing_is_lost_where_canals_join(world: World, rule: str) -> None:
    conserved(world, world.share(rule))


@settings(max_examples=100, deadline=None)
@given(worlds(), st.sampled_from(RULES), st.integers(0, 20), st.floats(0.1, 20))
def test_more_water_lowers_no_ratio_on_trees(world: World, rule: str, which: int, more: float) -> None:
    water = list(world.water)
    water[which % len(water)] += more
    before, after = world.share(rule), world._replace(water=water).share(rule)
    assert (np.nan_to_num(after.ratio) >= np.nan_to_num(before.ratio) - 1e-7).all()


@settings(max_examples=40, deadline=None)
@given(worlds(joins=True, most=8), st.integers(0, 20), st.floats(0.1, 20))
def test_more_water_lowers_no_ratio_by_max_min_anywhere(world: World, which: int, more: float) -> None:
    """Programmes are solved to 1e-9 of the largest supply: what an area gets, and not its ratio, is so exact."""
    water = list(world.water)
    water[which % len(water)] += more
    before, after = world.share("max-min"), world._replace(water=water).share("max-min")
    assert (after.delivered_m3_s >= before.delivered_m3_s - 1e-8 * max(water)).all()


@settings(max_examples=60, deadline=None)
@given(worlds(joins=True, most=8), st.integers(0, 20))
def test_repair_lowers_neither_the_total_nor_the_least_ratio(world: World, which: int) -> None:
    conveyance = list(world.conveyance)
    conveyance[which % len(conveyance)] = 1.0
    limit = list(world.limit)
    limit[which % len(limit)] = np.inf
    mended = world._replace(conveyance=conveyance, limit=limit)

    def greatest(one: World) -> float:
        rows, zero, bounds = deliverable(one, {}, np.array(one.need))
        cost = np.zeros(rows.shape[1])
        cost[-len(one.need) :] = -1.0
        return -cast(Any, linprog)(cost, A_eq=rows, b_eq=zero, bounds=bounds, method="highs").fun

    assert greatest(mended) >= greatest(world) - 1e-7
    ratios = [np.nanmin(one.share("max-min").ratio) if max(one.need) > 0 else 0.0 for one in (world, mended)]
    assert ratios[1] >= ratios[0] - 1e-6


@settings(max_examples=60, deadline=None)
@given(worlds(), st.sampled_from(RULES), st.integers(0, 20))
def test_cutting_a_reach_changes_nothing(world: World, rule: str, which: int) -> None:
    r, extra = which % len(world.tail), max(world.head) + 1
    half = world.conveyance[r] ** 0.5
    cut = world._replace(
        tail=[*world.tail, extra],
        head=[*world.head[:r], extra, *world.head[r + 1 :], world.head[r]],
        conveyance=[*world.conveyance[:r], half, *world.conveyance[r + 1 :], half],
        limit=[*world.limit, np.inf],
    )
    assert cut.share(rule).delivered_m3_s == pytest.approx(world.share(rule).delivered_m3_s, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(worlds(), st.sampled_from(RULES), st.randoms(use_true_random=False))
def test_numbers_and_rows_in_another_order_change_nothing(world: World, rule: str, random: object) -> None:
    rng = np.random.default_rng(random.randrange(2**32))  # type: ignore[attr-defined]
    nodes = max(*world.head, *world.area_node, *world.intake_node) + 1
    name, rows = rng.permutation(nodes), rng.permutation(len(world.tail))
    other = world._replace(
        tail=[int(name[world.tail[r]]) for r in rows],
        head=[int(name[world.head[r]]) for r in rows],
        conveyance=[world.conveyance[r] for r in rows],
        limit=[world.limit[r] for r in rows],
        area_node=[int(name[v]) for v in world.area_node],
        intake_node=[int(name[v]) for v in world.intake_node],
    )
    before, after = world.share(rule), other.share(rule)
    assert after.delivered_m3_s == pytest.approx(before.delivered_m3_s, abs=1e-9)
    assert after.flow_m3_s == pytest.approx(before.flow_m3_s[rows], abs=1e-8)


def test_repair_can_lower_the_least_ratio_and_the_total_in_proportion() -> None:
    """No promise is made for fixed dividers: a mended branch takes in more and loses half of it on the way."""
    # 10 m3/s for a (10 at the head), b (10 behind a reach that loses half and takes 5, mended 10), c (10 behind 2).
    found = [
        share_water(
            Waterways([0, 0], [1, 2], [0.5, 1.0], [room, 2.0], [0, 1, 2], np.inf, [0]),
            claims([10, 10, 10]),
            supply(10),
            "proportional",
        )
        for room in (5.0, 10.0)
    ]
    # Requirements 10 + 5 + 2 = 17, then 10 + 10 + 2 = 22.
    assert found[0].ratio[:, 0] == pytest.approx([10 / 17, 0.25 * 10 / 17, 0.2 * 10 / 17])
    assert found[1].ratio[:, 0] == pytest.approx([10 / 22, 0.5 * 10 / 22, 0.2 * 10 / 22])
    assert found[1].ratio.min() < found[0].ratio.min()
    assert found[1].delivered_m3_s.sum() < found[0].delivered_m3_s.sum()


def test_periods_do_not_know_of_each_other() -> None:
    wanted = Claims(
        np.array([[20.0, 5.0], [30.0, 0.0], [20.0, 20.0], [40.0, 1.0]]),
        np.ones(4),
        np.zeros((4, 2)),
        np.arange(4.0),
        np.array(list("abcd")),
    )
    for rule in RULES:
        both = share_water(TREE, wanted, np.array([[100.0, 7.0]]), rule)
        for p, water in enumerate((100.0, 7.0)):
            alone = share_water(TREE, claims(wanted.need_m3_s[:, p], distance=np.arange(4.0)), supply(water), rule)
            assert both.delivered_m3_s[:, p].tolist() == alone.delivered_m3_s[:, 0].tolist()
