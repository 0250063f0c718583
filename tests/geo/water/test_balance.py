"""Balances of canals drawn by hand: followed with a pencil, conserved, bounded where something is unknown."""

import itertools

import numpy as np
import pytest

from geo.water.along_reaches import sum_reaches
from geo.water.balance import Balance, Beds, Fields, Flows, Offers, find_balance, least_ratio
from geo.water.network.build import build_network
from geo.water.network.parts import Points, Reaches
from geo.water.sharing.rules import RULES
from tests.worlds.canals_by_hand import AREAS, INTAKES, LINES, OUTLETS, Row, beds, fields, offers, points, reaches

DAY_S = 86_400.0
NEED = [[0.02 * DAY_S], [0.03 * DAY_S], [0.05 * DAY_S]]

# Loam: M is 3,993 m long (.70), S 794 m (.75); what is left after each length.
M1 = 0.70 ** (500 / 3_993)
TO_S2 = 0.70 ** (1_496 / 3_993)
A1 = M1 * 0.75 ** (394 / 794)
A2 = 0.70 ** (1_992 / 3_993)
A3 = 0.70


def run(
    rule: str = "max-min",
    *,
    lines: Reaches | None = None,
    outlets: Points | None = None,
    bed: Beds | None = None,
    offer: Offers | None = None,
    field: Fields | None = None,
) -> Balance:
    lines = reaches(LINES) if lines is None else lines
    outlets = points(OUTLETS) if outlets is None else outlets
    network = build_network(lines, outlets, points(INTAKES))
    return find_balance(
        lines,
        network,
        beds(len(lines.code)) if bed is None else bed,
        offers([[0.08]]) if offer is None else offer,
        fields(AREAS, NEED, [0, 1, 2]) if field is None else field,
        rule,
    )


def test_with_plenty_everybody_has_all_and_no_more_is_diverted() -> None:
    for rule in RULES:
        found = run(rule, offer=offers([[10.0]]))
        assert found.worst.ratio == pytest.approx(1)
        assert found.worst.diverted_m3[0, 0] == pytest.approx(DAY_S * (0.02 / A1 + 0.03 / A2 + 0.05 / A3))
        assert found.best.ratio.tolist() == found.worst.ratio.tolist()


def test_short_water_by_hand() -> None:
    needed = 0.02 / A1 + 0.03 / A2 + 0.05 / A3
    for rule in ("proportional", "max-min"):  # one source without a bottleneck
        assert run(rule).worst.ratio == pytest.approx(0.08 / needed)
    head = run("head-first").worst.ratio[:, 0]
    assert head == pytest.approx([1, 1, (0.08 - 0.02 / A1 - 0.03 / A2) * A3 / 0.05])
    tail = run("tail-first").worst.ratio[:, 0]
    assert tail == pytest.approx([0, (0.08 - 0.05 / A3) * A2 / 0.03, 1], abs=1e-12)


def test_distances_and_needs_beyond() -> None:
    found = run()
    assert found.distance_m == pytest.approx([894, 1_992, 3_993])
    lines = reaches(LINES)
    network = build_network(lines, points(OUTLETS), points(INTAKES))
    first = (network.pieces.reach == 0) & (network.pieces.start_m == 0)
    wanted = Flows(lines, network, beds(4), offers([[0.08]]), fields(AREAS, NEED, [0, 1, 2])).wanted()
    assert wanted[first, 0] == pytest.approx([0.02 / A1 + 0.03 / A2 + 0.05 / A3])


@pytest.mark.parametrize("rule", RULES)
def test_in_is_out_and_loss(rule: str) -> None:
    found = run(rule, bed=beds(4, condition=[2, 3, 4, 1], capacity_m3_s=[0.07, 0.05, 0.02, 0.03])).worst
    diverted, delivered, lost = (
        float(np.nansum(one)) for one in (found.diverted_m3, found.delivered_m3, found.lost_m3)
    )
    assert diverted == pytest.approx(delivered + lost, rel=1e-9)
    assert diverted <= 0.07 * 0.9 * DAY_S * (1 + 1e-12)  # capacity by the factor of condition 2


