"""What the canals that are stored now lead to: land of each intake, and reaches that lead in a circle."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, LargeBinary, func, select

from geo.geometry.crs import area_ha, to_working
from geo.water.network.parts import NOWHERE, Network, Points, Reaches
from layers.catalogue.base import Layer
from layers.catalogue.irrigation import Canal, CommandArea, Outlet
from layers.catalogue.supply import Intake

Texts = NDArray[np.str_]


class Current(NamedTuple):
    """Columns of the rows a layer has now; geometry : in EPSG:4326."""

    columns: dict[str, list[Any]]
    geometry: NDArray[np.object_]

    def words(self, name: str) -> Texts:
        """A column of texts; empty for none."""
        return np.array([value or "" for value in self.columns[name]], dtype=str)

    def flags(self, name: str) -> NDArray[np.bool_]:
        """A column of yes and no; no for none."""
        return np.array([bool(value) for value in self.columns[name]], dtype=bool)


def find_circle(connection: Connection) -> list[str]:
    """Return the codes of canal reaches of known direction that lead in a circle; the first circle by code.

    Parameters
    ----------
    connection : in which the rows are seen.
    """
    from scipy.sparse import coo_matrix  # takes a quarter of a second; most loads do without
    from scipy.sparse.csgraph import connected_components

    from geo.water.network.build import open_of

    reaches, network = _network(connection)
    pieces = open_of(reaches, network.pieces)
    known = reaches.flow_known[pieces.reach]
    tail, head, reach = pieces.tail[known], pieces.head[known], pieces.reach[known]
    nodes = len(network.node_xy)
    links = coo_matrix((np.ones(len(tail)), (tail, head)), shape=(nodes, nodes))
    circle = connected_components(links, directed=True, connection="strong")[1]
    inside = circle[tail] == circle[head]
    codes: dict[int, set[str]] = {}
    for number, row in zip(circle[tail[inside]], reach[inside], strict=True):
        codes.setdefault(int(number), set()).add(str(reaches.code[row]))
    return min((sorted(found) for found in codes.values()), default=[])


def land_served_ha(connection: Connection) -> dict[str, float]:
    """Return the land that water of each intake can reach.

    Parameters
    ----------
    connection : in which the rows are seen.

    Returns
    -------
    dict[str, float] : hectares by code of the intake; an intake without command areas beyond it is not in it.
    """
    from scipy.sparse import coo_matrix  # takes a quarter of a second; most loads do without
    from scipy.sparse.csgraph import breadth_first_order

    from geo.water.network.build import open_of

    intakes, outlets = (
        _read(connection, Intake, "code", "reach"),
        _read(connection, Outlet, "code", "reach", "command_area"),
    )
    areas = _read(connection, CommandArea, "code")
    if not len(intakes.geometry) or not len(outlets.geometry) or not len(areas.geometry):
        return {}
    reaches, network = _network(connection, outlets, intakes)
    land = dict(zip(areas.columns["code"], area_ha(areas.geometry).tolist(), strict=True))
    served = outlets.words("command_area")
    by_node: dict[int, set[str]] = {}
    for node, area in zip(network.outlet_node.tolist(), served.tolist(), strict=True):
        if node != NOWHERE and area in land:
            by_node.setdefault(node, set()).add(area)
    pieces = open_of(reaches, network.pieces)
    nodes = len(network.node_xy)
    links = coo_matrix((np.ones(len(pieces.tail)), (pieces.tail, pieces.head)), shape=(nodes, nodes)).tocsr()
    found: dict[str, float] = {}
    for code, node in zip(intakes.columns["code"], network.intake_node.tolist(), strict=True):
        if node != NOWHERE:
            beyond = breadth_first_order(links, node, directed=True, return_predecessors=False)
            reached = set[str]().union(*(by_node.get(int(one), set()) for one in beyond))
            if reached:
                found[code] = sum(land[area] for area in reached)
    return found


def _network(
    connection: Connection, outlets: Current | None = None, intakes: Current | None = None
) -> tuple[Reaches, Network]:
    from geo.water.network.build import build_network  # takes a quarter of a second; most loads do without

    canals = _read(connection, Canal, "code", "canal", "upstream", "closed", "flow_known")
    unknown = np.full(len(canals.geometry), np.nan)
    reaches = Reaches(
        code=canals.words("code"),
        canal=canals.words("canal"),
        upstream=canals.words("upstream"),
        closed=canals.flags("closed"),
        flow_known=canals.flags("flow_known"),
        head_level_m=unknown,
        tail_level_m=unknown,
        level_sigma_m=unknown,
        geometry=to_working(canals.geometry),
    )
    none = Current({"code": [], "reach": []}, np.empty(0, dtype=object))
    return reaches, build_network(reaches, _points(outlets or none), _points(intakes or none))


def _points(rows: Current) -> Points:
    count = len(rows.geometry)
    return Points(
        code=rows.words("code"),
        reach=rows.words("reach"),
        area=np.full(count, "", dtype="<U1"),
        along_m=np.full(count, np.nan),
        geometry=to_working(rows.geometry),
    )


def _read(connection: Connection, layer: type[Layer], *names: str) -> Current:
    columns = layer.__table__.c
    shape = func.ST_AsBinary(columns.geom, type_=LargeBinary).label("shape")
    query = select(*(columns[name] for name in names), shape)
    rows = connection.execute(query.where(columns.ended_by.is_(None)).order_by(columns[layer.key])).all()
    found = {name: [getattr(row, name) for row in rows] for name in names}
    return Current(found, np.array(shapely.from_wkb([bytes(row.shape) for row in rows]), dtype=object))
