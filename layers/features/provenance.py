"""Where what is shown comes from: the loads behind the rows and files that are current."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Connection, select

from layers.catalogue import BY_NAME
from layers.catalogue.base import Layer
from layers.records.loads import Load, Raster


@dataclass(frozen=True, slots=True)
class Source:
    """Who says what a layer or grid holds, under which licence, as of which day, and whether it was made up."""

    layer: str
    source: str | None
    licence: str | None
    source_date: date | None
    synthetic: bool


def sources_of(connection: Connection, names: Iterable[str]) -> list[Source]:
    """Return the sources of what layers and grids hold now, in the order of ``names``, the newest load first."""
    return [source for name in names for source in _sources(connection, name, _behind(name))]


def sources_of_rows(connection: Connection, layer: type[Layer], where: ColumnElement[bool]) -> list[Source]:
    """Return the sources of those current rows of a layer that meet a condition."""
    here = select(layer.load_id).distinct().where(layer.ended_by.is_(None), where)
    return _sources(connection, layer.__tablename__, Load.load_id.in_(here))


def _behind(name: str) -> ColumnElement[bool]:
    """Loads some current row or file of a layer or grid came with."""
    layer = BY_NAME.get(name)
    # Not EXISTS (SELECT *), which an audience that may not read every column may not ask.
    if layer is None:
        files = select(Raster.load_id).where(Raster.layer == name, Raster.ended_by.is_(None))
        return files.where(Raster.load_id == Load.load_id).exists()
    return select(layer.load_id).where(layer.load_id == Load.load_id, layer.ended_by.is_(None)).exists()


def _sources(connection: Connection, name: str, condition: ColumnElement[bool]) -> list[Source]:
    rows = connection.execute(
        select(Load.source, Load.licence, Load.source_date, Load.synthetic)
        .where(condition)
        .order_by(Load.load_id.desc())
    )
    return list(dict.fromkeys(Source(name, *row) for row in rows))