def test_the_river_then_people_then_fields() -> None:
    offer = offers([[0.1]], river_share=[0.1], drinking_m3_d=[864.0])
    found = run(offer=offer).worst
    assert found.drinking_m3[0, 0] == pytest.approx(864)
    assert found.diverted_m3[0, 0] == pytest.approx(0.08 * DAY_S)
    assert run(offer=offer).worst.ratio == pytest.approx(run(offer=offers([[0.08]])).worst.ratio)


def test_a_pump_at_the_intake_and_one_on_a_reach() -> None:
    pumped = run(offer=offers([[0.1]], pump=[[0.12]], runs=[[0.5 * 0.7]], stages=[2]))
    # min(pump, supply) x hours x availability, then 0.9 for each stage
    assert pumped.worst.diverted_m3[0, 0] == pytest.approx(0.035 * DAY_S)
    assert pumped.worst.pumping_loss_m3[0, 0] == pytest.approx(0.035 * 0.19 * DAY_S)
    assert pumped.worst.ratio == pytest.approx(0.035 * 0.81 / (0.02 / A1 + 0.03 / A2 + 0.05 / A3))
    on_reach = run(bed=beds(4, pump=[[np.inf], [np.inf], [0.01], [np.inf]], stages=[0, 0, 1, 0]), offer=offers([[9.0]]))
    assert on_reach.worst.ratio[:, 0] == pytest.approx([0.01 * 0.9 * A1 / M1 / 0.02, 1, 1])


def test_lift_stages_nobody_knows_are_bounded_and_never_none() -> None:
    """A pump may be recorded with ten stages at most: of what it lifts .9 ** 10 = .3487 at least are left."""
    offer = offers([[0.05]], pump=[[9.0]], stages=[np.nan])
    found = run(offer=offer)
    short = 0.05 / (0.02 / A1 + 0.03 / A2 + 0.05 / A3)
    assert found.worst.ratio == pytest.approx(short * 0.9**10)
    assert found.best.ratio == pytest.approx(short)
    on_reach = run(bed=beds(4, stages=[0, 0, np.nan, 0], pump=[[np.inf], [np.inf], [0.01], [np.inf]]))
    assert on_reach.worst.delivered_m3[0, 0] == pytest.approx(0.01 * 0.9**10 * A1 / M1 * DAY_S)
    assert on_reach.best.delivered_m3[0, 0] == pytest.approx(0.01 * A1 / M1 * DAY_S)
    unsaid = run(bed=beds(4, pump=[[np.inf], [np.inf], [np.nan], [np.inf]]), offer=offers([[9.0]]))
    assert (unsaid.ratio.worst[0, 0], unsaid.ratio.best[0, 0]) == pytest.approx((0.0, 1.0))


def test_reaches_take_in_lose_and_serve_what_lies_beyond() -> None:
    """Plenty: m1 takes all that is needed, s1 what a1 needs; short by half the need everybody gets half."""
    lines = reaches(LINES)
    network = build_network(lines, points(OUTLETS), points(INTAKES))
    needed = 0.02 / A1 + 0.03 / A2 + 0.05 / A3
    field = fields(AREAS, NEED, [0, 1, 2])
    half = find_balance(lines, network, beds(4), offers([[needed / 2]]), field, "max-min")
    found = sum_reaches(lines, network, field, half)
    assert found.need_m3[:, 0] / DAY_S == pytest.approx([0.10, 0.08, 0.02, 0.05])
    assert found.ratio.worst[:, 0] == pytest.approx(0.5)
    assert found.taken_m3.worst[:, 0] / DAY_S == pytest.approx(
        [needed / 2, (0.03 / A2 + 0.05 / A3) * 0.70 ** (1_000 / 3_993) / 2, 0.01 / (A1 / M1), 0.025 / (A3 / TO_S2)],
        rel=1e-3,
    )
    lost = float(np.nansum(half.worst.lost_m3))
    assert found.lost_m3.worst.sum() == pytest.approx(lost)
    assert found.taken_m3.best[0, 0] == pytest.approx(float(half.worst.delivered_m3.sum()) + lost)


