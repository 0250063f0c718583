"""What a replacement may end: the rows a file is about, and no more without being told how many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, func, not_, select
from sqlalchemy.dialects.postgresql import ARRAY

from layers.catalogue.base import STORED_SRID, Layer
from layers.errors import DataRefused

MOST_SHARE = 0.1  # of the current rows of a layer that end without a word; more is told and asked for
ELSEWHERE = "outside the file"  # rows of a layer that knows no districts, beyond the extent of the file
NOWHERE = "no district"
NAMED = 6  # places spelled out in a refusal


@dataclass(frozen=True, slots=True)
class EndingLimits:
    """What somebody has said a replacement may end.

    allow : most rows that may end, wherever they are; None = not said. districts : only rows of these may end.
    alike : attribute -> value; only rows that have these may end, however many.
    """

    allow: int | None = None
    districts: tuple[str, ...] = ()
    alike: Mapping[str, str] = field(default_factory=dict)


def choose_ending(
    connection: Connection,
    layer: type[Layer],
    gone: Sequence[int],
    current: int,
    keys: Sequence[str],
    limits: EndingLimits,
) -> tuple[list[int], dict[str, int]]:
    """Return which rows (gid) a replacement ends, and how many end where.

    Parameters
    ----------
    gone : rows the file does not have. current : rows of the layer before the load. keys : those the file has.

    Raises
    ------
    DataRefused : rows outside the districts (or the extent) of the file would end, or more than a tenth of the layer,
        and neither how many nor where was said; or more than was said.
    """
    if not gone:
        return [], {}
    columns = layer.__table__.c
    mine = columns.gid == func.any(bindparam("gone", list(gone), type_=ARRAY(BigInteger)))
    if limits.alike:
        alike = [columns[name] == value for name, value in limits.alike.items()]
        return list(connection.execute(select(columns.gid).where(mine, *alike)).scalars()), {}
    if limits.districts:
        if "district" not in columns:
            raise DataRefused(f"{layer.__tablename__} knows no districts: say --allow-ending N instead of --district.")
        rows = connection.execute(
            select(columns.gid, columns.district).where(mine, columns.district.in_(limits.districts))
        )
        chosen = rows.all()
        return [row.gid for row in chosen], _count(row.district for row in chosen)
    where, outside = _places(connection, layer, mine, keys)
    table, told = layer.__tablename__, _named(where)
    if limits.allow is None and (outside or len(gone) > MOST_SHARE * current):
        beyond = f", {outside:,} of them outside what the file is about" if outside else ""
        narrower = ", or --district CODE for what the file is about" if "district" in columns else ""
        raise DataRefused(
            f"{len(gone):,} of {current:,} rows of {table} would end{beyond} ({told}); nothing was changed. "
            f"Say --allow-ending {len(gone)} if that is meant{narrower}."
        )
    if limits.allow is not None and len(gone) > limits.allow:
        raise DataRefused(
            f"{len(gone):,} rows of {table} would end ({told}), more than the {limits.allow:,} of --allow-ending; "
            "nothing was changed."
        )
    return list(gone), where


def _places(connection: Connection, layer: type[Layer], mine: Any, keys: Sequence[str]) -> tuple[dict[str, int], int]:
    """How many of some rows lie where, and how many of them lie outside what the file is about."""
    columns = layer.__table__.c
    seen = columns[layer.key] == func.any(bindparam("keys", list(keys), type_=ARRAY(columns[layer.key].type)))
    here = (columns.ended_by.is_(None), seen)
    if "district" in columns:
        touched = set(connection.execute(select(columns.district).where(*here).distinct()).scalars())
        where = _count(connection.execute(select(columns.district).where(mine)).scalars())
        return where, sum(count for name, count in where.items() if (name if name != NOWHERE else None) not in touched)
    if layer.geometry_kind is None:
        return {}, 0
    extent = select(func.ST_SetSRID(func.ST_Extent(columns.geom), STORED_SRID))
    beyond = not_(columns.geom.op("&&")(extent.where(*here).scalar_subquery()))
    outside: int = connection.execute(select(func.count()).where(mine, beyond)).scalar_one()
    return ({ELSEWHERE: outside} if outside else {}), outside


def _count(names: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name or NOWHERE] = found.get(name or NOWHERE, 0) + 1
    return dict(sorted(found.items()))


def _named(where: dict[str, int]) -> str:
    if not where:
        return "anywhere in the layer"
    listed = [f"{name}: {count:,}" for name, count in list(where.items())[:NAMED]]
    more = f" and {len(where) - NAMED} more places" if len(where) > NAMED else ""
    return ", ".join(listed) + more
