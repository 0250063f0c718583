"""Which plots of a district rows can touch that a scenario has and the database has not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, LargeBinary, func, select

from geo.suitability.findings import needs
from layers.catalogue.base import Layer
from layers.frames.around import among, as_of
from layers.runs.changes import DistrictChange, Rows, reached_near


@dataclass(frozen=True, slots=True)
class Edits:
    """Attributes of rows that are to be others, by the key of the row.

    lie_as : the layer whose keys these are. drawn : shape of each row that is new, WKB in EPSG:4326, by its key.
    """

    lie_as: type[Layer]
    attributes: Mapping[str, frozenset[str]]
    drawn: Mapping[str, bytes] = field(default_factory=dict)


class Drawn(NamedTuple):
    """A row that is not stored, as rows are that are."""

    gid: None
    key: str
    shape: bytes


def plots_of_edits(
    connection: Connection, district: str, run_id: int, load_id: int, edits: Mapping[str, Edits]
) -> set[int] | None:
    """Return the plots of a district whose result may differ once rows have other attributes, None = all of them.

    Parameters
    ----------
    run_id : made of the district.
    load_id : rows as they stood after this load.
    edits : by layer.
    """
    through = tuple(dict.fromkeys(needs()))
    here = DistrictChange(connection, district, run_id, load_id, load_id, {}, (), through)
    plots: set[int] = set()
    for need in through:
        if need.layer not in edits:
            continue
        changed = edits[need.layer]
        keys = [key for key, names in changed.attributes.items() if not names <= {*need.unread}]
        rows = list(_placed(connection, changed.lie_as, as_of(changed.lie_as, load_id), keys)) if keys else []
        rows += [Drawn(None, key, changed.drawn[key]) for key in keys if key in changed.drawn]
        found = reached_near(here, need, changed.lie_as, rows) if rows else set()
        if found is None:
            return None
        plots |= found
    return plots


def _placed(connection: Connection, layer: type[Layer], where: ColumnElement[bool], keys: Sequence[str]) -> Rows:
    """Rows with gid, key and shape, by their keys."""
    key = getattr(layer, layer.key)
    shape = func.ST_AsBinary(layer.__table__.c.geom, type_=LargeBinary).label("shape")
    found = select(layer.gid, key.label("key"), shape).where(where, among(key, keys))
    return connection.execute(found.order_by(layer.gid)).all()
