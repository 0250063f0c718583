"""Taking a load back: a new load that ends what it brought and brings again what it ended.

What is brought again keeps the source, licence, date and mark it had. Rows of one load may have replaced rows of
several, so an undo is one load for each provenance it brings again; the first of them, which people are told, ends
rows.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, RowMapping, and_, func, insert, join, literal, null, outerjoin, select, update
from sqlalchemy.orm import aliased

from layers.catalogue import BY_NAME
from layers.catalogue.base import Layer
from layers.errors import DataRefused, NotFound
from layers.loading.balance_withdrawal import withdraw_balances
from layers.postgres.copy_columns import columns_of
from layers.records.load_report import LoadReport
from layers.records.loads import PURGE, Load, Raster, loads_together
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
        raise NotFound(f"There is no load {load_id}; obod layer loads lists them.")
    if load["kind"] == PURGE:
        raise DataRefused(f"Load {load_id} erased rows for good; nothing brings them back.")
    report = LoadReport(load["layer"], "undo", "update", load["file_name"])
    connection.execute(select(func.pg_advisory_xact_lock(LOADS_LOCK)))
    load_id = load["part_of"] or load_id
    again = connection.execute(select(func.min(Load.load_id)).where(Load.undoes == load_id)).scalar()
    if again is not None:
        raise DataRefused(f"Load {load_id} was taken back already, by load {again}.")
    taken = _made_together(connection, load_id, load["undoes"])
    undoing = open_load(connection, report, _provenance(load), undoes=load_id)
    try:
        if load["layer"] in BY_NAME:
            _undo_rows(undoing, BY_NAME[load["layer"]], taken, report)
        else:
            _undo_rasters(undoing, taken, report)
        done = undoing.close(report)
        withdraw_balances(connection, load["layer"])
        return done
    except BaseException:
        undoing.abandon()
        raise


def _made_together(connection: Connection, load_id: int, undoes: int | None) -> list[int]:
    """Return the loads that belong together: all those of one undo, else those of one file."""
    if undoes is None:
        return loads_together(connection, load_id)
    together = connection.execute(select(Load.load_id).where(Load.undoes == undoes).order_by(Load.load_id))
    return list(together.scalars())


def _provenance(load: RowMapping) -> Provenance:
    return Provenance(load["source"], load["licence"], load["source_date"], load["synthetic"])


def _loads_for(undoing: OpenLoad, report: LoadReport, ended: Iterable[int]) -> dict[int, int]:
    """Return for each load that rows come again from the load that brings them, with the same provenance.

    One load for each origin; the first is the undo itself.
    """
    connection = undoing.connection
    rows = connection.execute(select(Load).where(Load.load_id.in_(sorted(set(ended)))).order_by(Load.load_id))
    bringing: dict[int, int] = {}  # origin -> load
    found: dict[int, int] = {}
    for load in rows.mappings():
        origin = load["restores"] or load["load_id"]
        if origin not in bringing:
            values = {
                "source": load["source"],
                "licence": load["licence"],
                "source_date": load["source_date"],
                "synthetic": load["synthetic"],
                "restores": origin,
            }
            if not bringing:
                connection.execute(update(Load).where(Load.load_id == undoing.load_id).values(values))
                bringing[origin] = undoing.load_id
            else:
                of = {"layer": report.layer, "kind": report.kind, "file_name": report.file_name, "mode": report.mode}
                undoes = select(Load.undoes).where(Load.load_id == undoing.load_id).scalar_subquery()
                made = insert(Load).values(undoes=undoes, **of, **values).returning(Load.load_id)
                bringing[origin] = connection.execute(made).scalar_one()
        found[load["load_id"]] = bringing[origin]
    return found


def _undo_rows(undoing: OpenLoad, layer: type[Layer], taken: list[int], report: LoadReport) -> None:
    connection, load_id = undoing.connection, taken[0]
    table, key = layer.__tablename__, getattr(layer, layer.key)
    origin = func.coalesce(Load.restores, Load.load_id)
    origins = list(connection.execute(select(origin).where(Load.load_id.in_(taken))).scalars())
    same = select(Load.load_id).where(Load.layer == table, origin.in_(origins))
    # What the load brought may since have been ended by a load that was taken back, and stand here again.
    first, again = aliased(layer), aliased(layer)
    brought, current = first.load_id.in_(taken), again.ended_by.is_(None)
    standing = and_(
        getattr(again, layer.key) == getattr(first, layer.key),
        again.row_hash == first.row_hash,
        again.load_id.in_(same),
        current,
    )
    gone_since = connection.execute(
        select(func.max(first.ended_by), func.count())
        .select_from(outerjoin(first, again, standing))
        .where(brought, again.gid.is_(None))
    ).one()
    if gone_since[1]:
        raise DataRefused(
            f"Load {load_id} cannot be taken back: load {gone_since[0]} has since ended {gone_since[1]} of its rows in "
            f"{table}; take back load {gone_since[0]} first."
        )
    ended = layer.ended_by.in_(taken)
    here = select(again.gid).select_from(join(first, again, standing)).where(brought)
    retaken = connection.execute(
        select(func.min(layer.load_id), func.count()).where(
            layer.ended_by.is_(None), layer.gid.not_in(here), key.in_(select(key).where(ended))
        )
    ).one()
    if retaken[1]:
        raise DataRefused(
            f"Load {load_id} cannot be taken back: load {retaken[0]} has since loaded {retaken[1]} of the rows it "
            f"ended in {table}; take back load {retaken[0]} first."
        )
    report.ended = connection.execute(
        update(layer).where(layer.gid.in_(here)).values(ended_by=undoing.load_id)
    ).rowcount
    kept = [column for name, column in columns_of(layer).items() if name not in OURS]
    names = ["load_id", "ended_by", *(column.name for column in kept)]
    loads = connection.execute(select(layer.load_id, func.count()).where(ended).group_by(layer.load_id)).all()
    bringing = _loads_for(undoing, report, [load for load, _ in loads])
    for load, count in loads:
        rows = select(literal(bringing[load]), null(), *kept).where(ended, layer.load_id == load)
        connection.execute(insert(layer).from_select(names, rows))
        report.added += count


def _undo_rasters(undoing: OpenLoad, taken: list[int], report: LoadReport) -> None:
    from layers.grids.cog import new_file_name, raster_path

    connection, load_id = undoing.connection, taken[0]
    brought = and_(Raster.load_id.in_(taken), Raster.ended_by.is_(None))
    later = connection.execute(
        select(Raster.ended_by).where(Raster.load_id.in_(taken), Raster.ended_by.is_not(None))
    ).first()
    if later is not None:
        raise DataRefused(
            f"Load {load_id} cannot be taken back: load {later[0]} has since ended its files; "
            f"take back load {later[0]} first."
        )
    report.ended = connection.execute(update(Raster).where(brought).values(ended_by=undoing.load_id)).rowcount
    rows = connection.execute(select(Raster.__table__).where(Raster.ended_by.in_(taken))).mappings().all()
    bringing = _loads_for(undoing, report, [row["load_id"] for row in rows])
    for row in rows:
        load = bringing[row["load_id"]]
        name = new_file_name(row["layer"], load)
        _link(raster_path(row["file_name"]), raster_path(name))
        fields = {field: value for field, value in row.items() if field not in ("raster_id", "ended_by")}
        connection.execute(insert(Raster).values({**fields, "load_id": load, "file_name": name}))
    report.added = len(rows)


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, or a copy where the file system has no links."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
