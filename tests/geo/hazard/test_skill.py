"""Hit rate, shares and lift on cells that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from geo.hazard.levels import LOW, MEDIUM, NONE
from geo.hazard.skill import judge, pooled
from geo.hazard.susceptibility import UNKNOWN, Susceptibility
from geo.terrain.drainage import drainage
from geo.terrain.grid import Grid


def world() -> tuple[Susceptibility, np.ndarray, Grid]:
    """100 x 100 cells of 30 m: a slope of 30 degrees above row 50, a plain of 2 degrees below, one column unknown."""
    row = np.mgrid[:100, :100][0]
    z = 3_000.0 - np.where(row < 50, row * np.tan(np.radians(30.0)), 0.0) * 30.0
    z -= np.where(row >= 50, 50 * np.tan(np.radians(30.0)) + (row - 50) * np.tan(np.radians(2.0)), 0.0) * 30.0
    z[:, 99] = np.nan
    dem = Grid(z.astype(np.float32), 0.0, 3_000.0, 30.0, 30.0)
    level = np.zeros((100, 100), dtype=np.int8)
    level[10:20, :] = MEDIUM
    level[20:30, :] = LOW
    level[90:95, :50] = MEDIUM
    level[:, 99] = UNKNOWN
    mapped = np.zeros(level.shape, dtype=np.bool_)
    mapped[15:25, 10:20] = True  # half of it medium, half low
    mapped[:, 99] = True  # where nothing is known nothing counts
    return Susceptibility("avalanche", level, dem, ""), mapped, dem


def test_what_is_marked_is_counted_among_all_mapped_and_gentle_ground() -> None:
    found, mapped, dem = world()
    skill = judge(found, drainage(dem), mapped, at_least=MEDIUM)
    assert (skill.cells, skill.mapped, skill.hit) == (9_900, 100, 50)
    assert skill.marked == 10 * 99 + 5 * 50
    assert skill.share == pytest.approx(1_240 / 9_900)
    assert skill.hit_rate == 0.5
    assert skill.lift == pytest.approx(0.5 / (1_240 / 9_900))
    assert skill.gentle == pytest.approx(50 * 99, abs=99)  # the foot itself is steeper
    assert skill.gentle_marked == 250
    assert judge(found, drainage(dem), mapped, at_least=LOW).hit_rate == 1.0


def test_flat_ground_beside_channels_does_not_count() -> None:
    found, mapped, dem = world()
    dem.values[:, 40] -= np.float32(20.0)  # a ditch that gathers water
    skill = judge(found, drainage(dem), mapped, at_least=MEDIUM)
    assert 0 < skill.flat < skill.gentle
    assert skill.flat_marked < 250


def test_places_count_by_their_cells_and_nothing_mapped_is_not_a_hit() -> None:
    found, mapped, dem = world()
    one = judge(found, drainage(dem), mapped, at_least=MEDIUM)
    none = judge(found, drainage(dem), np.zeros_like(mapped), at_least=MEDIUM)
    both = pooled([one, none])
    assert both.cells == 2 * 9_900
    assert both.hit_rate == one.hit_rate
    assert np.isnan(none.hit_rate)
    assert np.isnan(none.lift)
    unmarked = judge(Susceptibility("x", np.full_like(found.level, NONE), dem, ""), drainage(dem), mapped, at_least=LOW)
    assert unmarked.hit_rate == 0.0
    assert np.isnan(unmarked.lift)
