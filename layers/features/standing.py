"""What stands behind the classes of a district: land not settled, what to ask first, land shut by rule and land unfit.

A total by class hides three things: a class that may be one of three or more is kept at its low end; land that is not
evaluated lacks something that can be asked for; and N2 is both land that a rule shuts, of which mined land may be
released and land below a planned reservoir is farmed until it fills, and land that is unfit by nature.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Float, cast, func, select

from geo.contract.classes import CLASSES, N2, NE, OUTLOOKS
from geo.contract.shut_land import INUNDATION
from layers.cache.memory import Memo
from layers.features.hectares import Figures
from layers.features.paging import Listing
from layers.records.rows_of_run import in_run
from layers.records.runs import suitability
from layers.records.snapshot import Run

OPEN = OUTLOOKS[1]  # of land of which nothing says more
WHOLE = None  # key of the figures of a whole district among those of its jamoats


@dataclass(slots=True)
class Tally:
    """Plots, and their hectares on the ellipsoid."""

    plots: int = 0
    area_ha: float = 0.0

    def add(self, plots: int, area_ha: float) -> None:
        """Count more."""
        self.plots += plots
        self.area_ha += area_ha


@dataclass(slots=True)
class Standing:
    """Figures of one place, each part beside its classes.

    not_settled : plots whose class may be one of three or more. not_settled_in : the same by class, which is that of
    the low end, and outlook. ask_first : criterion id or ``mines`` -> plots of which that is what to ask first. shut :
    kind of area -> plots it shuts. fills : year a planned reservoir takes the plots from -> plots, None where no year
    is on record. unfit : plots of class N2 that no area shuts.
    """

    not_settled: Tally = field(default_factory=Tally)
    not_settled_in: dict[tuple[str, str], Tally] = field(default_factory=dict)
    ask_first: dict[str, Tally] = field(default_factory=dict)
    shut: dict[str, Tally] = field(default_factory=dict)
    fills: dict[int | None, Tally] = field(default_factory=dict)
    unfit: Tally = field(default_factory=Tally)

    def count(
        self,
        judged: str,
        settled: bool | None,
        outlook: str | None,
        ask_first: str | None,
        shut_by: str | None,
        year: int | None,
        plots: int,
        area_ha: float,
    ) -> None:
        """Count plots of one kind: their class, and what a run found beside it."""
        if settled is False and judged != CLASSES[NE]:
            self.not_settled.add(plots, area_ha)
            self.not_settled_in.setdefault((judged, outlook or OPEN), Tally()).add(plots, area_ha)
        if ask_first is not None:
            self.ask_first.setdefault(ask_first, Tally()).add(plots, area_ha)
        if shut_by is not None:
            self.shut.setdefault(shut_by, Tally()).add(plots, area_ha)
        elif judged == CLASSES[N2]:
            self.unfit.add(plots, area_ha)
        if shut_by == INUNDATION:
            self.fills.setdefault(year, Tally()).add(plots, area_ha)

    def years(self) -> list[tuple[int | None, Tally]]:
        """Return plots a planned reservoir takes by the year it fills, in order, the unknown year last."""
        return sorted(self.fills.items(), key=lambda row: (row[0] is None, row[0] or 0))

    def not_settled_by_outlook(self) -> dict[str, Tally]:
        """Return outlook -> plots that are not settled, the likely ones first."""
        found: dict[str, Tally] = {}
        for outlook in OUTLOOKS:
            for (_, held), tally in self.not_settled_in.items():
                if held == outlook:
                    found.setdefault(outlook, Tally()).add(tally.plots, tally.area_ha)
        return found


def settled_classes(classes: Mapping[str, Mapping[str, float]], standing: Standing) -> Figures:
    """Return plots and hectares by class without those that are not settled, which no table calls by a class."""
    settled = {name: dict(found) for name, found in classes.items()}
    for (name, _), tally in standing.not_settled_in.items():
        held = settled.setdefault(name, {"plots": 0, "area_ha": 0.0})
        held["plots"] -= tally.plots
        # Results keep areas in 4 bytes, figures in 8: what is left of no plot is no land.
        held["area_ha"] = max(held["area_ha"] - tally.area_ha, 0.0) if held["plots"] else 0.0
    return settled


def standing_by_jamoat(connection: Connection, run: Run, district: str) -> dict[str | None, Standing]:
    """Return jamoat -> figures of the plots a run judged in a district; '' = no jamoat recorded, ``WHOLE`` = all of it.

    A run of the earlier rule kept none of this: the answer is empty.
    """
    if run.earlier_rule:
        return {}
    return _KEPT.get((run.run_id, run.finished_at, district), lambda: _standing(connection, run, district))


def standing_of(connection: Connection, listing: Listing) -> tuple[Figures, Standing]:
    """Return the figures of every class among the plots of a listing, and what stands behind them."""
    return parts_of(connection, listing)[WHOLE]


def parts_of(connection: Connection, listing: Listing) -> dict[str | None, tuple[Figures, Standing]]:
    """Return jamoat -> the same of the plots of a listing there; '' = no jamoat recorded, ``WHOLE`` = all of them."""
    features = listing.features
    names = ("jamoat", "class", "settled", "outlook", "ask_first", "shut_by", "shut_from_year")
    kinds = [features.property(name).value for name in names]
    counted = (
        select(*kinds, func.count(), func.sum(features.property("area_ha").value))
        .select_from(features.source)
        .where(*features.where, *listing.conditions)
        .group_by(*kinds)
        .order_by(*kinds)
    )
    found: dict[str | None, tuple[Figures, Standing]] = {WHOLE: _nothing()}
    rows: Iterable[Sequence[Any]] = connection.execute(counted)
    for jamoat, judged, settled, outlook, ask_first, shut_by, year, plots, area_ha in rows:
        for classes, standing in (found[WHOLE], found.setdefault(jamoat or "", _nothing())):
            classes[judged]["plots"] += plots
            classes[judged]["area_ha"] += area_ha
            standing.count(judged, settled, outlook, ask_first, shut_by, year, plots, area_ha)
    return found


def tally_by(connection: Connection, listing: Listing, name: str) -> dict[str | None, Tally]:
    """Return value of a property -> plots of a listing that have it, in the order of values; None = no value."""
    value = listing.features.property(name).value
    counted = (
        select(value, func.count(), func.sum(listing.features.property("area_ha").value))
        .select_from(listing.features.source)
        .where(*listing.features.where, *listing.conditions)
        .group_by(value)
        .order_by(value)
    )
    return {found: Tally(plots, area_ha) for found, plots, area_ha in connection.execute(counted)}


def _nothing() -> tuple[Figures, Standing]:
    return {name: {"plots": 0, "area_ha": 0.0} for name in CLASSES}, Standing()


# What a run found never changes. Some kB each; making one reads every row of a district, 40 ms at 40,000.
_KEPT: Memo[tuple[object, ...], dict[str | None, Standing]] = Memo("standing", most=512)


def together(parts: Iterable[Standing]) -> Standing:
    """Return the figures of several places as those of one."""
    whole = Standing()
    for part in parts:
        for tally, more in _pairs(whole, part):
            tally.add(more.plots, more.area_ha)
    return whole


def _pairs(whole: Standing, part: Standing) -> Iterator[tuple[Tally, Tally]]:
    yield whole.not_settled, part.not_settled
    yield whole.unfit, part.unfit
    for key, more in part.not_settled_in.items():
        yield whole.not_settled_in.setdefault(key, Tally()), more
    for name, more in part.ask_first.items():
        yield whole.ask_first.setdefault(name, Tally()), more
    for name, more in part.shut.items():
        yield whole.shut.setdefault(name, Tally()), more
    for year, more in part.fills.items():
        yield whole.fills.setdefault(year, Tally()), more


def _standing(connection: Connection, run: Run, district: str) -> dict[str | None, Standing]:
    kept = suitability.c
    kinds = (kept.jamoat, kept["class"], kept.settled, kept.outlook, kept.ask_first, kept.shut_by, kept.shut_from_year)
    counted = select(*kinds, func.count(), func.sum(cast(kept.area_ha, Float(53))))
    counted = counted.where(in_run(run), kept.district == district).group_by(*kinds).order_by(*kinds)
    found: dict[str | None, Standing] = {WHOLE: Standing()}
    for jamoat, judged, settled, outlook, ask_first, shut_by, year, plots, area_ha in connection.execute(counted):
        for place in (found[WHOLE], found.setdefault(jamoat or "", Standing())):
            place.count(judged, settled, outlook, ask_first, shut_by, year, plots, area_ha)
    return found