def test_a_reach_serves_each_outlet_of_an_area_with_its_part() -> None:
    """a3 has one outlet at the end of s2 and one on s1: half of its need lies beyond each."""
    two = points([*OUTLETS, ("o4", "s1", "a3", (500.0, 800.0))])
    field = fields(AREAS, NEED, [0, 1, 2, 2])
    lines = reaches(LINES)
    network = build_network(lines, two, points(INTAKES))
    found = sum_reaches(
        lines, network, field, find_balance(lines, network, beds(4), offers([[10.0]]), field, "proportional")
    )
    assert found.need_m3[:, 0] / DAY_S == pytest.approx([0.10, 0.03 + 0.025, 0.02 + 0.025, 0.025])
    assert found.ratio.worst == pytest.approx(1)


def test_reaches_no_intake_is_known_of_are_unknown() -> None:
    lines = reaches(LINES)
    network = build_network(lines, points(OUTLETS), points([("i9", "", "", (90_000.0, 90_000.0))]))
    field = fields(AREAS, NEED, [0, 1, 2])
    found = sum_reaches(lines, network, field, find_balance(lines, network, beds(4), offers([[9.0]]), field, "max-min"))
    for values in (found.need_m3, *found.ratio, *found.taken_m3, *found.lost_m3):
        assert np.isnan(values).all()


def test_unknown_gives_bounds_and_never_a_guess() -> None:
    known = run(offer=offers([[10.0]])).worst.ratio
    for change in ({"condition": [1, np.nan, 1, 1]}, {"capacity_m3_s": [100, np.nan, 100, 100]}):
        found = run(bed=beds(4, **change), offer=offers([[10.0]]))
        assert found.worst.ratio[:, 0] == pytest.approx([1, 0, 0])
        assert found.best.ratio == pytest.approx(known)
    soil = run(bed=beds(4, soil=["loam", "unknown", "loam", "loam"]))
    sand, clay = (run(bed=beds(4, soil=["loam", kind, "loam", "loam"])) for kind in ("sand", "clay"))
    assert soil.worst.ratio == pytest.approx(sand.worst.ratio)
    assert soil.best.ratio == pytest.approx(clay.worst.ratio)
    flow = run(offer=offers([[np.nan]]))
    assert np.isnan(flow.worst.ratio).all()
    assert np.isnan(flow.best.ratio).all()


def test_a_system_no_intake_is_known_of_is_unknown_and_not_dry() -> None:
    lines, outlets = reaches(LINES), points(OUTLETS)
    away = points([("i9", "", "", (90_000.0, 90_000.0))])
    found = find_balance(
        lines, build_network(lines, outlets, away), beds(4), offers([[9.0]]), fields(AREAS, NEED, [0, 1, 2]), "max-min"
    )
    assert np.isnan(found.worst.ratio).all()
    assert np.isnan(found.best.ratio).all()


def test_a_pump_lifts_drinking_water_before_water_of_fields() -> None:
    offer = offers([[0.2]], drinking_m3_d=[0.05 * DAY_S], pump=[[0.10]], runs=[[1.0]])
    found = run(offer=offer).worst
    assert found.drinking_m3[0, 0] == pytest.approx(0.05 * DAY_S)
    assert found.diverted_m3[0, 0] == pytest.approx(0.05 * DAY_S)
    still = run(offer=offers([[0.2]], drinking_m3_d=[0.05 * DAY_S], pump=[[0.10]], runs=[[0.0]])).worst
    assert (still.drinking_m3[0, 0], still.diverted_m3[0, 0]) == (0.0, 0.0)


