"""Networks from lines: joints, splits, lengths and every fault, on canals drawn by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.errors import TableError
from geo.water.network.build import build_network
from geo.water.network.conveyance import (
    condition_factor,
    fields_supply,
    intake_limit,
    piece_conveyance,
    pump_limit,
    seepage_m3_s_km,
    stage_conveyance,
)
from geo.water.network.faults import find_bottlenecks, find_faults
from geo.water.network.parts import NOWHERE, Fault, Network, Points, Reaches
from geo.water.network.ways import (
    canal_lengths_m,
    greatest_beyond,
    node_distances_m,
    order_pieces,
    pieces_above,
)
from tests.worlds.canals_by_hand import AREAS, INTAKES, LINES, OUTLETS, Row, points, reaches


def built(lines: Reaches, outlets: Points | None = None) -> Network:
    return build_network(lines, points(OUTLETS) if outlets is None else outlets, points(INTAKES))


def faults(
    lines: Reaches, outlets: Points | None = None, intakes: Points | None = None, areas: object = None
) -> list[Fault]:
    outlets, intakes = points(OUTLETS) if outlets is None else outlets, points(INTAKES) if intakes is None else intakes
    codes = np.array(AREAS if areas is None else areas, dtype=str)
    network = build_network(lines, outlets, intakes)
    return find_faults(lines, outlets, intakes, codes, np.full(len(lines.code), 1.0), network)


def kinds(found: list[Fault]) -> list[tuple[str, str]]:
    return [(fault.kind, fault.code) for fault in found]


def test_ends_join_and_lines_split() -> None:
    lines = reaches(LINES)
    network = built(lines)
    length = network.pieces.end_m - network.pieces.start_m
    assert {code: length[network.pieces.reach == k].round(1).tolist() for k, code in enumerate(lines.code)} == {
        "m1": [500, 500],
        "m2": [496, 496, 4],
        "s1": [394, 400],
        "s2": [2497],
    }
    assert len(network.node_xy) == len(length) + 1  # a tree
    assert network.ordered.all()
    assert len(set(network.system.tolist())) == 1
    assert faults(lines) == []


def test_a_canal_is_as_long_as_its_longest_way() -> None:
    """M runs 1,000 m, 496 m and then 2,497 m up its branch, not all of its 4,493 m."""
    lines = reaches(LINES)
    assert canal_lengths_m(lines, built(lines)) == pytest.approx([3_993, 3_993, 794, 3_993])
    network = built(lines)
    assert node_distances_m(lines, network)[network.outlet_node] == pytest.approx([500 + 394, 1_000 + 992, 3_993])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.just(float("nan")), st.floats(0, 1)), min_size=3, max_size=3))
def test_the_greatest_beyond_is_that_of_the_outlets_whose_water_comes_by(shares: list[float]) -> None:
    """Told the other way round, from each outlet up its way."""
    lines = reaches(LINES)
    network = built(lines)
    of_node = np.full(len(network.node_xy), np.nan)
    of_node[network.outlet_node] = shares
    order = order_pieces(lines, network)
    found = greatest_beyond(network, order, of_node)
    for node in range(len(of_node)):
        above = [k for k, at in enumerate(network.outlet_node) if node == at or node in _tails(network, order, int(at))]
        known = [shares[k] for k in above if not np.isnan(shares[k])]
        assert found[node] == max(known) if known else np.isnan(found[node])


def _tails(network: Network, order: NDArray[np.int64], node: int) -> set[int]:
    return set(network.pieces.tail[pieces_above(network, order, node)].tolist())


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(4)), st.permutations(range(3)))
def test_rows_in_another_order_make_the_same_network(rows: list[int], outlets: list[int]) -> None:
    plain, other = reaches(LINES), reaches([LINES[k] for k in rows])
    first, second = built(plain), built(other, points([OUTLETS[k] for k in outlets]))
    assert canal_lengths_m(other, second) == pytest.approx(canal_lengths_m(plain, first)[rows])
    found = node_distances_m(other, second)[second.outlet_node]
    assert found == pytest.approx(node_distances_m(plain, first)[first.outlet_node][outlets])


def test_codes_win_over_the_drawing() -> None:
    # s1 begins 60 m off the canal; its row says where the water comes from.
    away: list[Row] = [*LINES[:2], ("s1", "S", [(500, 60), (500, 800)]), LINES[3]]
    assert kinds(faults(reaches(away))) == [("dangling", "s1"), ("no intake", "s1")]
    assert faults(reaches(away, upstream=["", "", "m1", ""])) == []
    assert kinds(faults(reaches(away, upstream=["", "", "x9", ""]))) == [
        ("dangling", "s1"),
        ("no intake", "s1"),
        ("unknown code", "s1"),
    ]
    # An outlet beside s2 that is said to take from m2.
    moved = points([OUTLETS[0], OUTLETS[1], ("o3", "m2", "a3", (1_500.0, 2_500.0))])
    network = built(reaches(LINES), moved)
    lines = reaches(LINES)
    assert node_distances_m(lines, network)[network.outlet_node][2] == pytest.approx(1_496)


def test_a_circle_is_named_and_left_out_unless_it_is_closed() -> None:
    back: list[Row] = [*LINES, ("x", "X", [(2_000, 0), (2_000, -500), (500, -500), (500, 0)])]
    found = [fault for fault in faults(reaches(back)) if fault.matters]
    assert [(fault.kind, fault.code) for fault in found] == [("loop", "m1")]
    assert found[0].sentence == "Water would run in a circle through canal reach m1."
    assert not built(reaches(back)).ordered.any()
    assert np.isnan(canal_lengths_m(reaches(back), built(reaches(back)))).all()
    closed = reaches(back, closed=[False] * 4 + [True])
    assert faults(closed) == []
    assert built(closed).ordered.all()


def test_other_systems_are_computed_beside_one_that_is_not() -> None:
    two: list[Row] = [*LINES, ("y1", "Y", [(0, 9_000), (500, 9_000)]), ("y2", "Y", [(1_000, 9_000), (500, 9_000)])]
    network = built(reaches(two))
    wrong = [fault for fault in faults(reaches(two)) if fault.matters]
    assert [(fault.kind, fault.code) for fault in wrong] == [("two directions", "y1, y2")]
    assert network.ordered.sum() == len(network.node_xy) - 3
    unknown = reaches(LINES, flow_known=[True, True, False, True])
    assert [fault.kind for fault in faults(unknown) if fault.matters] == ["direction unknown"]


def test_what_is_missing_has_a_sentence() -> None:
    more: list[Row] = [*LINES, ("z", "Z", [(0, 5_000), (900, 5_000)]), ("w", "W", [(700, -80), (700, -20)])]
    found = faults(
        reaches(more, head_level_m=[500, 499, 500, 499, 500, 500], tail_level_m=[499, 498, 501.2, 499.9, 499, 499]),
        points([*OUTLETS, ("o4", "", "", (700.0, 300.0)), ("o5", "q", "a9", (0.0, 0.0))]),
        points([*INTAKES, ("i2", "", "", (0.0, 5_200.0))]),
        [*AREAS, "a4"],
    )
    assert [(fault.kind, fault.code) for fault in found] == [
        ("area without outlet", "a4"),
        ("dangling", "w"),
        ("intake off", "i2"),
        ("leads nowhere", "w"),
        ("leads nowhere", "z"),
        ("no intake", "w"),
        ("no intake", "z"),
        ("outlet off", "o4"),
        ("outlet without area", "o4"),
        ("outlet without area", "o5"),
        ("unknown code", "o5"),
        ("uphill", "s1"),
    ]
    said = {(fault.kind, fault.code): fault.sentence for fault in found}
    assert said["uphill", "s1"] == "Water level of canal reach s1 is 1.2 m higher at its lower end."
    assert said["intake off", "i2"] == "Intake i2 lies at no canal reach: the next is 200 m away."
    assert said["unknown code", "o5"] == "Outlet o5 names canal reach 'q', which is not mapped."


def test_canals_in_parts_and_lines_in_parts() -> None:
    apart: list[Row] = [*LINES[:3], ("s2", "S", LINES[3][2])]
    assert kinds(faults(reaches(apart))) == [("canal in parts", "S")]


def test_capacities_below_the_need() -> None:
    lines = reaches(LINES)
    network = built(lines)
    wanted = np.full(len(network.pieces.reach), 2.0)
    limit = np.where(network.pieces.reach == 1, 1.5, np.inf)
    found = find_bottlenecks(lines, network, limit, wanted)
    assert [fault.sentence for fault in found] == ["Canal reach m2 takes in 1.5 m3/s; 2 m3/s are needed beyond it."]


def test_nothing_is_no_network() -> None:
    network = build_network(reaches([]), points([]), points([]))
    assert len(network.node_xy) == len(network.pieces.reach) == 0
    lost = build_network(reaches([]), points(OUTLETS), points(INTAKES))
    assert (lost.outlet_node == NOWHERE).all()


def conveyed(piece_m: float, **changes: object) -> tuple[float, float]:
    given: dict[str, object] = {
        "lining": ["earth"],
        "soil": ["loam"],
        "condition": [3.0],
        "measured": [np.nan],
        "reach_length_m": [3_000.0],
        "canal_length_m": [3_000.0],
        "piece_length_m": [piece_m],
    } | changes
    found = piece_conveyance(**{name: np.array(value) for name, value in given.items()})
    return float(found.worst[0]), float(found.best[0])


def test_conveyance_of_pieces() -> None:
    assert conveyed(3_000) == pytest.approx((0.525, 0.525), abs=5e-4)
    assert conveyed(1_000) == pytest.approx((0.8067, 0.8067), abs=5e-5)
    assert conveyed(1_500) == pytest.approx((0.7246, 0.7246), abs=5e-5)
    assert conveyed(1_500, measured=[0.81]) == pytest.approx((0.9, 0.9))
    assert conveyed(3_000, lining=["concrete"], condition=[1.0]) == pytest.approx((0.95, 0.95))


def test_what_is_unknown_lies_between_its_worst_and_its_best() -> None:
    assert conveyed(3_000, soil=["unknown"]) == pytest.approx((0.6 * 0.75, 0.8 * 0.75))
    assert conveyed(3_000, lining=["unknown"]) == pytest.approx((0.7 * 0.75, 0.95 * 0.75))
    assert conveyed(3_000, condition=[np.nan]) == pytest.approx((0.0, 0.7))
    low, high = conveyed(3_000, canal_length_m=[np.nan])
    assert (low, high) == pytest.approx((0.525, 1.0))
    limit = intake_limit(np.array([2.0, np.nan, 2.0, np.nan]), np.array([4.0, 1.0, np.nan, 5.0]))
    assert limit.worst.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert limit.best.tolist() == [1.0, np.inf, 2.0, 0.0]


def test_pumps_and_supplies() -> None:
    assert pump_limit(2.0, [12, 24, np.nan], [0.7, np.nan, 0.7])[:2] == pytest.approx([0.7, 1.4])
    assert stage_conveyance([0, 1, 2]) == pytest.approx([1, 0.9, 0.81])
    drinking, allowed = fields_supply([10, 10, 0.001, np.nan], [5, np.nan, np.nan, 5], 0.1, 8_640)
    assert drinking[:3] == pytest.approx([0.1, 0.1, 0.0009])
    assert allowed[:3] == pytest.approx([4.9, 8.9, 0.0])
    assert np.isnan(allowed[3])
    assert seepage_m3_s_km(6, 2) == pytest.approx(0.020)


def test_figures_that_cannot_be_are_refused() -> None:
    with pytest.raises(TableError, match="24 hours"):
        pump_limit(1, 25, 0.5)
    with pytest.raises(TableError, match="availability"):
        pump_limit(1, 5, 1.5)
    with pytest.raises(TableError, match="river share"):
        fields_supply(1, 1, 2, 0)
    with pytest.raises(TableError, match="0 or more"):
        fields_supply(-1, 1, 0, 0)
    with pytest.raises(TableError, match="condition class"):
        condition_factor(np.array([6.0]))
    with pytest.raises(TableError, match="'gravel'"):
        conveyed(1, soil=["gravel"])
    with pytest.raises(TableError, match="0 to 1"):
        conveyed(1, measured=[1.1])
