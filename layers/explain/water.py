"""Water of one plot by the published balance: month by month, where it runs short, what a repair brings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
from sqlalchemy import Connection, select

from geo.contract.classes import CLASSES, N2
from geo.contract.columns import numbers, texts
from geo.contract.criterion import Block
from geo.measures.water import DESTROYED, OUTSIDE, command_area, feeding_reach, repair_gain, shares_of_canals
from geo.water.network.conveyance import intake_limit
from geo.water.network.parts import NOWHERE, Ints
from geo.water.network.ways import greatest_beyond, order_pieces, pieces_above
from geo.water.repair import GOOD
from geo.water.sharing.rules import JUDGED_RULE, JUDGED_YEAR
from layers.audience import PARTNER, Audience
from layers.cache.memory import Memo
from layers.catalogue.balances import AreaBalance, ReachBalance
from layers.catalogue.irrigation import Canal, CommandArea, Outlet
from layers.catalogue.land import ON_OFFER
from layers.catalogue.supply import Intake
from layers.errors import NotFound
from layers.explain.surroundings import read_plot, unjudged_block
from layers.frames.around import among, as_of
from layers.postgres.engine import computing
from layers.records.loads import Load
from layers.records.runs import ScoringRun
from layers.records.snapshot import Run, Snapshot
from layers.water.networks import StoredNetwork, read_network

Found = dict[str, Any]

MONTHS: Final = range(1, 13)
FULL: Final = 0.995  # of what a reach can take in, from which it is full: flows are told to four digits
LESS: Final = 0.01  # by which a ratio has to differ to be told as another
NETWORKS: Final = (Canal, Outlet, Intake, CommandArea)


class WhyUnknown:
    """Codes of why the water of a command area is not known."""

    NO_BALANCE: Final = "no balance"
    NO_WAY: Final = "no way"
    NEED: Final = "need"
    SUPPLY: Final = "supply"


def is_withheld(state: str | None, audience: Audience) -> bool:
    """Return whether what a plot could become is told to partners and staff alone: it is not there to be given out."""
    return state not in ON_OFFER and audience < PARTNER


def water_as_shown(served: Snapshot, plot: Mapping[str, Any], run: Run | None, audience: Audience) -> Found | None:
    """Return the water of a plot from its public properties and the run that judged it, as an audience is told it.

    None for land that is shut: nobody is led there.
    """
    if is_shut(plot):
        return None
    with computing() as science:
        seen = None
        if run is not None:
            seen = science.execute(select(ScoringRun.as_of_load).where(ScoringRun.run_id == run.run_id)).scalar()
        plots = read_plot(science, plot["plot_id"], None)
        found = water_of_plot(science, served, plots, month=plot.get("water_month"), seen=seen)
    return told_water(found, withheld=is_withheld(plot["availability"], audience))


def is_shut(result: Mapping[str, Any]) -> bool:
    """Return whether a result is that of land that is shut, whatever else is known of it."""
    return result["class"] == CLASSES[N2] and result["score"] is None


def water_of_plot(
    connection: Connection,
    served: Snapshot,
    plots: gpd.GeoDataFrame,
    *,
    month: int | None = None,
    seen: int | None = None,
) -> Found | None:
    """Return what the balance that land is judged by says of the command area of a plot, ready for JSON.

    Parameters
    ----------
    connection : reads what computing needs.
    served : a snapshot read through this connection, or as new.
    plots : the plot as it stands now, one row.
    month : 1-12 in which the plot itself has least, None: the worst month of its area.
    seen : last load that the run saw which judged the plot, None: none did.

    Returns
    -------
    dict, or None for a plot in no command area. ``why_unknown`` is a code of ``WhyUnknown`` where the ratio of the
    worst month is not known. ``short`` says why the month is short, in proportion to need: ``at`` is *reach* where a
    reach can carry no more (``full``) or where beyond it no land gets all it needs and other land of the intake does,
    *head* where no land of the intake does, None where it cannot be told; ``most`` is the greatest share that land
    beyond the reach gets. ``further`` : the reach after it at which that falls most, None where it falls no more.
    ``repair`` : by how much more arrives once the reaches of its canal are in good condition, by the one function that
    potential and remedies use; ``known`` is false where a condition is not on record or a reach is destroyed.
    ``newer`` : the balance was published after the plot was judged.
    """
    block = unjudged_block(connection, served, plots)
    row = int(block.once(command_area)[0])
    if row == OUTSIDE:
        return None
    code = str(texts(block.layer("command_areas"), "code")[row])
    told = _area(connection, code)
    month = month or told["worst_month"]
    load = told.pop("load")
    return {
        **told,
        "newer": seen is not None and load is not None and load > seen,
        "short": _short(connection, served, told, month),
        "repair": _repair(block),
    }


def told_water(found: Found | None, *, withheld: bool) -> Found | None:
    """Return what is said of the water of a plot as one is told it: what a repair would bring, or not."""
    return None if found is None else {**found, "repair": None if withheld else found["repair"]}


def _area(connection: Connection, code: str) -> Found:
    """What the layer says of an area; where it has no row, that no balance is published of it."""
    table = AreaBalance.__table__.c
    names = ("canal", "balance_id", "supply", "ratio", "ratio_best", "worst_month", "need_m3", "distance_m", "unneeded")
    ratios = [table[f"{name}_{month:02d}"] for name in ("ratio", "ratio_best") for month in MONTHS]
    asked = (
        select(*(table[name] for name in names), table.load_id, Load.synthetic, *ratios)
        .join(Load, Load.load_id == table.load_id)
        .where(table.entry == f"{code}:{JUDGED_YEAR}:{JUDGED_RULE}", as_of(AreaBalance, None))
    )
    row = connection.execute(asked).mappings().one_or_none()
    about = {"area": code, "year": JUDGED_YEAR, "rule": JUDGED_RULE}
    if row is None:
        nothing = dict.fromkeys(("canal", "balance", "ratio", "ratio_best", "worst_month", "load"))
        return {**about, **nothing, "synthetic": False, "months": [], "why_unknown": WhyUnknown.NO_BALANCE}
    idle = {int(month) for month in (row["unneeded"] or "").split()}
    return {
        **about,
        "canal": row["canal"],
        "balance": row["balance_id"],
        "ratio": row["ratio"],
        "ratio_best": row["ratio_best"],
        "worst_month": row["worst_month"],
        "load": row["load_id"],
        "synthetic": bool(row["synthetic"]),
        "months": [
            {
                "month": month,
                "needed": month not in idle,
                "ratio": row[f"ratio_{month:02d}"],
                "ratio_best": row[f"ratio_best_{month:02d}"],
            }
            for month in MONTHS
        ],
        "why_unknown": _why_unknown(row),
    }


def _why_unknown(row: Mapping[Any, Any]) -> str | None:
    if row["ratio"] is not None:
        return None
    if row["distance_m"] is None:
        return WhyUnknown.NO_WAY
    return WhyUnknown.NEED if row["need_m3"] is None else WhyUnknown.SUPPLY


class _Ways(NamedTuple):
    """The network as it is mapped, and the order of its pieces."""

    stored: StoredNetwork
    order: Ints


_KEPT: Memo[str, _Ways] = Memo("network", most=1)


def _ways(connection: Connection, served: Snapshot) -> _Ways | None:
    """The network, kept until one of its layers is loaded; None where no canal is mapped."""

    def make() -> _Ways:
        stored = read_network(connection)
        return _Ways(stored, order_pieces(stored.reaches, stored.network))

    loads = [served.loads.get(layer.__tablename__, 0) for layer in NETWORKS]
    fresh: tuple[tuple[int, datetime | None], ...] = tuple((load, served.loaded_at.get(load)) for load in loads)
    try:
        return _KEPT.get("network", make, fresh=fresh)
    except NotFound:
        return None


def _short(connection: Connection, served: Snapshot, told: Found, month: int | None) -> Found | None:
    """Why the water of an area is short in a month; None where it is not, or that is not known."""
    if month is None or not told["months"]:
        return None
    here = told["months"][month - 1]
    if here["ratio"] is None or here["ratio"] >= 1.0:
        return None
    nowhere: Found = {"month": month, "at": None, "reach": None, "most": None, "full": False, "further": None}
    ways = _ways(connection, served)
    if ways is None or here["ratio_best"] - here["ratio"] >= LESS:
        return nowhere  # of what lies between, nobody knows where
    way, alone = _reaches_above(ways, told["area"])
    most = _most_beyond(connection, ways, told["area"], way, month)
    if not alone or most is None:
        return nowhere  # several intakes feed it, none does, or what other land of its intake gets is not known
    full = [place for place, one in enumerate(_reaches(connection, way)) if most[place] < 1.0 - LESS and _is_full(one)]
    if full and (most[0] >= 1.0 - LESS or most[full[0]] >= most[0] - LESS):
        place = full[0]
    else:
        short, full = [place for place, share in enumerate(most) if share < 1.0 - LESS], []
        if not short:
            return nowhere  # what lacks, lacks after the last reach
        place = short[0]
    falls = {later: most[later - 1] - most[later] for later in range(place + 1, len(way))}
    steepest = max(falls, key=falls.__getitem__, default=None)
    further = None
    if steepest is not None and falls[steepest] >= LESS:
        further = {"reach": way[steepest], "most": most[steepest]}
    at = "reach" if place else "head"
    return nowhere | {"at": at, "reach": way[place], "most": most[place], "full": bool(full), "further": further}


def _reaches_above(ways: _Ways, area: str) -> tuple[list[str], bool]:
    """Codes of the reaches from which water comes to an area, in its order, and whether that is from one intake."""
    stored, order = ways
    network, pieces = stored.network, stored.network.pieces
    nodes = network.outlet_node[(stored.outlets.area == area) & (network.outlet_node != NOWHERE)]
    if len(nodes) != 1:
        return [], False
    above = pieces_above(network, order, int(nodes[0]))
    fed = np.isin(network.intake_node[network.intake_node != NOWHERE], pieces.tail[above])
    one_way = len(np.unique(pieces.head[above])) == len(above)
    codes = dict.fromkeys(stored.reaches.code[pieces.reach[above]].tolist())
    return list(codes), bool(one_way and fed.sum() == 1 and len(above))


def _most_beyond(connection: Connection, ways: _Ways, area: str, way: list[str], month: int) -> list[float] | None:
    """The greatest share that land beyond each reach of a way gets in a month; None where one of them is not known.

    Taken at its best: more than this no land beyond gets. Land that needs nothing in the month does not count.
    """
    stored, order = ways
    network, pieces = stored.network, stored.network.pieces
    there = network.outlet_node != NOWHERE
    system = network.system[network.outlet_node[there & (stored.outlets.area == area)]][:1]
    same = there & np.isin(network.system[network.outlet_node], system)
    codes = np.unique(stored.outlets.area[same])
    table = AreaBalance.__table__.c
    asked = select(table.code, table.unneeded, table[f"ratio_best_{month:02d}"].label("most")).where(
        among(table.entry, [f"{code}:{JUDGED_YEAR}:{JUDGED_RULE}" for code in codes if code]), as_of(AreaBalance, None)
    )
    shares: dict[str, float | None] = {
        row.code: row.most
        for row in connection.execute(asked)
        if month not in {int(idle) for idle in (row.unneeded or "").split()}
    }
    if any(share is None for share in shares.values()):
        return None
    of_node = np.full(len(network.node_xy), np.nan)
    for node, code in zip(network.outlet_node[same].tolist(), stored.outlets.area[same].tolist(), strict=True):
        share = shares.get(code)
        if share is not None:
            of_node[node] = np.fmax(of_node[node], share)
    here = order[np.isin(network.system[pieces.tail[order]], system)]
    beyond = greatest_beyond(network, here, of_node)
    first = dict(zip(stored.reaches.code[pieces.reach[here[::-1]]].tolist(), here[::-1].tolist(), strict=True))
    most = [float(beyond[pieces.head[first[code]]]) for code in way]
    return None if np.isnan(most).any() else most


def _reaches(connection: Connection, way: list[str]) -> list[Found]:
    """What reaches take in when most is needed, and what they can carry, in the order given."""
    table, canal = ReachBalance.__table__.c, Canal.__table__.c
    asked = (
        select(table.code, table.flow_m3_s, canal.capacity_m3_s, canal.condition)
        .join(Canal, (canal.code == table.code) & as_of(Canal, None))
        .where(among(table.entry, [f"{code}:{JUDGED_YEAR}:{JUDGED_RULE}" for code in way]), as_of(ReachBalance, None))
    )
    found = {row["code"]: dict(row) for row in connection.execute(asked).mappings()}
    unknown = dict.fromkeys(("flow_m3_s", "capacity_m3_s", "condition"))
    return [found.get(code, unknown) for code in way]


def _is_full(one: Found) -> bool:
    """Whether a reach takes in all it can when most is needed beyond it."""
    if None in (one["flow_m3_s"], one["capacity_m3_s"], one["condition"]):
        return False
    limit = float(intake_limit(np.array([one["capacity_m3_s"]]), np.array([float(one["condition"])])).worst[0])
    return bool(one["flow_m3_s"] >= FULL * limit)


def _repair(block: Block) -> Found | None:
    """By how much more arrives once the plot's canal is in good condition; None where no canal is known to feed it."""
    if "canals" not in block.nearby:
        return None
    reach = int(block.once(feeding_reach)[0][0])
    if reach == OUTSIDE:
        return None
    canals = block.layer("canals")
    canal = block.once(shares_of_canals)[0]
    mended = numbers(canals, "condition")[canal == canal[reach]]
    return {
        "canal": str(texts(canals, "canal")[reach]) or None,
        "reach": str(texts(canals, "code")[reach]),
        "gain": round(float(repair_gain(block, GOOD)[0]), 4),
        "known": bool((mended < DESTROYED).all()),
    }
