"""What every layer holds now and where it came from, and the history of loads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, func, literal, select, union_all

from layers.catalogue import BY_NAME, RASTERS
from layers.catalogue.base import Audience
from layers.records.loads import Load, Raster


@dataclass(frozen=True, slots=True)
class Holding:
    """Rows (files of a raster layer) that one load left in a layer; all None and 0 for a layer that is empty."""

    layer: str
    title: str
    audience: str
    rows: int
    load: int | None
    source: str | None
    date: date | None
    licence: str | None
    synthetic: bool | None


@dataclass(frozen=True, slots=True)
class PastLoad:
    """One load as it was recorded."""

    load: int
    layer: str
    kind: str
    undoes: int | None
    part_of: int | None
    mode: str
    file_name: str | None
    source: str | None
    loaded_at: datetime
    added: int
    changed: int
    ended: int
    rejected: int


def list_layers(connection: Connection) -> list[Holding]:
    """Return every layer in draw order, then the raster layers; one line per load whose rows are still current."""
    counts = union_all(
        *(
            select(literal(name).label("layer"), layer.load_id, func.count().label("rows"))
            .where(layer.ended_by.is_(None))
            .group_by(layer.load_id)
            for name, layer in BY_NAME.items()
        ),
        select(Raster.layer, Raster.load_id, func.count())
        .where(Raster.ended_by.is_(None))
        .group_by(Raster.layer, Raster.load_id),
    ).subquery()
    loads = select(
        counts.c.layer, counts.c.rows, Load.load_id, Load.source, Load.source_date, Load.licence, Load.synthetic
    ).join(Load, Load.load_id == counts.c.load_id)
    declared = _declared()
    by_layer: dict[str, list[Holding]] = {}
    for layer, *rest in connection.execute(loads.order_by(Load.load_id.desc())):
        by_layer.setdefault(layer, []).append(Holding(layer, *declared[layer], *rest))
    return [
        holding
        for name, (title, audience) in declared.items()
        for holding in by_layer.get(name, [Holding(name, title, audience, 0, None, None, None, None, None)])
    ]


def list_loads(connection: Connection, layer: str | None = None) -> list[PastLoad]:
    """Return the loads of one layer, of all layers when None, newest first."""
    wanted: list[ColumnElement[bool]] = [] if layer is None else [Load.layer == layer]
    rows = connection.execute(
        select(
            Load.load_id.label("load"),
            Load.layer,
            Load.kind,
            Load.undoes,
            Load.part_of,
            Load.mode,
            Load.file_name,
            Load.source,
            Load.loaded_at,
            Load.added,
            Load.changed,
            Load.ended,
            Load.rejected,
        )
        .where(*wanted)
        .order_by(Load.load_id.desc())
    )
    return [PastLoad(**row) for row in rows.mappings()]


def _declared() -> dict[str, tuple[str, str]]:
    """Title and audience of every layer and raster layer."""

    def word(audience: Audience) -> str:
        return audience.name.lower()

    vectors = {name: (layer.card.title, word(layer.card.audience)) for name, layer in BY_NAME.items()}
    return {**vectors, **{raster.id: (raster.title, word(raster.audience)) for raster in RASTERS}}
