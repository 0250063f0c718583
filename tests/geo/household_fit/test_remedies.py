"""Fit remedies: no cheaper set exists, the one found holds when rated again, and none needs another's act."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.contract.criterion import Measured
from geo.errors import SchemeError
from geo.household.labour import crop_labour
from geo.household.profile import Profile, load_profile
from geo.household.tenure import BY_CODE
from geo.household_criteria import FIT_CRITERIA
from geo.household_fit.rating import GREEN, RED, rate_fit
from geo.household_fit.remedies import (
    COMPUTED,
    FitLift,
    Papers,
    catalogue,
    cheapest_fit_lift,
    computed_changes,
    facts_of,
    fit_with,
    parse_catalogue,
)
from geo.panel.remedy_sets import MOST_REMEDIES, applicable
from geo.panel.scheme import load_scheme

SCHEME = load_scheme()
MOTHER = load_profile("mother-with-small-children")
POTATO = crop_labour()["potato", "mountain"]


def plot(
    balance: float = 1.2,
    heavy: float = 0.0,
    right: str | None = "O1",
    missing: float = 0.0,
    disputes: float = 0.0,
    walk: float = 10.0,
) -> tuple[dict[str, Measured], Papers]:
    number = np.nan if right is None else BY_CODE[right].number
    found = dict(zip((c.id for c in FIT_CRITERIA), (balance, heavy, number, missing + disputes), strict=True))
    values = {name: Measured(np.array([float(value)])) for name, value in {**found, "walk_minutes": walk}.items()}
    return values, Papers(missing, disputes)


def lift_of(
    values: dict[str, Measured], papers: Papers, profile: Profile = MOTHER, area_ha: float = 0.2
) -> FitLift | None:
    return cheapest_fit_lift(
        values,
        SCHEME,
        profile,
        area_ha=area_ha,
        facts=facts_of(values, profile, papers),
        computed=computed_changes(profile, papers, POTATO),
    )


def ids(found: FitLift | None) -> list[str]:
    return [remedy.id for remedy in found.remedies]


def test_a_green_fit_needs_nothing() -> None:
    assert lift_of(*plot()) is None


def test_papers_are_the_cheapest_way_from_amber_to_green() -> None:
    # O7 is .40 and three steps .25: L = .35, amber. Papers complete: L = .60 for 25 USD; the list of members, 15 USD,
    # makes O3 of it: L = .667 x .75 + .333 x .25 = .583, the cheaper one.
    found = lift_of(*plot(right="O7", missing=3.0))
    assert ids(found) == ["member_list"]
    assert (found.light, found.cost_usd) == ("green", 15.0)
    assert found.fit == pytest.approx(0.75 * 2 / 3 + 0.25 / 3)
    lease = lift_of(*plot(right="O10", missing=4.0))  # L = .30; papers complete: .633
    assert ids(lease) == ["complete_documents"]
    assert (lease.light, lease.cost_usd) == ("green", 25.0)


OTHERS_ACT = ("O3", "O4", "O5", "O6")  # papers in the name of the head, the husband, the in-laws, the father


@pytest.mark.parametrize("right", OTHERS_ACT)
def test_nothing_that_needs_a_husband_in_laws_or_a_court_is_priced_or_counted(right: str) -> None:
    values, papers = plot(right=right, missing=3.0)
    facts = facts_of(values, MOTHER, papers)
    options = applicable(values, facts, catalogue().remedy, computed_changes(MOTHER, papers, POTATO))
    touched = {effect.criterion for option in options for effect in option.effects}
    assert not touched & {"right_class", "document_steps"}


def test_no_remedy_names_a_husband_in_laws_a_court_or_registration_of_marriage() -> None:
    said = " ".join(f"{remedy.title} {remedy.who}" for remedy in catalogue().remedy).lower()
    assert not [
        word for word in ("husband", "in-law", "court", "marriage", "dispute", "share", "man at home") if word in said
    ]
    assert "day turns for whoever asks" in said


def test_hands_by_hand() -> None:
    # No labour and half of the turns at night: F = .333 x .5833 = .194, red. Child care: 5 / 3.5 = 1.43 times.
    values, papers = plot(balance=0.5, heavy=50.0)
    found = lift_of(values, papers, area_ha=1.0)
    assert rate_fit(values, SCHEME, MOTHER).worst_light[0] == RED
    assert found.cost_usd <= 20.0
    assert found.light in ("amber", "green")


def test_child_care_gives_the_hours_of_a_woman_without_small_children() -> None:
    values, papers = plot(balance=0.7)
    change = computed_changes(MOTHER, papers, POTATO)["child_care"]
    changed = dict(values)
    change(changed, np.ones(1, dtype=bool))
    assert changed["labour_balance"].value[0] == pytest.approx(0.7 * 5.0 / 3.5)


def test_a_tractor_helps_only_where_there_is_none() -> None:
    alone = load_profile("woman-without-tractor")
    values, papers = plot(balance=0.55)
    assert "no_tractor" in facts_of(values, alone, papers)
    assert "no_tractor" not in facts_of(values, MOTHER, papers)
    changed = dict(values)
    computed_changes(alone, papers, POTATO)["tractor"](changed, np.ones(1, dtype=bool))
    assert changed["labour_balance"].value[0] == pytest.approx(0.55 / (1 - 0.25))


@pytest.mark.parametrize(("right", "disputes"), [("O12", 0.0), ("O12", 1.0), ("O1", 2.0), ("O5", 1.0)])
def test_nothing_is_put_into_land_without_a_right_or_under_dispute(right: str, disputes: float) -> None:
    values, papers = plot(right=right, disputes=disputes, missing=2.0, balance=0.5, heavy=80.0)
    options = applicable(
        values, facts_of(values, MOTHER, papers), catalogue().remedy, computed_changes(MOTHER, papers, POTATO)
    )
    assert {option.id for option in options} == {"child_care"}


def test_an_unknown_answer_is_asked_for_not_mended() -> None:
    values, papers = plot(right=None, missing=np.nan, disputes=np.nan)
    options = applicable(
        values, facts_of(values, MOTHER, papers), catalogue().remedy, computed_changes(MOTHER, papers, None)
    )
    assert not [option for option in options if any(e.criterion != "labour_balance" for e in option.effects)]


@given(
    balance=st.floats(0.05, 1.5),
    heavy=st.one_of(st.just(np.nan), st.floats(0, 100)),
    right=st.one_of(st.none(), st.sampled_from(list(BY_CODE))),
    missing=st.integers(0, 4),
    disputes=st.integers(0, 2),
    walk=st.sampled_from([5.0, 130.0, 160.0, np.inf]),
    tractor=st.booleans(),
    area=st.floats(0.05, 5),
)
@settings(max_examples=60, deadline=None)
def test_no_cheaper_set_exists(
    balance: float,
    heavy: float,
    right: str | None,
    missing: int,
    disputes: int,
    walk: float,
    tractor: bool,
    area: float,
) -> None:
    values, papers = plot(balance, heavy, right, float(missing), float(disputes), walk)
    profile = dataclasses.replace(MOTHER, tractor=tractor)
    now = int(rate_fit(values, SCHEME, profile).worst_light[0])
    computed = computed_changes(profile, papers, POTATO)
    options = applicable(values, facts_of(values, profile, papers), catalogue().remedy, computed)
    cheapest = None
    for size in range(len(options) + 1):
        for taken in combinations(range(len(options)), size):
            chosen = np.zeros((1, len(options)), dtype=bool)
            chosen[0, list(taken)] = True
            if fit_with(values, SCHEME, profile, options, chosen, computed).worst_light[0] < now:
                cost = sum(options[k].cost_usd(area) for k in taken)
                cheapest = cost if cheapest is None else min(cheapest, cost)
    found = lift_of(values, papers, profile, area)
    if found is None:
        assert now == GREEN or cheapest is None
        return
    assert found.cost_usd == pytest.approx(cheapest)
    again = np.array([[option in found.remedies for option in options]])
    proved = fit_with(values, SCHEME, profile, options, again, computed)
    assert proved.worst_light[0] < now
    assert proved.fit_low[0] == pytest.approx(found.fit)


def test_the_order_of_remedies_changes_nothing() -> None:
    values, papers = plot(balance=0.3, heavy=90.0, right="O5", missing=3.0, walk=200.0)
    computed = computed_changes(MOTHER, papers, POTATO)
    options = applicable(values, facts_of(values, MOTHER, papers), catalogue().remedy, computed)
    everything = np.ones((1, len(options)), dtype=bool)
    forward = fit_with(values, SCHEME, MOTHER, options, everything, computed)
    backward = fit_with(values, SCHEME, MOTHER, options[::-1], everything, computed)
    assert forward.fit_low[0] == pytest.approx(backward.fit_low[0])


def test_never_more_remedies_apply_than_are_weighed() -> None:
    for right in BY_CODE:
        values, papers = plot(balance=0.1, heavy=90.0, right=right, missing=3.0, walk=200.0)
        facts = facts_of(values, dataclasses.replace(MOTHER, tractor=False), papers)
        assert sum(set(remedy.where) <= facts for remedy in catalogue().remedy) <= MOST_REMEDIES


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("husband = 1\n", "husband"),
        (
            '[[remedy]]\nid="x"\ntitle="x"\ncost_fixed=1\ncost_per_ha=0\nwho="x"\n'
            'effects=[{criterion="slope_pct", kind="scale"}]\n',
            "slope_pct",
        ),
        (
            '[[remedy]]\nid="x"\ntitle="x"\ncost_fixed=1\ncost_per_ha=0\nwho="x"\n'
            'effects=[{criterion="right_class", kind="magic"}]\n',
            "magic",
        ),
    ],
)
def test_the_catalogue_is_checked(broken: str, told: str) -> None:
    head = 'version="1"\npanel="p"\ndate=2026-01-01\n'
    with pytest.raises(SchemeError, match=told):
        parse_catalogue(head + broken + ("remedy=[]\n" if "[[" not in broken else ""))
    assert set(COMPUTED) <= {effect.kind for remedy in catalogue().remedy for effect in remedy.effects}
