"""Household fit: hand-computed balances, one declaration per criterion, and what must never happen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.contract.criterion import Block, Criterion, Judgement
from geo.contract.declared import CALIBRATE
from geo.criteria import LAND_CRITERIA
from geo.errors import SchemeError, TableError
from geo.household.labour import area_alone_ha, crop_labour, demand_days_ha, labour_balance, peak_month, supply_days
from geo.household.profile import Profile, load_profile, parse_profile, profile_names
from geo.household.tenure import RIGHT_CLASSES, right_numbers
from geo.household_criteria import FIT_BY_ID, FIT_CRITERIA, FIT_GROUPS, NO_TURNS, HouseholdBlock
from geo.household_fit.rating import Fit, assess_fit
from geo.panel.scheme import load_scheme, parse_scheme
from tests.worlds import valley

SCHEME = load_scheme()
MOTHER = load_profile("mother-with-small-children")
GROUP = load_profile("self-help-group")


def block_of(
    profile: Profile, crop: str = "potato", nearby: Mapping[str, object] | None = None, **plot: object
) -> HouseholdBlock:
    row = {
        "plot_id": "p",
        "district": "TJ.RR.GA",
        "area_ha": 0.12,
        "irrigated": True,
        "right_class": "O1",
        "missing_documents": 0.0,
        "disputes": 0.0,
        "walk_minutes": 10.0,
        "heavy": 0.0,
    } | plot
    square = shapely.box(valley.X, valley.Y, valley.X + 40, valley.Y + 30)
    surveys = valley.surveys(
        {"plot_id": "p", "survey_date": valley.AS_OF, "heavy_turns_pct": row.pop("heavy")},
    )
    walk = np.array([row.pop("walk_minutes")])
    plots = gpd.GeoDataFrame([row], geometry=[square], crs="EPSG:32642")
    judgement = Judgement(valley.AS_OF, np.array([crop]))
    layers = {"plot_surveys": surveys} if nearby is None else nearby
    return HouseholdBlock(plots, layers, judgement, profile=profile, walk_minutes=walk)


def fit_of(profile: Profile, **plot: Any) -> Fit:
    return assess_fit(block_of(profile, **plot), SCHEME)


def light_of(profile: Profile, **plot: Any) -> str:
    return str(fit_of(profile, **plot).rating.light[0])


def test_criteria_of_the_fit_are_declared_as_those_of_the_land_and_beside_them() -> None:
    assert [(c.code, c.group, c.letter) for c in FIT_CRITERIA] == [
        ("F1", "labour", "l"),
        ("F2", "labour", "l"),
        ("L1", "tenure", "o"),
        ("L2", "tenure", "o"),
    ]
    assert not {c.id for c in FIT_CRITERIA} & {c.id for c in LAND_CRITERIA}
    assert all(CALIBRATE in c.basis for c in FIT_CRITERIA)
    weighed = [name for group in FIT_GROUPS for name in SCHEME.fit_groups[group].weights]
    assert weighed == [c.id for c in FIT_CRITERIA]


def test_weights_are_those_of_the_domain_reference() -> None:
    for group, first in (("labour", "labour_balance"), ("tenure", "right_class")):
        weights = SCHEME.fit_groups[group].weights
        assert weights[first] == pytest.approx(0.667, abs=5e-4)
        assert sum(weights.values()) == pytest.approx(1.0)


def test_a_scheme_may_weigh_the_fit_by_its_own_panel() -> None:
    begin = SCHEME.text.index("[criteria.labour]")
    end = SCHEME.text.index("# The potential state")
    silent = parse_scheme(SCHEME.text[:begin] + SCHEME.text[end:], source="s.toml")
    assert silent.fit_groups == SCHEME.fit_groups
    own = SCHEME.text[:begin] + "[criteria.labour]\nweights = { labour_balance = 3, heavy_turns = 1 }\n\n"
    found = parse_scheme(own + SCHEME.text[end:], source="s.toml")
    assert found.fit_groups["labour"].weights == {"labour_balance": 0.75, "heavy_turns": 0.25}
    with pytest.raises(SchemeError, match="heavy_turns"):
        parse_scheme(own.replace(", heavy_turns = 1", "") + SCHEME.text[end:], source="s.toml")


def test_without_a_household_labour_is_not_assessed() -> None:
    plain = block_of(MOTHER)
    found = FIT_BY_ID["labour_balance"].measured(Block(plain.plots, plain.nearby, plain.judgement))
    assert found.not_assessed == "it is computed for a household profile"


def test_supply_of_a_mother_in_may_is_nine_and_five_eighths_days() -> None:
    assert supply_days({"woman_with_children_under_7": 1})[4] == pytest.approx(3.5 * 22 / 8)


def test_potato_in_the_mountains_by_hand() -> None:
    # September: 130 person-days/ha x .30 = 39 a hectare; supply 3.5 h x 22 d / 8 h = 9.625 days.
    supply = supply_days({"woman_with_children_under_7": 1})
    demand = demand_days_ha(crop_labour()["potato", "mountain"], tractor=True)
    assert demand[8] == pytest.approx(39.0)
    assert labour_balance(supply, demand, [0.12, 1.0]) == pytest.approx([9.625 / 39 / 0.12, 9.625 / 39])
    assert area_alone_ha(supply, demand) == pytest.approx(9.625 / 39)
    assert peak_month(supply, demand) == 9
    found = fit_of(MOTHER, area_ha=1.0)
    assert found.values["labour_balance"].value[0] == pytest.approx(9.625 / 39)
    assert found.area_alone_ha[0] == pytest.approx(0.2468, abs=5e-5)


def test_the_pooled_labour_of_eight_by_hand() -> None:
    # (5 x 5 h + 3 x 3.5 h) x 22 / 8 = 97.625 days in September: 2.5 ha of potato.
    assert GROUP.supply_days[8] == pytest.approx(97.625)
    assert fit_of(GROUP, area_ha=1.0).area_alone_ha[0] == pytest.approx(97.625 / 39)


def test_without_a_tractor_the_year_asks_for_more() -> None:
    work = crop_labour()["potato", "mountain"]
    assert demand_days_ha(work, tractor=False).sum() == pytest.approx(130 / 0.75)


def test_a_month_without_work_is_no_peak() -> None:
    work = crop_labour()["wheat", "mountain"]
    supply = np.array([0.0, *[10.0] * 11])  # nothing to give in January, when wheat asks for nothing
    assert peak_month(supply, demand_days_ha(work, tractor=True)) == 7


def test_children_are_never_labour() -> None:
    text = MOTHER.text.replace("woman_with_children_under_7", "child")
    with pytest.raises(SchemeError, match="children are not labour"):
        parse_profile(text, source="p.toml")
    teenager = load_profile("grandmother-and-teenager")
    assert teenager.children == {"from_7_to_15": 1}
    without = parse_profile(teenager.text.replace("from_7_to_15 = 1", "from_7_to_15 = 0"), source="p.toml")
    assert np.array_equal(teenager.supply_days, without.supply_days)
    assert teenager.supply_days == pytest.approx(supply_days({"elder": 1}))
    with pytest.raises(SchemeError, match="from 16 one is an adult"):
        parse_profile(teenager.text.replace("from_7_to_15", "from_16"), source="p.toml")


@pytest.mark.parametrize("name", profile_names())
def test_profiles_that_ship_say_they_are_to_be_calibrated(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert "default to calibrate" in profile.panel
    assert (profile.version, profile.date.year) == (1, 2026)
    assert profile.supply_days[6] > 0


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ('husband = "x"\n{text}', r"p\.toml: husband"),
        ("{text}\n[free_hours]\nteenager = 3\n", r"p\.toml: free_hours.*teenager"),
        ("version = 0\n", r"p\.toml"),
        ("= nothing", r"p\.toml: not valid TOML"),
    ],
)
def test_a_profile_that_does_not_hold_together_is_refused_by_file_and_key(broken: str, told: str) -> None:
    with pytest.raises(SchemeError, match=told):
        parse_profile(broken.replace("{text}", GROUP.text), source="p.toml")


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(SchemeError, match="mother-with-small-children"):
        load_profile("nobody")


def test_an_unknown_right_class_is_refused() -> None:
    with pytest.raises(TableError, match="O99"):
        right_numbers(["O1", "O99"])


def test_memberships_of_the_right_classes() -> None:
    codes = right_numbers([right.code for right in RIGHT_CLASSES] + [None])
    assert FIT_BY_ID["right_class"].memberships[0](codes) == pytest.approx(
        [1.0, 1.0, 0.75, 0.65, 0.35, 0.50, 0.40, 0.55, 0.25, 0.45, 0.30, 0.10, np.nan], nan_ok=True
    )
    assert [FIT_BY_ID["right_class"].levels[int(code)] for code in codes[:3]] == ["O1", "O2", "O3"]


def test_document_steps_count_documents_and_disputes_and_stop_at_four() -> None:
    found = [
        fit_of(MOTHER, missing_documents=m, disputes=d).rating.memberships[3][0] for m, d in ((0, 0), (2, 1), (4, 3))
    ]
    assert found == [1.0, 0.25, 0.0]
    assert np.isnan(fit_of(MOTHER, disputes=None).rating.memberships[3][0])


def test_lights_by_hand() -> None:
    assert light_of(MOTHER) == "green"
    assert light_of(MOTHER, area_ha=5.0) == "amber"  # no labour (0) but free turns: F = .333
    assert light_of(MOTHER, area_ha=5.0, heavy=60.0) == "red"  # F = .333 x .25
    assert light_of(MOTHER, right_class="O12") == "red"
    assert light_of(MOTHER, right_class="O9", missing_documents=3) == "amber"  # L = .25 on the limit itself
    assert light_of(MOTHER, right_class=None, missing_documents=None) == "unknown"


def test_a_long_walk_is_red_with_care_duties_only_and_at_her_own_pace() -> None:
    assert light_of(MOTHER, walk_minutes=83.9) == "green"  # 83.9 / .70 = 119.9 min
    assert light_of(MOTHER, walk_minutes=85.0) == "red"
    assert light_of(GROUP, walk_minutes=119.0) == "green"
    slow = dataclasses.replace(GROUP, care_duties=True)
    assert light_of(slow, walk_minutes=119.0) == "green"
    assert light_of(slow, walk_minutes=120.0) == "red"  # walks of two hours or more are not told apart


def test_actions_name_the_step() -> None:
    actions = fit_of(MOTHER, area_ha=5.0, right_class="O6", missing_documents=1, disputes=1).actions[0]
    assert actions[0] == "Get birth certificates and copies of papers: that can be done alone"
    assert actions[1:3] == ["Ask legal aid about the open dispute", "Talk to legal aid first; do not apply alone"]
    assert "Complete the missing documents" in actions
    assert fit_of(MOTHER).actions[0] == []


def test_heavy_turns_are_of_the_plot_else_of_its_command_area_else_none_where_nothing_is_irrigated() -> None:
    area = valley.frame(
        [
            {
                "code": "a",
                "heavy_turns_pct": 40.0,
                "sdr_date": "Apr-Sep 2025",
                "geometry": shapely.box(valley.X - 5, valley.Y - 5, valley.X + 50, valley.Y + 50),
            }
        ]
    )
    told = valley.surveys({"plot_id": "p", "survey_date": valley.AS_OF, "heavy_turns_pct": 10.0})
    silent = told.assign(heavy_turns_pct=None)
    heavy = FIT_BY_ID["heavy_turns"]
    nearby = {"command_areas": area, "plot_surveys": told}
    assert heavy.measured(block_of(MOTHER, nearby=nearby)).value[0] == 10.0
    assert heavy.measured(block_of(MOTHER, nearby={**nearby, "plot_surveys": silent})).value[0] == 40.0
    elsewhere = {"command_areas": area.set_geometry(area.translate(500.0)), "plot_surveys": silent}
    assert np.isnan(heavy.measured(block_of(MOTHER, nearby=elsewhere)).value[0])
    dry = heavy.measured(block_of(MOTHER, nearby=elsewhere, irrigated=False))
    assert (dry.value[0], dry.notes[NO_TURNS][0]) == (0.0, True)
    assert heavy.measured(block_of(MOTHER, nearby={})).not_assessed is not None


def test_what_is_not_loaded_stays_an_interval() -> None:
    found = fit_of(MOTHER, nearby={}).rating
    assert found.low["labour"][0] == pytest.approx(2 / 3)
    assert found.high["labour"][0] == pytest.approx(1.0)
    assert np.isnan(fit_of(MOTHER, crop="saffron").area_alone_ha[0])


KINDS = ("woman_with_children_under_7", "woman", "man", "elder")


@given(
    area=st.floats(0.01, 20),
    adults=st.lists(st.integers(0, 4), min_size=4, max_size=4),
    removed=st.integers(0, 3),
    crop=st.sampled_from(["potato", "wheat", "onion", "lucerne"]),
    tractor=st.booleans(),
    care=st.booleans(),
    heavy=st.floats(0, 100),
    right=st.sampled_from([right.code for right in RIGHT_CLASSES]),
)
@settings(deadline=None)
def test_removing_an_adult_never_improves_the_fit(
    area: float, adults: list[int], removed: int, crop: str, tractor: bool, care: bool, heavy: float, right: str
) -> None:
    adults[removed] += 1
    more = dataclasses.replace(MOTHER, adults=dict(zip(KINDS, adults, strict=True)), tractor=tractor, care_duties=care)
    adults[removed] -= 1
    fewer = dataclasses.replace(more, adults=dict(zip(KINDS, adults, strict=True)))
    with_all, without = (
        fit_of(profile, area_ha=area, crop=crop, heavy=heavy, right_class=right) for profile in (more, fewer)
    )
    assert without.rating.fit_low[0] <= with_all.rating.fit_low[0]
    assert without.rating.fit_high[0] <= with_all.rating.fit_high[0]
    assert without.rating.worst_light[0] >= with_all.rating.worst_light[0]
    assert without.area_alone_ha[0] <= with_all.area_alone_ha[0]


@given(
    right=st.sampled_from([right.code for right in RIGHT_CLASSES]),
    documents=st.integers(0, 6),
    heavy=st.floats(0, 100),
)
@settings(deadline=None)
def test_an_answer_never_widens_the_interval(right: str, documents: int, heavy: float) -> None:
    known = fit_of(MOTHER, right_class=right, missing_documents=documents, heavy=heavy).rating
    unknown = fit_of(MOTHER, right_class=None, missing_documents=None, heavy=None).rating
    for group in FIT_GROUPS:
        assert unknown.low[group][0] <= known.low[group][0] <= known.high[group][0] <= unknown.high[group][0]


class Recording(Mapping[str, Any]):
    """Layers that remember which of them were asked for."""

    def __init__(self, layers: Mapping[str, Any]) -> None:
        self.layers = layers
        self.read: set[object] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return self.layers[name]

    def __contains__(self, name: object) -> bool:
        self.read.add(name)
        return name in self.layers

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)


@pytest.mark.parametrize("criterion", FIT_CRITERIA, ids=lambda criterion: criterion.code)
def test_what_is_declared_as_needed_is_what_is_read(criterion: Criterion) -> None:
    layers = Recording(valley.layers())
    criterion.measured(block_of(MOTHER, nearby=layers))
    assert layers.read == set(criterion.layers)
