"""Hazard levels cell by cell against the published matrices, and the rules for what a map leaves unsaid."""

from __future__ import annotations

import numpy as np
import pytest

from geo.errors import SuitabilityError
from geo.hazard.levels import (
    HIGH,
    LEVELS,
    LOW,
    MATRICES,
    MEDIUM,
    NONE,
    RESIDUAL,
    avalanche_intensity,
    debris_flow_intensity,
    exposure_factor,
    flood_intensity,
    landslide_intensity,
    level,
    rockfall_intensity,
    threatens_life,
    zone_level,
)
from tests.published import published

INTENSITIES = ("weak", "medium", "strong")


@pytest.mark.parametrize("row", published("hazard_levels.csv"), ids=lambda row: f"{row['process']} {row['intensity']}")
def test_levels_are_those_of_the_published_matrix(row: dict[str, str]) -> None:
    periods = (30, 100, 300)
    found = [LEVELS[code] for code in level(row["process"], INTENSITIES.index(row["intensity"]), list(periods))]
    assert found == [row[str(years)] for years in periods]


def test_rockfall_which_has_no_published_matrix_is_judged_as_floods_are() -> None:
    assert set(MATRICES) - {row["process"] for row in published("hazard_levels.csv")} == {"rockfall"}
    assert MATRICES["rockfall"] == MATRICES["flood"]


@pytest.mark.parametrize("process", MATRICES)
def test_a_column_holds_up_to_its_return_period_and_beyond_300_years_the_level_is_residual(process: str) -> None:
    for intensity in range(3):
        at = level(process, intensity, [1, 29.9, 30, 30.1, 100, 100.1, 300, 300.1, 5_000])
        assert at[0] == at[1] == at[2]
        assert at[3] == at[4]
        assert at[5] == at[6]
        assert (at[7:] == RESIDUAL).all()


@pytest.mark.parametrize("process", MATRICES)
def test_a_stronger_or_more_frequent_process_is_never_rated_lower(process: str) -> None:
    table = level(process, np.arange(3)[:, np.newaxis], [30.0, 100.0, 300.0, 301.0])
    assert (np.diff(table, axis=0) >= 0).all()
    assert (np.diff(table.astype(int), axis=1) <= 0).all()


def test_worked_examples_of_the_domain_reference() -> None:
    assert level("debris_flow", 1, 300) == LOW
    assert level("debris_flow", 2, 300) == HIGH
    assert level("hillslope_debris_flow", 2, 300) == MEDIUM


def test_intensities_from_physical_values() -> None:
    assert flood_intensity([0.4, 0.5, 2.0, 2.1], [0.5, 0.5, 0.9, 0.5]).tolist() == [0, 1, 1, 2]
    assert flood_intensity(1.0, 2.5) == 2
    assert debris_flow_intensity([0.5, 1.5, 0.5, 1.05], [0.5, 0.5, 2.0, 1.05]).tolist() == [1, 1, 1, 2]
    assert debris_flow_intensity([1.0, 2.0, 1.0], [2.0, 1.0, 1.0]).tolist() == [1, 1, 1]  # above 1 m and above 1 m/s
    assert avalanche_intensity([2.9, 3.0, 29.9, 30.0]).tolist() == [0, 1, 1, 2]
    assert rockfall_intensity([29.0, 30.0, 300.0, 301.0]).tolist() == [0, 1, 1, 2]
    assert landslide_intensity([1.0, 2.0, 10.0, 11.0]).tolist() == [0, 1, 1, 2]


def test_the_avalanche_rule() -> None:
    assert level("avalanche", avalanche_intensity(30.0), 300) == HIGH
    assert level("avalanche", avalanche_intensity(1.0), 30) == HIGH
    assert level("avalanche", avalanche_intensity(29.0), 31) == MEDIUM


def test_a_zone_says_what_it_says_and_no_more() -> None:
    assert zone_level("flood", "low", "strong", 30) == (LOW, 30.0, False)
    assert zone_level("flood", "none", "unknown", np.nan) == (NONE, 100.0, False)
    assert zone_level("flood", "unknown", "strong", np.nan) == (HIGH, 100.0, False)
    assert zone_level("debris_flow", "unknown", "medium", 300) == (LOW, 300.0, False)
    assert zone_level("debris_flow", "unknown", "unknown", np.nan) == (MEDIUM, 100.0, True)
    assert zone_level("landslide", "unknown", "unknown", 30) == (MEDIUM, 30.0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("volcano", "low", "weak", 30), "process"),
        (("flood", "severe", "weak", 30), "level"),
        (("flood", "low", "fierce", 30), "intensity"),
    ],
)
def test_unknown_words_are_refused(arguments: tuple[str, str, str, float], said: str) -> None:
    with pytest.raises(SuitabilityError, match=said):
        zone_level(*arguments)


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(SuitabilityError, match="return period"):
        level("flood", 1, 0)
    with pytest.raises(SuitabilityError, match="return period"):
        level("flood", 1, np.nan)
    with pytest.raises(SuitabilityError, match="return period"):
        level("flood", 1, [30, 0, 100])
    with pytest.raises(SuitabilityError, match="intensity"):
        level("flood", 3, 30)
    with pytest.raises(SuitabilityError, match="intensity"):
        level("flood", [1, 3], 30)
    assert level("flood", 1, 0.005) == MEDIUM  # several times a day is often, not impossible


def test_exposure_factors_and_danger_to_life() -> None:
    assert exposure_factor([NONE, RESIDUAL, LOW, MEDIUM, HIGH]).tolist() == [0.0, 0.0, 1.0, 2.0, 4.0]
    assert threatens_life("avalanche", [LOW, MEDIUM, HIGH]).tolist() == [False, True, True]
    assert threatens_life("flood", [LOW, MEDIUM, HIGH]).tolist() == [False, False, True]
