"""Water of one plot by the published balance: month by month, where it runs short, what a repair brings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
from geo.water.network.ways import order_pieces, pieces_above
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
    worst month is not known. ``short`` says where on the way of its water the share of the month falls most: ``at`` is
    *head* where all land of the intake has no more, *reach* elsewhere, None where it cannot be told; ``ratio`` is that
    of the land beyond, ``before`` that of the land from the reach before on, and ``full`` says that the reach takes in
    all it can.
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
    """Where the water of an area runs short in a month; None where it does not, or that is not known."""
    if month is None or not told["months"]:
        return None
    here = told["months"][month - 1]
    if here["ratio"] is None or here["ratio"] >= 1.0:
        return None
    nowhere: Found = {"month": month, "at": None, "reach": None, "ratio": None, "before": None, "full": False}
    if here["ratio_best"] is not None and here["ratio_best"] - here["ratio"] >= LESS:
        return nowhere  # of what lies between, nobody knows where
    ways = _ways(connection, served)
    above = {} if ways is None else _reaches_above(ways, told["area"])
    way = _reaches(connection, above, month)
    known = len(way) == len(above) and all(one["ratio"] is not None for one in way)
    if not way or not known or sum(above.values()) != 1:
        return nowhere  # several intakes feed it, none does, or what a reach gives is not known
    before = [1.0, *(one["ratio"] for one in way)]
    falls = [earlier - one["ratio"] for earlier, one in zip(before, way, strict=False)]
    steep = [place for place, fall in enumerate(falls) if fall >= LESS]
    full = [place for place in steep if _is_full(way[place])]
    if not steep:
        return nowhere
    place = max(full or steep, key=falls.__getitem__)
    at = "reach" if place else "head"
    found = {"at": at, "reach": way[place]["code"], "ratio": way[place]["ratio"], "full": bool(full)}
    return nowhere | found | ({"before": before[place]} if place else {})


def _reaches_above(ways: _Ways, area: str) -> dict[str, bool]:
    """Reaches from which water can come to an area, and whether an intake lies at their upper end."""
    stored, order = ways
    network, pieces = stored.network, stored.network.pieces
    nodes = network.outlet_node[(stored.outlets.area == area) & (network.outlet_node != NOWHERE)]
    if not len(nodes):
        return {}
    above = np.unique(np.concatenate([pieces_above(network, order, int(node)) for node in nodes]))
    fed = np.isin(pieces.tail[above], network.intake_node[network.intake_node != NOWHERE])
    reach = pieces.reach[above]
    return {str(stored.reaches.code[one]): bool(fed[reach == one].any()) for one in np.unique(reach)}


def _reaches(connection: Connection, codes: Collection[str], month: int) -> list[Found]:
    """What the layer says of reaches in a month and what they can carry, in the order of the water.

    The need of the land beyond never grows on the way.
    """
    table, canal = ReachBalance.__table__.c, Canal.__table__.c
    ratio = table[f"ratio_{month:02d}"].label("ratio")
    asked = (
        select(table.code, table.flow_m3_s, ratio, canal.capacity_m3_s, canal.condition)
        .join(Canal, (canal.code == table.code) & as_of(Canal, None))
        .where(among(table.entry, [f"{code}:{JUDGED_YEAR}:{JUDGED_RULE}" for code in codes]), as_of(ReachBalance, None))
        .order_by(table.need_m3.desc(), ratio.desc(), table.code)
    )
    return [dict(row) for row in connection.execute(asked).mappings()]


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
