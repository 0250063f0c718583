"""What a water balance says of canals and areas, as far as an audience may see it.

Balances of several years and rules are published side by side, one of each. Everybody sees what the public layers
``area_balance`` and ``reach_balance`` say of them. How one was made, its rows by period with both ends, how evenly
canals share, and earlier balances are for staff; a draft is told to nobody here.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from geo.water.sharing.rules import tell_judged
from layers.cache.memory import Memo
from layers.catalogue.admin import District
from layers.catalogue.balances import AreaBalance, ReachBalance
from layers.catalogue.base import STAFF, Audience
from layers.catalogue.irrigation import CommandArea
from layers.errors import NotFound
from layers.frames.around import among, as_of
from layers.records.balances import BalanceArea, BalanceReach, WaterBalance
from layers.records.loads import Load
from layers.records.snapshot import Snapshot
from layers.water.balances import list_balances

Found = dict[str, Any]

OF_PERIODS: Final = ("month", "part")
OF_AREAS: Final = ("need_m3_s", "delivered_m3_s", "delivered_best_m3_s", "ratio", "ratio_best", "unknown")
OF_REACHES: Final = (
    *("need_m3_s", "flow_m3_s", "flow_most_m3_s", "lost_m3_s", "lost_most_m3_s", "ratio", "ratio_best"),
)
OF_YEAR: Final = ("code", "canal", "supply", "ratio", "ratio_best", "worst_month", "need_m3")


class Published(NamedTuple):
    """A balance that the layers show."""

    balance_id: int
    year: str
    rule: str
    synthetic: bool


class Told(NamedTuple):
    """A balance as an audience is told of it.

    about : what it is, for the public number, year, rule and mark of synthetic rows. equity : canal -> figures, empty
    below staff. published : whether the layers show it.
    """

    about: Found
    equity: dict[str, Found]
    published: bool


def list_published(connection: Connection) -> list[Published]:
    """Return the balances that are published, one of each year and rule.

    The one that land is judged by comes first, then the newest.
    """
    rows = (
        select(AreaBalance.balance_id, AreaBalance.year_type, AreaBalance.rule, Load.synthetic)
        .join(Load, Load.load_id == AreaBalance.load_id)
        .where(as_of(AreaBalance, None))
        .distinct()
    )
    found = [Published(*row) for row in connection.execute(rows)]
    return sorted(found, key=lambda one: (not tell_judged(one.year, one.rule), -one.balance_id))


_PUBLISHED: Memo[str, list[Published]] = Memo("published balances", most=1)


def published_now(connection: Connection, served: Snapshot) -> list[Published]:
    """Return the same, kept until a balance is published or taken back; ``served`` was read through the connection."""
    layer = AreaBalance.__tablename__
    return _PUBLISHED.get(layer, lambda: list_published(connection), fresh=served.version(layer))


def find_balance(
    connection: Connection,
    audience: Audience,
    year: str | None = None,
    rule: str | None = None,
    *,
    published: bool = False,
) -> Told:
    """Return the published balance of a year and rule.

    Of several that fit, it is the one that land is judged by, then the newest. To staff who ask for a year or rule that
    none is published of, the newest one that once was, unless only ``published`` ones are asked for.

    Raises
    ------
    NotFound : there is none.
    """
    public = [one for one in list_published(connection) if year in (None, one.year) and rule in (None, one.rule)]
    if audience < STAFF:
        if not public:
            raise NotFound(_none(year, rule))
        first = public[0]
        about = {"balance": first.balance_id, "year": first.year, "rule": first.rule, "synthetic": first.synthetic}
        return Told(about, {}, published=True)
    stored = {one.balance_id: one for one in list_balances(connection) if one.state != "draft"}
    fitting = [stored[one.balance_id] for one in public if one.balance_id in stored]
    if not fitting and not published and (year, rule) != (None, None):
        fitting = [one for one in stored.values() if year in (None, one.year_type) and rule in (None, one.rule)]
    if not fitting:
        raise NotFound(_none(year, rule))
    one = fitting[0]
    row = connection.execute(select(WaterBalance).where(WaterBalance.balance_id == one.balance_id)).mappings().one()
    about = {
        "balance": one.balance_id,
        "year": one.year_type,
        "rule": one.rule,
        "synthetic": row["synthetic"],
        "state": one.state,
        "by": one.split,
        "as_of_load": one.as_of_load,
        "crop_table": one.crop_table,
        "rain_method": row["rain_method"],
        "code_version": one.code_version,
        "made_at": one.made_at,
        "taken_back": one.taken_back,
        "left_out": row["left_out"],
    }
    return Told(about, row["equity"], published=one.state == "published")


def canal_of(connection: Connection, balance: int, code: str) -> tuple[str | None, list[str]]:
    """Return the canal of a published balance of that name, or that a reach of that code lies on, and its reaches.

    A reach that belongs to no canal stands alone.

    Raises
    ------
    NotFound : the published balance has neither.
    """
    now = select(ReachBalance.code, ReachBalance.canal).where(_shown(ReachBalance, balance))
    rows = connection.execute(now.where((ReachBalance.canal == code) | (ReachBalance.code == code))).all()
    names = [row.canal for row in rows]
    if not rows:
        raise NotFound(f"There is no canal and no canal reach {code!r} in the published water balance.")
    canal = code if code in names else names[0]
    if canal is None:
        return None, [code]
    reaches = connection.execute(now.where(ReachBalance.canal == canal).order_by(ReachBalance.code)).scalars()
    return canal, list(reaches)


def find_reaches(connection: Connection, audience: Audience, balance: int, codes: list[str]) -> list[Found]:
    """Return reaches of a published balance with their figures of the year and their periods, by code."""
    names = (*OF_YEAR, "flow_m3_s", "lost_m3")
    found = _of_year(connection, ReachBalance, names, balance, among(ReachBalance.code, codes))
    if audience < STAFF:
        return found
    table = BalanceReach.__table__.c
    periods = _by_code(connection, BalanceReach, "reach", OF_REACHES, balance, among(table.reach, codes))
    return [{**row, "periods": periods.get(row["code"], [])} for row in found]


def bounds_of_reaches(
    connection: Connection, balance: int, codes: list[str]
) -> tuple[float, float, float, float] | None:
    """Return west, south, east and north of reaches of a published balance, degrees; None where there are none."""
    box = func.ST_Extent(ReachBalance.__table__.c.geom)
    edges = select(func.ST_XMin(box), func.ST_YMin(box), func.ST_XMax(box), func.ST_YMax(box))
    west, south, east, north = connection.execute(
        edges.where(_shown(ReachBalance, balance), among(ReachBalance.code, codes))
    ).one()
    return None if west is None else (west, south, east, north)


def find_areas(connection: Connection, audience: Audience, balance: int, codes: list[str]) -> list[Found]:
    """Return areas of a published balance with their figures of the year and their periods, by code."""
    found = _of_year(connection, AreaBalance, (*OF_YEAR, "distance_m"), balance, among(AreaBalance.code, codes))
    if audience < STAFF:
        return found
    table = BalanceArea.__table__.c
    periods = _by_code(connection, BalanceArea, "area", OF_AREAS, balance, among(table.area, codes))
    return [{**row, "periods": periods.get(row["code"], [])} for row in found]


def require_area(connection: Connection, balance: int, code: str) -> None:
    """Refuse a code no area of a published balance has.

    Raises
    ------
    NotFound : it has none of that code.
    """
    if not codes_of_areas(connection, balance, AreaBalance.code == code):
        raise NotFound(f"There is no command area {code!r} in the published water balance.")


def codes_of_areas(connection: Connection, balance: int, where: ColumnElement[bool]) -> list[str]:
    """Return codes of areas of a published balance that a condition holds for."""
    return list(connection.execute(select(AreaBalance.code).where(_shown(AreaBalance, balance), where)).scalars())


def find_shares(
    connection: Connection, audience: Audience, told: Told, *, canal: str | None, district: str | None
) -> list[Found]:
    """Return areas of a balance, on a canal or with their middle in a district, with their periods, by code.

    Raises
    ------
    NotFound : no area of the balance is on that canal.
    """
    number = told.about["balance"]
    if audience < STAFF:
        where = _chosen(AreaBalance.canal, AreaBalance.code, canal, district)
        rows = _of_year(connection, AreaBalance, ("code", "canal"), number, where)
    else:
        table = BalanceArea.__table__.c
        where = _chosen(table.canal, table.area, canal, district)
        periods = _by_code(connection, BalanceArea, "area", OF_AREAS, number, where)
        named = select(table.area, table.canal).distinct().where(table.balance_id == number, where)
        of_canal = {row.area: row.canal for row in connection.execute(named)}
        rows = [{"code": code, "canal": of_canal[code], "periods": own} for code, own in periods.items()]
    if canal is not None and not rows:
        raise NotFound(f"No command area of the water balance is on a canal {canal!r}.")
    return rows


def _none(year: str | None, rule: str | None) -> str:
    of = " ".join(part for part in (f"of a {year} year" if year else "", f"by the rule {rule}" if rule else "") if part)
    return f"There is no published water balance{f' {of}' if of else ''}."


def _shown(layer: type[AreaBalance | ReachBalance], balance: int) -> ColumnElement[bool]:
    """Rows of a layer that are of a balance and published now."""
    return and_(as_of(layer, None), layer.balance_id == balance)


def _chosen(canal: Any, code: Any, name: str | None, district: str | None) -> ColumnElement[bool]:
    if name is not None:
        return canal == name  # type: ignore[no-any-return]
    return lies_in_district(code, district)


def lies_in_district(code: ColumnElement[str], district: str | None) -> ColumnElement[bool]:
    """Condition that the middle of a command area lies in a district; by the code of the area."""
    outline = District.__table__.c.geom
    shape = select(outline).where(District.code == district, as_of(District, None)).scalar_subquery()
    middle = func.ST_PointOnSurface(CommandArea.__table__.c.geom)
    inside: Select[Any] = select(CommandArea.code).where(as_of(CommandArea, None), func.ST_Intersects(middle, shape))
    return code.in_(inside)


def _of_year(
    connection: Connection,
    layer: type[AreaBalance | ReachBalance],
    names: tuple[str, ...],
    balance: int,
    where: ColumnElement[bool],
) -> list[Found]:
    """Rows of a layer, with the ratio of each month as what everybody knows of its periods."""
    table = layer.__table__.c
    months = [table[f"ratio_{month:02d}"] for month in range(1, 13)]
    asked = select(*(table[name] for name in names), *months).where(_shown(layer, balance), where)
    return [
        {**dict(zip(names, row, strict=False)), "periods": _months(row[len(names) :])}
        for row in connection.execute(asked.order_by(table.code))
    ]


def _months(ratios: Any) -> list[Found]:
    return [{"month": month, "part": 0, "ratio": ratio} for month, ratio in enumerate(ratios, 1)]


def _by_code(
    connection: Connection,
    record: type[BalanceArea | BalanceReach],
    key: str,
    values: tuple[str, ...],
    balance: int,
    where: ColumnElement[bool],
) -> dict[str, list[Found]]:
    table = record.__table__.c
    names = (*OF_PERIODS, *values)
    asked = select(table[key], *(table[name] for name in names)).where(table.balance_id == balance, where)
    found: dict[str, list[Found]] = {}
    for code, *cells in connection.execute(asked.order_by(table[key], table.month, table.part)):
        found.setdefault(code, []).append(dict(zip(names, cells, strict=True)))
    return found
