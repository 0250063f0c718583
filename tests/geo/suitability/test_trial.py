"""A trial of other weights: one plot by hand, neutral to the last bit, bounds that hold, land no weights decide."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.contract.classes import CLASSES, N2, NE
from geo.criteria import LAND_CRITERIA
from geo.errors import SuitabilityError
from geo.panel.scheme import load_scheme
from geo.suitability.rating import Rated
from geo.suitability.trial import Emphasis, reweigh, try_weights

SCHEME = load_scheme()
IDS = [criterion.id for criterion in LAND_CRITERIA]
N = len(IDS)
OPEN_TO_ALL = -1


def rated(memberships: np.ndarray) -> Rated:
    n = memberships.shape[1]
    none = np.full(n, -1, dtype=np.int8)
    return Rated(
        memberships=memberships,
        highest=memberships,
        evidence=np.where(np.isnan(memberships), -1, 1).astype(np.int8),
        loose=np.zeros(n, dtype=np.int32),
        tables=np.zeros(memberships.shape, dtype=np.int8),
        excluded_by=none,
        cap=np.zeros(n, dtype=np.int8),
        cap_by=none,
        limits={},
    )


def plot(**of_group: float) -> np.ndarray:
    """Memberships of a plot whose criteria of a group are all the same."""
    return np.array([[of_group[criterion.group]] for criterion in LAND_CRITERIA])


def tried(memberships: np.ndarray, emphasis: Emphasis, fixed: int = OPEN_TO_ALL, outlook: int = -1) -> tuple[str, int]:
    found = try_weights(
        rated(memberships),
        np.array([fixed], dtype=np.int8),
        np.array([outlook], dtype=np.int8),
        reweigh(SCHEME, emphasis),
    )
    return CLASSES[found.classes[0]], int(found.outlook[0])


FAR = {"water": 0.8, "hazard": 0.8, "terrain": 0.8, "soil": 0.8, "climate": 0.8}


@pytest.mark.parametrize(
    ("nearness", "weight", "score", "judged"),
    # Weights of land groups, domain reference 4.2: A .1018 of 1. Doubled it is .2036 of 1.1018, halved .0509 of .9491.
    [(1.0, 0.1018, 0.7186, "S2"), (2.0, 0.18479, 0.6522, "S2"), (0.5, 0.05363, 0.7571, "S1")],
)
def test_nearness_of_a_far_plot_by_hand(nearness: float, weight: float, score: float, judged: str) -> None:
    """All groups .8 but access 0: at orness .5 the score is .8 (1 - weight of access)."""
    emphasis = Emphasis(nearness=nearness, orness=0.5)
    assert reweigh(SCHEME, emphasis).land_weights["access"] == pytest.approx(weight, abs=5e-5)
    assert 0.8 * (1 - weight) == pytest.approx(score, abs=5e-5)
    assert tried(plot(access=0.0, **FAR), emphasis)[0] == judged


def test_orness_of_the_same_plot_by_hand() -> None:
    """At orness .2 alpha is 4: .8 (1 - .1018)^4 = .5207, still S2; with nearness doubled .8 (1 - .18479)^4 = .3533."""
    assert tried(plot(access=0.0, **FAR), Emphasis(orness=0.2))[0] == "S2"
    assert tried(plot(access=0.0, **FAR), Emphasis(nearness=2.0, orness=0.2))[0] == "S3"


def test_neutral_is_the_scheme_itself() -> None:
    assert reweigh(SCHEME, Emphasis()) is SCHEME
    assert sum(reweigh(SCHEME, Emphasis(2.0, 0.5, 1.3)).group_weights.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["water", "safety", "nearness", "orness"])
@pytest.mark.parametrize("value", [0.0, 0.1, -1.0, 2.01, math.nan, math.inf])
def test_what_lies_beyond_the_bounds_is_refused(name: str, value: float) -> None:
    with pytest.raises(SuitabilityError, match=name):
        Emphasis(**{name: value})


@given(
    memberships=st.lists(st.none() | st.floats(0, 1), min_size=N, max_size=N),
    factors=st.tuples(*[st.floats(0.5, 2.0)] * 3),
    orness=st.floats(0.2, 0.5),
    fixed=st.sampled_from([OPEN_TO_ALL, N2, NE]),
    outlook=st.sampled_from([-1, 0, 1, 2]),
)
def test_no_weights_open_what_is_shut_or_judge_what_was_not(
    memberships: list[float | None], factors: tuple[float, float, float], orness: float, fixed: int, outlook: int
) -> None:
    of_plot = np.array([[math.nan if value is None else value] for value in memberships])
    judged, promised = tried(of_plot, Emphasis(*factors, orness), fixed, outlook)
    if fixed == NE:
        assert (judged, promised) == ("NE", outlook)
    elif fixed == N2:
        assert (judged, promised) == ("N2", -1)
    elif promised == 0:
        assert outlook in (0, 1)  # land that was settled, or unlikely, promises no more than before
    if fixed == OPEN_TO_ALL and judged != "NE":  # what is unknown never makes a class better than it would be at best
        at_best = np.nan_to_num(of_plot, nan=1.0)
        assert CLASSES.index(tried(at_best, Emphasis(*factors, orness))[0]) <= CLASSES.index(judged)
