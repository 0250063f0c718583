"""Where a scenario that is shown changes water: what it digs, what it repairs, and the window that holds all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, select

from geo.water.scenario.form import NewCanal
from layers.catalogue.balances import BALANCES
from layers.catalogue.irrigation import Canal
from layers.frames.around import as_of
from layers.records.plans import ShownScenario, ShownScenarioRow
from layers.water.scenario_runs import Computed

Bounds = tuple[float, float, float, float]  # west, south, east, north, degrees in EPSG:4326
Line = tuple[tuple[float, float], ...]  # longitudes and latitudes

DUG, REPAIRED = "dug", "repaired"  # keys of reports


class Places(NamedTuple):
    """Where a scenario changes water. dug : line of each reach, by code. repaired : codes of reaches.

    bounds : of all that is another with it, None where nothing is.
    """

    dug: tuple[tuple[str, Line], ...]
    repaired: tuple[str, ...]
    bounds: Bounds | None


def places_told(run: Computed) -> dict[str, Any]:
    """Return what a report that everybody sees says of places."""
    dug = {change.code: change.line for _, change in run.kept.scenario.changes() if isinstance(change, NewCanal)}
    reaches = {edit.code for edit in run.alteration.edits if edit.layer == Canal.__tablename__}
    return {DUG: dug, REPAIRED: sorted(reaches - set(dug))}


def find_places(connection: Connection, run: int) -> Places:
    """Return where a run that is shown changes water.

    Parameters
    ----------
    connection : reads what everybody may see.
    run : its number.
    """
    asked = select(ShownScenario.report, ShownScenario.balance_id).where(ShownScenario.run == run)
    report, balance = connection.execute(asked).one()
    dug = tuple((code, tuple((x, y) for x, y in line)) for code, line in report.get(DUG, {}).items())
    boxes = [*_boxes(connection, run, balance), *(_box(line) for _, line in dug)]
    west, south, east, north = zip(*boxes, strict=True) if boxes else ((), (), (), ())
    bounds = (min(west), min(south), max(east), max(north)) if boxes else None
    return Places(dug, tuple(report.get(REPAIRED, ())), bounds)


def as_features(dug: tuple[tuple[str, Line], ...]) -> Mapping[str, Any]:
    """Return lines as GeoJSON."""
    lines = [
        {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "LineString", "coordinates": line}}
        for code, line in dug
    ]
    return {"type": "FeatureCollection", "features": lines}


def _boxes(connection: Connection, run: int, balance: int) -> Iterator[Bounds]:
    """Windows of canal reaches and of command areas that are others, of each layer one."""
    row = ShownScenarioRow.__table__.c
    for layer in BALANCES:
        table = layer.__table__.c
        same = and_(row.run == run, row.layer == layer.__tablename__, row.code == table.code)
        box = func.ST_Extent(table.geom)
        edges = select(func.ST_XMin(box), func.ST_YMin(box), func.ST_XMax(box), func.ST_YMax(box))
        joined = edges.select_from(layer.__table__.join(ShownScenarioRow.__table__, same))
        found = connection.execute(joined.where(as_of(layer, None), table.balance_id == balance)).one()
        if found[0] is not None:
            yield found[0], found[1], found[2], found[3]


def _box(line: Line) -> Bounds:
    east, north = zip(*line, strict=True)
    return min(east), min(north), max(east), max(north)
