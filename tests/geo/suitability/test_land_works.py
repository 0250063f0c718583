"""Works on land by the table of remedies: numbers by hand, nothing unknown made better."""

from __future__ import annotations

import numpy as np
import pytest

from geo.contract.criterion import Measured
from geo.suitability.land_works import dammed_level, levelled_slope

NAN = float("nan")


@pytest.mark.parametrize(
    ("process", "stated", "intensity", "years", "found"),
    [
        ("debris_flow", "high", "unknown", NAN, "medium"),
        ("debris_flow", "low", "strong", 30.0, "residual"),  # what is stated holds
        ("debris_flow", "none", "unknown", NAN, "none"),
        ("debris_flow", "unknown", "strong", 300.0, "medium"),  # high by the matrix
        ("hillslope_debris_flow", "medium", "unknown", 30.0, "low"),
        ("debris_flow", "unknown", "unknown", 30.0, None),  # medium by the rule of unlabelled zones: nobody knows
        ("flood", "high", "strong", 30.0, None),
        ("landslide", "high", "unknown", NAN, None),
    ],
)
def test_check_dams_hold_back_stones_and_mud(
    process: str, stated: str, intensity: str, years: float, found: str | None
) -> None:
    assert dammed_level(process, stated, intensity, years) == found


def test_gentle_slopes_are_halved() -> None:
    slope = Measured(np.array([6.0, 8.0, 8.1, NAN, 6.0]), evidence=np.zeros(5, dtype=np.int8))
    found, taken = levelled_slope(slope, np.array([True, True, True, True, False]))
    assert found.value[[0, 1, 2, 4]].tolist() == [3.0, 4.0, 8.1, 6.0]
    assert np.isnan(found.value[3])
    assert taken.tolist() == [True, True, False, False, False]
    assert slope.value[0] == 6.0
