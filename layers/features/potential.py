"""What the land of a jamoat could become: hectares by class after the scheme's improvements, small cells left out.

Below partners this is all that is told of the potential of land that is neither offered nor in reserve: of one plot it
would draw those who want it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, select

from geo.contract.classes import CLASSES
from geo.programme.disclosure import PUBLIC_CELL, suppressed
from layers.cache.memory import Memo
from layers.catalogue.land import ON_OFFER, Plot
from layers.records.rows_of_run import in_run
from layers.records.runs import suitability
from layers.records.snapshot import Run

# Plots stand for households, of which there are no more than plots. Hectares to the last square metre would name a
# plot, whose area is public, and show which plots two sums differ by.
WHOLE_HA = 1.0  # ha, hectares are told as multiples of it

Figures = Mapping[str, Mapping[str, float] | None]  # class -> plots, area_ha; None = left out


def potential_by_jamoat(connection: Connection, run: Run, district: str) -> dict[str, Figures]:
    """Return jamoat ('' = none recorded) -> figures of every class a plot of it could reach, as anybody may see them.

    A class with fewer plots than ``PUBLIC_CELL`` is left out, and another with it where it could be told from the
    total, which is public. Plots on offer do not count for that: what each of them could become is told anyway.
    """
    key = (run.run_id, run.finished_at, district)
    return _KEPT.get(key, lambda: _potential(connection, run, district))


# A few hundred bytes each; plots that come on offer meanwhile are counted by the next run.
_KEPT: Memo[tuple[int, datetime | None, str], dict[str, Figures]] = Memo("potential of jamoats", most=1_000)


def _potential(connection: Connection, run: Run, district: str) -> dict[str, Figures]:
    result = suitability.c
    jamoat = func.coalesce(result.jamoat, "")
    unseen = func.count().filter(Plot.availability.not_in(ON_OFFER))
    counted: dict[str, dict[str, tuple[int, float, int]]] = {}
    rows = connection.execute(
        select(jamoat, result.potential_class, func.count(), func.sum(result.area_ha), unseen)
        .join(Plot, (Plot.plot_no == result.plot_no) & Plot.ended_by.is_(None))
        .where(in_run(run), result.district == district, result.potential_class.is_not(None))
        .group_by(jamoat, result.potential_class)
        .order_by(jamoat)
    )
    for place, reached, plots, area_ha, others in rows:
        counted.setdefault(place, {})[reached] = int(plots), float(area_ha), int(others)
    return {place: _told(classes) for place, classes in counted.items()}


def _told(classes: Mapping[str, tuple[int, float, int]]) -> Figures:
    cells = [classes.get(name, (0, 0.0, 0)) for name in CLASSES]
    hidden = suppressed([others for _, _, others in cells], smallest=PUBLIC_CELL)
    return {
        name: None if left_out else {"plots": plots, "area_ha": round(area_ha / WHOLE_HA) * WHOLE_HA}
        for name, (plots, area_ha, _), left_out in zip(CLASSES, cells, hidden, strict=True)
    }