def test_a_closed_link_that_ends_where_a_canal_ends_throws_nothing_out() -> None:
    lines: list[Row] = [("m1", "M", [(0, 0), (1_000, 0)]), ("x", "M", [(1_000, 900), (1_000, 0)])]
    outlet = points([("o1", "m1", "a1", (500.0, 0.0))])
    one = fields(["a1"], [[0.02 * DAY_S]], [0])
    shut = reaches(lines, closed=[False, True])
    assert run(lines=shut, outlets=outlet, bed=beds(2), offer=offers([[10.0]]), field=one).worst.ratio == 1.0
    facing = run(lines=reaches(lines), outlets=outlet, bed=beds(2), offer=offers([[10.0]]), field=one)
    assert np.isnan(facing.worst.ratio).all()


def test_areas_nobody_reaches_are_unknown() -> None:
    field = fields([*AREAS, "a4"], [*NEED, [1.0]], [0, 1, 2])
    assert np.isnan(run(field=field).worst.ratio[3, 0])
    back: list[Row] = [*LINES, ("x", "X", [(2_000, 0), (2_000, -500), (500, -500), (500, 0)])]
    assert np.isnan(run(lines=reaches(back)).worst.ratio).all()


def test_an_area_of_two_outlets_has_the_water_of_both() -> None:
    two = points([*OUTLETS, ("o4", "s1", "a3", (500.0, 800.0))])
    field = fields(AREAS, NEED, [0, 1, 2, 2], outlet_m3_s=[np.nan, np.nan, 0.01, 0.02])
    found = run(outlets=two, field=field, offer=offers([[10.0]]))
    assert found.worst.ratio[:, 0] == pytest.approx([1, 1, 0.6])


@pytest.mark.parametrize("rule", RULES)
def test_cutting_a_line_into_reaches_changes_nothing(rule: str) -> None:
    cut: list[Row] = [
        ("m1", "M", [(0, 0), (300, 0)]),
        ("m1b", "M", [(300, 0), (1000, 0)]),
        *LINES[1:3],
        ("s2", "M", [(1500, 3), (1500, 900)]),
        ("s2b", "M", [(1500, 900), (1500, 2500)]),
    ]
    outlets = points([OUTLETS[0], OUTLETS[1], ("o3", "s2b", "a3", (1500.0, 2500.0))])
    state, room = [2, 4, 3, 3], [0.07, 0.06, 0.03, 0.05]
    plain = run(rule, bed=beds(4, condition=state, capacity_m3_s=room))
    rows = [0, 0, 1, 2, 3, 3]
    other = run(
        rule,
        lines=reaches(cut),
        outlets=outlets,
        bed=beds(6, condition=np.array(state)[rows], capacity_m3_s=np.array(room)[rows]),
    )
    assert other.worst.ratio == pytest.approx(plain.worst.ratio)


def test_ten_days_sum_to_months_when_what_goes_in_does() -> None:
    month = run(offer=offers([[0.08]]), field=fields(AREAS, np.array(NEED) * 30, [0, 1, 2], days=[30]))
    decades = run(
        offer=offers([[0.08] * 3]),
        field=fields(AREAS, np.repeat(np.array(NEED) * 10, 3, axis=1), [0, 1, 2], days=[10] * 3),
    )
    assert decades.worst.delivered_m3.sum(axis=1) == pytest.approx(month.worst.delivered_m3[:, 0])
    assert decades.worst.lost_m3.sum() == pytest.approx(month.worst.lost_m3.sum())


@pytest.mark.parametrize("rule", RULES)
def test_drier_years_give_no_area_more(rule: str) -> None:
    flows = [[0.03, 0.06, 0.09]]
    field = fields(AREAS, np.repeat(np.array(NEED), 3, axis=1), [0, 1, 2])
    ratio = run(rule, offer=offers(flows), field=field).worst.ratio
    for less, more in itertools.pairwise(range(3)):
        assert (ratio[:, less] <= ratio[:, more] + 1e-9).all()


def test_the_worst_period_that_counts_for_a_crop() -> None:
    ratio, counts = [0.9, 0.4, np.nan, 0.6], np.array([True, False, False, True])
    assert least_ratio(ratio, counts) == pytest.approx(0.6)
    assert np.isnan(least_ratio(ratio, [True, False, True, False]))
    assert np.isnan(least_ratio(ratio, [False] * 4))
