"""Household fit: hand-computed balances, and what must never happen."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import SchemeError, TableError
from geo.household import Tenure, assess_fit
from geo.labour import area_alone_ha, crop_labour, demand_days_ha, labour_balance, supply_days
from geo.profile import load_profile, parse_profile, profile_names
from geo.tenure import RIGHT_CLASSES, right_membership


def one(value, dtype=float):
    return np.array([value], dtype=dtype)


def fit_of(profile, *, area=0.12, right="O1", documents=0.0, disputes=0.0, walk=10.0, heavy=0.0):
    return assess_fit(
        profile,
        area_ha=one(area),
        districts=one("TJ.RR.GA", object),
        crop=one("potato", str),
        walk_minutes=one(walk),
        heavy_turns_pct=one(heavy),
        tenure=Tenure(one(right, object), one(documents), one(disputes)),
    )


def test_supply_of_a_mother_in_may_is_nine_and_five_eighths_days():
    assert supply_days({"woman_with_children_under_7": 1})[4] == pytest.approx(3.5 * 22 / 8)


def test_potato_in_the_mountains_by_hand():
    # September: 130 person-days/ha x .30 = 39 a hectare; supply 3.5 h x 22 d / 8 h = 9.625 days.
    supply = supply_days({"woman_with_children_under_7": 1})
    demand = demand_days_ha(crop_labour()["potato", "mountain"], tractor=True)
    assert demand[8] == pytest.approx(39.0)
    assert labour_balance(supply, demand, [0.12, 1.0]) == pytest.approx([9.625 / 39 / 0.12, 9.625 / 39])
    assert area_alone_ha(supply, demand) == pytest.approx(9.625 / 39)


def test_without_a_tractor_the_year_asks_for_more():
    work = crop_labour()["potato", "mountain"]
    assert demand_days_ha(work, tractor=False).sum() == pytest.approx(130 / 0.75)


def test_children_are_never_labour():
    text = load_profile("mother-with-small-children").text.replace("woman_with_children_under_7", "child")
    with pytest.raises(SchemeError, match="children are not labour"):
        parse_profile(text, source="p.toml")


@pytest.mark.parametrize("name", profile_names())
def test_profiles_that_ship_say_they_are_to_be_calibrated(name):
    profile = load_profile(name)
    assert "default to calibrate" in profile.panel
    assert profile.supply_days[6] > 0


def test_an_unknown_key_is_refused_by_file_and_key():
    with pytest.raises(SchemeError, match=r"p\.toml, husband"):
        parse_profile('husband = "x"\n' + load_profile("self-help-group").text, source="p.toml")


def test_an_unknown_right_class_is_refused():
    with pytest.raises(TableError, match="O99"):
        right_membership(["O1", "O99"])


def test_memberships_of_the_right_classes():
    assert right_membership([right.code for right in RIGHT_CLASSES] + [None]) == pytest.approx(
        [1.0, 1.0, 0.75, 0.65, 0.35, 0.50, 0.40, 0.55, 0.25, 0.45, 0.30, 0.10, np.nan], nan_ok=True
    )


def test_lights():
    mother = load_profile("mother-with-small-children")
    assert fit_of(mother).light[0] == "green"
    assert fit_of(mother, area=5.0).light[0] == "amber"  # no labour (0) but free turns: F = .333 -> amber
    assert fit_of(mother, right="O12").light[0] == "red"
    assert fit_of(mother, walk=121).light[0] == "red"
    assert fit_of(mother, right=None, documents=np.nan).light[0] == "unknown"
    assert fit_of(load_profile("self-help-group"), walk=121).light[0] == "green"


def test_actions_name_the_step():
    mother = load_profile("mother-with-small-children")
    actions = fit_of(mother, area=5.0, right="O6", documents=1.0, disputes=1.0).actions[0].split("; ")
    assert actions[0] == "Ask legal aid about the open dispute"
    assert "Renew the document" in actions
    assert "Complete the missing documents" in actions
    assert fit_of(mother).actions[0] == ""


@given(area=st.floats(0.01, 20), women=st.integers(0, 6), men=st.integers(0, 3))
def test_removing_an_adult_never_improves_the_fit(area, women, men):
    base = load_profile("mother-with-small-children")
    more = dataclasses.replace(base, adults={"woman": women + 1, "man": men})
    fewer = dataclasses.replace(base, adults={"woman": women, "man": men})
    assert fit_of(fewer, area=area).labour_low[0] <= fit_of(more, area=area).labour_low[0]


@given(
    right=st.sampled_from([right.code for right in RIGHT_CLASSES]),
    documents=st.integers(0, 6),
    heavy=st.floats(0, 100),
)
def test_an_answer_never_widens_the_interval(right, documents, heavy):
    mother = load_profile("mother-with-small-children")
    known = fit_of(mother, right=right, documents=float(documents), heavy=heavy)
    unknown = fit_of(mother, right=None, documents=np.nan, heavy=np.nan)
    for low, high in (("labour_low", "labour_high"), ("tenure_low", "tenure_high")):
        assert (
            getattr(unknown, low)[0] <= getattr(known, low)[0] <= getattr(known, high)[0] <= getattr(unknown, high)[0]
        )
