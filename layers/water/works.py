"""Which works to do: ranked on what is stored, and what is lost elsewhere by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.errors import TableError
from geo.water.works.choice import Choice, choose_works
from geo.water.works.repairs import BEST, WORST, Goal, Repair, value_repairs
from geo.water.works.valuation import Valuation
from layers.catalogue.irrigation import CommandArea
from layers.catalogue.land import Plot
from layers.errors import DataRefused
from layers.frames.around import among, as_of, read_layer, window
from layers.records.phrases import told
from layers.water.systems import Systems

Floats = NDArray[np.float64]

HARM: Final = 0.01  # -, by which the ratio of an area has to fall to be told; default to calibrate
HALF = 0.5  # -, share of a plot that has to lie in an area to count there
BAND = 10  # families; fewer are never told, and others by tens


class Ranked(NamedTuple):
    """Works to do and what comes of them.

    repairs : all that could be done. choice : of them, everything unknown at its worst. gain_at_best : of the same set,
    everything unknown at its best. before, after : hectares, families or m3 with and without. losing : areas whose
    least ratio falls by more than ``HARM``, by code. unknown : areas nothing can be said of.
    """

    repairs: Sequence[Repair]
    choice: Choice
    gain_at_best: float
    before: float
    losing: list[str]
    unknown: int


def families_by_area(connection: Connection, codes: Sequence[str]) -> Floats:
    """Return how many families land of command areas can be for: one for each plot that lies there.

    Parameters
    ----------
    connection : reads what computing needs.
    codes : of the areas, in the order wanted.
    """
    found = np.zeros(len(codes))
    if not len(codes):
        return found
    asked = as_of(CommandArea, None) & among(CommandArea.code, codes)
    areas = read_layer(connection, CommandArea, asked, ("code",))
    there = Plot.__table__.c.geom.op("&&")(window(tuple(areas.total_bounds)))
    plots = read_layer(connection, Plot, as_of(Plot, None) & there, ("plot_no",), order="plot_no")
    shapes = plots.geometry.to_numpy()
    outlines = dict(zip(areas["code"].astype(str), areas.geometry, strict=True))
    tree = shapely.STRtree(shapes)
    for number, code in enumerate(codes):
        near = tree.query(outlines[code], predicate="intersects")
        inside = shapely.area(shapely.intersection(shapes[near], outlines[code])) > HALF * shapely.area(shapes[near])
        found[number] = float(inside.sum())
    return found


def rank_repairs(systems: Systems, repairs: Sequence[Repair], goal: Goal, budget_usd: float, *, source: str) -> Ranked:
    """Choose works under a budget.

    Parameters
    ----------
    systems : what is stored.
    repairs : what may be done.
    goal : what for.
    budget_usd : most that may be spent.
    source : name of the file they are from, for refusals.

    Raises
    ------
    DataRefused : a work improves nothing, or nothing is known of any area.
    """
    parts = systems.stored.reaches, systems.stored.network, systems.beds, systems.offers, systems.fields
    try:
        value, areas = value_repairs(*parts, repairs, goal, side=WORST)
        other, _ = value_repairs(*parts, repairs, goal, side=BEST)
    except TableError as refusal:
        raise DataRefused(f"{source}: {refusal}.") from None
    if not value.able.any():
        raise DataRefused(
            told(
                "{file}: nothing can be ranked, since need, flow or capacity is not known for any command area that is "
                "joined to an intake; obod water need and obod water network say why.",
                file=source,
            )
        )
    choice = choose_works(value, budget_usd)
    chosen = choice.ranking.chosen
    losing = np.flatnonzero(_least(value, chosen) < _least(value, np.zeros_like(chosen)) - HARM)
    names = [str(systems.fields.code[areas[row]]) for row in losing]
    unknown = int(len(systems.fields.code) - value.able.sum())
    return Ranked(repairs, choice, other.gain(chosen), value.nothing, sorted(names), unknown)


def _least(value: Valuation, chosen: NDArray[np.bool_]) -> Floats:
    """Least ratio of each area over the periods that count; 1 where nothing can be said."""
    need = value.claims.need_m3_s
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(value.aim.counts & (need > 0), value.deliver(chosen) / need, np.inf)
    least = ratio.min(axis=1)
    return np.where(value.able & np.isfinite(least), least, 1.0)


def banded(families: float) -> str:
    """Return a number of families as it may be told.

    Parameters
    ----------
    families : 0 or more.

    Returns
    -------
    str : ``<10``, or the ten it lies in, such as ``20-29``.
    """
    low = int(families // BAND) * BAND
    return f"<{BAND}" if low < BAND else f"{low}-{low + BAND - 1}"
