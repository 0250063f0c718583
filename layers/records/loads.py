"""What loading leaves behind beside the rows of layers: the record of each load, and the catalogue of rasters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from geoalchemy2 import Geometry
from sqlalchemy import (
    Boolean,
    Connection,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Integer,
    SmallInteger,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.catalogue.base import STORED_SRID, Base

PURGE = "purge"  # kind of a load that erased rows for good
# Field of a load -> column of files and views that says it of each row, so that it comes back with the row.
ROW_COLUMNS: Final[Mapping[str, str]] = {
    "source": "data_source",
    "licence": "data_licence",
    "source_date": "data_date",
    "synthetic": "synthetic",
}


class Load(Base):
    """One load of one file (or generated set) into one layer; also an undo, which is a load of its own."""

    __tablename__ = "loads"
    load_id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    layer: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(comment="load, undo, generated")
    undoes: Mapped[int | None] = mapped_column(ForeignKey("loads.load_id"))
    restores: Mapped[int | None] = mapped_column(
        ForeignKey("loads.load_id"), comment="Load whose rows an undo brought again; their source is its"
    )
    part_of: Mapped[int | None] = mapped_column(
        ForeignKey("loads.load_id"), comment="First load of the same file, where its rows come from several sources"
    )
    file_name: Mapped[str | None]
    sha256: Mapped[str | None]
    mode: Mapped[str] = mapped_column(comment="add, update, replace")
    source: Mapped[str | None]
    licence: Mapped[str | None]
    source_date: Mapped[date | None]
    synthetic: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    added: Mapped[int] = mapped_column(server_default=text("0"))
    changed: Mapped[int] = mapped_column(server_default=text("0"))
    ended: Mapped[int] = mapped_column(server_default=text("0"))
    rejected: Mapped[int] = mapped_column(server_default=text("0"))
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class Raster(Base):
    """Raster catalogue: one COG under ``OBOD_HOME/rasters`` per row."""

    __tablename__ = "rasters"
    raster_id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    layer: Mapped[str] = mapped_column(index=True)
    file_name: Mapped[str] = mapped_column(unique=True, comment="Below OBOD_HOME/rasters")
    sha256: Mapped[str]
    crs: Mapped[str]
    resolution_m: Mapped[float] = mapped_column(Float, comment="Ground size of a cell, the coarser axis")
    bands: Mapped[int] = mapped_column(SmallInteger)
    load_id: Mapped[int] = mapped_column(ForeignKey("loads.load_id"))
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("loads.load_id"))
    footprint: Mapped[Any] = mapped_column(Geometry("POLYGON", srid=STORED_SRID, spatial_index=True))


def loads_together(connection: Connection, load_id: int) -> list[int]:
    """Return the loads that one file made, the first of them first, whichever of them is named."""
    first = select(func.coalesce(Load.part_of, Load.load_id)).where(Load.load_id == load_id).scalar_subquery()
    together = select(Load.load_id).where(func.coalesce(Load.part_of, Load.load_id) == first)
    return list(connection.execute(together.order_by(Load.load_id)).scalars())


def has_loads(connection: Connection) -> bool:
    """Whether anything was ever loaded."""
    return connection.execute(select(Load.load_id).limit(1)).first() is not None


def files_of_loads(connection: Connection, load_ids: Iterable[int], prefix: str) -> dict[int, str]:
    """Return the file name of those loads whose file name begins with ``prefix``, newest first."""
    rows = connection.execute(
        select(Load.load_id, Load.file_name).where(Load.load_id.in_(load_ids), Load.file_name.startswith(prefix))
    )
    return {row.load_id: row.file_name for row in sorted(rows, key=lambda row: -row.load_id)}
