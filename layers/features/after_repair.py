"""What land on offer would be after the improvements of the scheme: plots by class now and then.

Of land that is neither offered nor in reserve single plots are none of the public's business: what it could become is
told by ``layers.features.potential`` alone, in sums of jamoats.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from geo.contract.classes import CLASSES, NE
from layers.catalogue.land import ON_OFFER, Plot
from layers.features.comparison import Move
from layers.features.hectares import Figures
from layers.features.standing import OPEN, Standing
from layers.records.rows_of_run import in_run
from layers.records.runs import suitability
from layers.records.snapshot import Run


def _no_plots() -> Figures:
    return {name: {"plots": 0, "area_ha": 0.0} for name in CLASSES}


@dataclass(slots=True)
class State:
    """Plots in one state of the land: by class, and those of them that are not settled."""

    classes: Figures = field(default_factory=_no_plots)
    standing: Standing = field(default_factory=Standing)

    def count(self, judged: str, outlook: str | None, plots: int, area_ha: float) -> None:
        """Count plots of a class; with an ``outlook`` they are not settled."""
        self.classes[judged]["plots"] += plots
        self.classes[judged]["area_ha"] += area_ha
        self.standing.count(judged, outlook is None, outlook, None, None, None, plots, area_ha)


@dataclass(slots=True)
class Repair:
    """Plots on offer or in reserve that the run judged now and after: both states, and what moves between them."""

    now: State = field(default_factory=State)
    after: State = field(default_factory=State)
    moves: list[Move] = field(default_factory=list)


def repair_on_offer(connection: Connection, run: Run, district: str) -> Repair:
    """Return what the plots of a district that are on offer or in reserve are now and after the improvements.

    A class after the improvements takes what is unknown at its worst, as every class does. Land whose class they do not
    change is in the same state after them, not settled where it was not. The cause of a move is what limits the plot as
    it is now.
    """
    result = suitability.c
    kinds = (result["class"], result.settled, result.outlook, result.potential_class, result.limiting)
    rows = connection.execute(
        select(*kinds, func.count(), func.sum(result.area_ha))
        .join(Plot, (Plot.plot_no == result.plot_no) & Plot.ended_by.is_(None))
        .where(in_run(run), result.district == district, Plot.availability.in_(ON_OFFER))
        .where(result.potential_class.is_not(None))
        .group_by(*kinds)
        .order_by(*kinds)
    )
    found = Repair()
    for judged, settled, outlook, reached, limiting, plots, area_ha in rows:
        held = (outlook or OPEN) if settled is False and judged != CLASSES[NE] else None
        same = reached == judged
        found.now.count(judged, held, int(plots), float(area_ha))
        found.after.count(reached, held if same else None, int(plots), float(area_ha))
        before = held or judged
        found.moves.append(Move(before, before if same else reached, limiting, int(plots), float(area_ha)))
    return found
