"""Taking a load back: a new load that ends what it brought and brings again what it ended."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import Connection, and_, func, insert, literal, null, select, update

from layers.catalogue import BY_NAME
from layers.catalogue.base import Layer
from layers.errors import DataRefused, NotFound
from layers.postgres.copy_columns import columns_of
from layers.records.load_report import LoadReport
from layers.records.loads import Load, Raster
from layers.records.open_load import LOADS_LOCK, OpenLoad, Provenance, open_load

OURS = frozenset({"gid", "load_id", "ended_by", "tile_geom"})  # columns a row gets anew when it comes back


def undo(connection: Connection, load_id: int) -> LoadReport:
    """Take a load back within the caller's transaction; the undoing is a load too, and can be undone.

    Raises
    ------
    NotFound : no such load. DataRefused : a later load touched its rows, or it was taken back already.
    """
    load = connection.execute(select(Load).where(Load.load_id == load_id)).mappings().one_or_none()
    if load is None:
        raise NotFound(f"There is no load {load_id}; obod layer list shows the newest of each layer.")
    report = LoadReport(load["layer"], "undo", "update", load["file_name"])
    provenance = Provenance(load["source"], load["licence"], load["source_date"], load["synthetic"])
    connection.execute(select(func.pg_advisory_xact_lock(LOADS_LOCK)))
    again = connection.execute(select(func.max(Load.load_id)).where(Load.undoes == load_id)).scalar()
    if again is not None:
        raise DataRefused(f"Load {load_id} was taken back already, by load {again}.")
    undoing = open_load(connection, report, provenance, undoes=load_id)
    try:
        if load["layer"] in BY_NAME:
            _undo_rows(undoing, BY_NAME[load["layer"]], load_id, report)
        else:
            _undo_rasters(undoing, load_id, report)
        return undoing.close(report)
    except BaseException:
        undoing.abandon()
        raise


def _undo_rows(undoing: OpenLoad, layer: type[Layer], load_id: int, report: LoadReport) -> None:
    connection = undoing.connection
    table, key = layer.__tablename__, getattr(layer, layer.key)
    brought, current = layer.load_id == load_id, layer.ended_by.is_(None)
    later = connection.execute(
        select(layer.ended_by, func.count()).where(brought, ~current).group_by(layer.ended_by).order_by(layer.ended_by)
    ).first()
    if later is not None:
        raise DataRefused(
            f"Load {load_id} cannot be taken back: load {later[0]} has since ended {later[1]} of its rows in {table}; "
            f"take back load {later[0]} first."
        )
    ended = select(key).where(layer.ended_by == load_id)
    retaken = connection.execute(
        select(func.min(layer.load_id), func.count()).where(current, layer.load_id > load_id, key.in_(ended))
    ).one()
    if retaken[1]:
        raise DataRefused(
            f"Load {load_id} cannot be taken back: load {retaken[0]} has since loaded {retaken[1]} of the rows it "
            f"ended in {table}; take back load {retaken[0]} first."
        )
    gone = connection.execute(update(layer).where(brought, current).values(ended_by=undoing.load_id)).rowcount
    kept = [column for name, column in columns_of(layer).items() if name not in OURS]
    names = ["load_id", "ended_by", *(column.name for column in kept)]
    rows = select(literal(undoing.load_id), null(), *kept).where(layer.ended_by == load_id)
    report.ended = gone
    report.added = connection.execute(select(func.count()).where(layer.ended_by == load_id)).scalar_one()
    connection.execute(insert(layer).from_select(names, rows))


def _undo_rasters(undoing: OpenLoad, load_id: int, report: LoadReport) -> None:
    from layers.grids.cog import new_file_name, raster_path

    connection = undoing.connection
    brought = and_(Raster.load_id == load_id, Raster.ended_by.is_(None))
    later = connection.execute(
        select(Raster.ended_by).where(Raster.load_id == load_id, Raster.ended_by.is_not(None))
    ).first()
    if later is not None:
        raise DataRefused(
            f"Load {load_id} cannot be taken back: load {later[0]} has since ended its files; "
            f"take back load {later[0]} first."
        )
    report.ended = connection.execute(update(Raster).where(brought).values(ended_by=undoing.load_id)).rowcount
    rows = connection.execute(select(Raster.__table__).where(Raster.ended_by == load_id)).mappings().all()
    for row in rows:
        name = new_file_name(row["layer"], undoing.load_id)
        _link(raster_path(row["file_name"]), raster_path(name))
        fields = {field: value for field, value in row.items() if field not in ("raster_id", "ended_by")}
        connection.execute(insert(Raster).values({**fields, "load_id": undoing.load_id, "file_name": name}))
    report.added = len(rows)


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, or a copy where the file system has no links."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
