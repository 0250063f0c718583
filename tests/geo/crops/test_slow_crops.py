"""Crops against an obvious judge written from the text and its tables, on random plots of every kind."""

from __future__ import annotations

import numpy as np
import pytest

from geo.crops.catalogue import crops
from geo.crops.ranking import rank
from geo.crops.ratings import MINOR, Ground, rank_crops
from tests.geo.crops.test_ratings import scattered
from tests.worlds import slow_crops

NAMES = list(crops())
VALUES = (
    *("slope_rating", "salinity_ds_m", "saltless", "elevation_m", "depth_cm", "tree_depth_cm", "groundwater_m"),
    *("torrent_level", "summer_water"),
)


def some_ground(seed: int) -> Ground:
    """Return 100 plots whose slope is rated by the scheme's own table."""
    return next(found for found in (scattered(100 * seed + k, 100) for k in range(50)) if found.slope_column == "")


def judged(ground: Ground, i: int, name: str) -> tuple[int, float, float]:
    plot = {value: float(getattr(ground, value)[i]) for value in VALUES}
    plot |= {factor: float(ground.soil[factor][i]) for factor in MINOR}
    return slow_crops.judge(name, plot, ground.mean_c[i].tolist(), ground.frost_season_d[i].tolist())


def test_the_judge_knows_every_crop() -> None:
    assert set(slow_crops.CROPS) == set(NAMES)


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_random_plots_agree_with_the_judge_written_from_the_text(seed: int) -> None:
    ground = some_ground(seed)
    compared = np.zeros(len(NAMES), dtype=np.int64)
    ratings = rank_crops(ground)
    for i in range(len(ground)):
        for number, rating in enumerate(ratings):
            expected, near, index = judged(ground, i, rating.crop)
            if near < 1e-6:  # on a limit of a class rounding may put either
                continue
            assert rating.classes[i] == expected, (rating.crop, i)
            if expected != slow_crops.NR:  # of a year too cool many runs have the same heat, and any may be taken
                np.testing.assert_allclose(rating.index[i], index, atol=1e-9)
            compared[number] += 1
    assert (compared > 60).all()


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_the_crops_named_are_those_of_the_judge_in_its_order(seed: int) -> None:
    ground = some_ground(seed)
    order = rank(ground)
    seen = 0
    for i in range(len(ground)):
        found = {name: judged(ground, i, name) for name in NAMES}
        if any(near < 1e-6 for _, near, _ in found.values()):
            continue
        named = [NAMES[code // 3] for code in order[i] if code >= 0]
        assert set(named) == {name for name, (judgement, _, _) in found.items() if judgement <= 1 and name != "cotton"}
        assert [code % 3 for code in order[i] if code >= 0] == [found[name][0] for name in named]
        first = NAMES[ground.first[i]] if ground.first[i] >= 0 else None
        keys = [(found[name][0], -round(found[name][2], 7), name != first, NAMES.index(name)) for name in named]
        assert keys == sorted(keys)
        seen += bool(named)
    assert seen > 20
