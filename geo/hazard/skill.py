"""How well levels from terrain tell places apart: judged as a classifier against what is mapped on real ground.

A rule that marks everything hits everything. So beside the hit rate stand the share of land that is marked, and that of
gentle ground, where fields are (domain reference 7.3, Specificity).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from geo.hazard.susceptibility import UNKNOWN, Susceptibility, slope_deg
from geo.hazard.torrents import STREAM_AREA_M2
from geo.terrain.drainage import Drainage, streams

FLAT_DEG = 5.0  # degrees; domain reference 7.3, Specificity
OFF_CHANNEL_M = 100.0  # m; the same
FIELDS_DEG = 15.0  # degrees; the same


class Skill(NamedTuple):
    """Counts of cells with a known level: all, mapped, flat and off channels, and gentle; and those marked among them.

    Sums of several places are those of their counts.
    """

    cells: int
    marked: int
    mapped: int
    hit: int
    flat: int
    flat_marked: int
    gentle: int
    gentle_marked: int

    @property
    def hit_rate(self) -> float:
        """Share of the mapped ground that is marked, NaN where nothing is mapped."""
        return self.hit / self.mapped if self.mapped else float("nan")

    @property
    def share(self) -> float:
        """Share of the ground that is marked."""
        return self.marked / self.cells

    @property
    def lift(self) -> float:
        """How many times likelier mapped ground is to be marked than any; NaN where nothing is mapped or marked."""
        return self.hit_rate / self.share if self.marked else float("nan")

    @property
    def flat_share(self) -> float:
        """Share marked of ground under 5 degrees and more than 100 m from a channel; NaN where there is none."""
        return self.flat_marked / self.flat if self.flat else float("nan")

    @property
    def gentle_share(self) -> float:
        """Share marked of ground under 15 degrees; NaN where there is none."""
        return self.gentle_marked / self.gentle if self.gentle else float("nan")


def judge(found: Susceptibility, flow: Drainage, mapped: NDArray[np.bool_], *, at_least: int) -> Skill:
    """Count how cells of a level or more meet those of a mapped inventory.

    Parameters
    ----------
    found : levels from terrain.
    flow : drainage of the same heights.
    mapped : bool (rows, cols), cells where the process is mapped to start or to run.
    at_least : level from which a cell is marked, index into ``LEVELS``.

    Returns
    -------
    Skill, counts of cells with a known level.
    """
    known = found.level != UNKNOWN
    marked = known & (found.level >= at_least)
    slope = slope_deg(found.dem)
    channel = streams(flow, min_area_m2=STREAM_AREA_M2)
    away_m = np.asarray(distance_transform_edt(~channel)) * found.dem.cell_m
    flat = known & (slope < FLAT_DEG) & (away_m > OFF_CHANNEL_M)
    counted = []
    for ground in (known, known & mapped, flat, known & (slope < FIELDS_DEG)):
        counted += [int(np.count_nonzero(ground)), int(np.count_nonzero(ground & marked))]
    return Skill(*counted)


def pooled(skills: Sequence[Skill]) -> Skill:
    """Return the skill on several places together, every cell counting alike.

    Parameters
    ----------
    skills : of each place.

    Returns
    -------
    Skill, sums of the counts.
    """
    return Skill(*(sum(counts) for counts in zip(*skills, strict=True)))
