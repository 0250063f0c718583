"""Crops against an obvious judge written from the text and its tables, on random plots of every kind."""

from __future__ import annotations

import pytest

from geo.crops.ratings import MINOR, rank_crops
from tests.geo.crops.test_ratings import scattered
from tests.worlds import slow_crops


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_random_plots_agree_with_the_judge_written_from_the_text(seed: int) -> None:
    ground = next(found for found in (scattered(100 * seed + k, 100) for k in range(50)) if found.slope_column == "")
    compared = 0
    for rating in rank_crops(ground, of=list(slow_crops.CROPS)):
        for i in range(len(ground)):
            names = ("slope_rating", "salinity_ds_m", "saltless", "elevation_m", "depth_cm", "groundwater_m")
            plot = {name: float(getattr(ground, name)[i]) for name in names}
            plot |= {name: float(ground.soil[name][i]) for name in MINOR}
            monthly, seasons = ground.mean_c[i].tolist(), ground.frost_season_d[i].tolist()
            expected, near = slow_crops.judge(rating.crop, plot, monthly, seasons)
            if near < 1e-6:  # on a limit of a class rounding may put either
                continue
            assert rating.classes[i] == expected, (rating.crop, plot)
            compared += 1
    assert compared > 400
