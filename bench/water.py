"""Need, sharing and works at national size, and a canal tree beside pywr, which solves a linear programme a step."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench import peers
from bench.table import Row
from bench.water_worlds import LINED_LOST, CanalWorld, canal_world, works_world
from geo.water.need.crop_table import crop_water
from geo.water.need.periods import periods_of_year
from geo.water.need.requirement import Climate, Planting, find_need
from geo.water.sharing.division import Claims, Shares, share_water
from geo.water.sharing.waterways import Waterways
from geo.water.works.choice import choose_works

Floats = NDArray[np.float64]

DECADES = 36  # ten-day parts of a year
YEARS = (0.75, 1.0, 1.25)  # flow of a dry, normal and wet year over the normal one
SYSTEMS, REACHES = 50, 1_000  # of the nation, and reaches of each
NEED_AREAS = 20_000
TREE = 1_000  # reaches of the tree that is given to pywr
CROPS = {"wheat": "10-15", "cotton": "04-15", "lucerne": "04-01", "maize": "06-15", "onion": "03-10"}
SEED = 1
RULES = ("proportional", "max-min")


class Canals(NamedTuple):
    """Canal systems beside one another, as sharing takes them."""

    ways: Waterways
    claims: Claims
    supply_m3_s: Floats


def water() -> list[Row]:
    """Rows of what balances and works cost."""
    return [*_need(), *_tree(), *_nation(), *_works()]


def season_of_decades() -> tuple[Floats, Floats]:
    """Need and flow of the river by ten-day part, over its greatest and over its mean."""
    part = np.arange(DECADES) / DECADES
    need = np.clip(np.sin((part - 0.15) / 0.7 * np.pi), 0.0, 1.0)
    river = 1.0 + 0.5 * np.sin((part - 0.2) * 2 * np.pi)
    return need / need.max(), river / river.mean()


def nation(systems: int = SYSTEMS, reaches: int = REACHES) -> Canals:
    """Return systems whose every area needs water in the ten-day parts of dry, normal and wet years."""
    rng = np.random.default_rng(SEED)
    need, river = season_of_decades()
    need, river = np.tile(need, len(YEARS)), np.concatenate([river * year for year in YEARS])
    worlds = [canal_world(rng, reaches, need, river, lost=LINED_LOST) for _ in range(systems)]
    nodes = reaches + 1  # of each tree
    conveyance, limit, ha = (
        np.concatenate([getattr(one, name) for one in worlds]) for name in ("conveyance", "limit_m3_s", "ha")
    )
    tail, head, node = (
        np.concatenate([getattr(one, name) + k * nodes for k, one in enumerate(worlds)])
        for name in ("tail", "head", "node")
    )
    wanted = np.concatenate([one.need_m3_s for one in worlds])
    codes = np.array([f"a{k:06d}" for k in range(len(wanted))])
    ways = Waterways(tail, head, conveyance, limit, node, np.inf, np.arange(systems) * nodes)
    claims = Claims(wanted, ha, np.zeros_like(wanted), node.astype(np.float64), codes)
    return Canals(ways, claims, np.array([one.supply_m3_s for one in worlds]))


def taken(work: Callable[[], object], times: int = 3) -> float:
    """Return the least seconds of some runs, the first of which warms what is compiled and is not counted."""
    work()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def _need() -> list[Row]:
    periods = periods_of_year("decade")
    rng = np.random.default_rng(SEED)
    warm = 4.0 + 3.0 * np.sin((np.arange(DECADES) / DECADES - 0.25) * 2 * np.pi)
    table = crop_water()
    days = {name: (int(text[:2]) - 1) * 30 + int(text[3:]) for name, text in CROPS.items()}
    plantings = [Planting(table[name].kc, days[name], table[name].height_m) for name in CROPS]
    hectares = rng.uniform(0.0, 20.0, (NEED_AREAS, len(plantings)))
    climates = [
        Climate(
            warm * rng.uniform(0.8, 1.2, (NEED_AREAS, 1)),
            rng.uniform(0.0, 25.0, (NEED_AREAS, DECADES)) * year,
            rng.uniform(1.0, 3.0, NEED_AREAS),
            rng.uniform(20.0, 50.0, NEED_AREAS),
        )
        for year in YEARS
    ]
    seconds = taken(lambda: [find_need(one, plantings, hectares, periods) for one in climates])
    note = f"{NEED_AREAS:,} areas, {DECADES} ten-day parts, {len(YEARS)} kinds of year, {len(plantings)} crops"
    return [Row("need of water", "obod", f"{seconds:.2f} s", reach="2 s", note=note)]


def _tree() -> list[Row]:
    """A tree of canals over a year beside pywr; both get the same reaches, needs and supply."""
    need, river = season_of_decades()
    world = canal_world(np.random.default_rng(SEED), TREE, need, river, lost=LINED_LOST)
    work = f"sharing on {TREE:,} reaches, {DECADES} ten-day parts"
    rows = []
    peer: dict[str, float] | None = None
    try:
        peer = _pywr(world)
        version = peers.version("pywr", "pywr")
        note = f"a linear programme a step; {peer['delivered_m3_s']:.1f} m3/s delivered over the parts"
        rows.append(
            Row(work, version, f"{peer['setup_s']:.1f} s to set up, {peer['run_s']:.2f} s to run", "1x", "", note)
        )
    except peers.Missing as missing:
        rows.append(Row(work, "pywr", note=str(missing)))
    claims, supply = world.claims(), world.supply_m3_s[None, :]
    ways = world.ways()
    wanted = {"proportional": "1,000x", "max-min": "300x"}
    for rule in RULES:
        seconds = taken(partial(share_water, ways, claims, supply, rule))
        whole = taken(partial(_from_lines, world, claims, supply, rule))
        delivered = float(share_water(ways, claims, supply, rule).delivered_m3_s.sum())
        ratio = ""
        if peer is not None:
            both = (peer["setup_s"] + peer["run_s"]) / whole
            ratio = f"{peer['run_s'] / seconds:,.0f}x run, {both:,.0f}x with set-up"
        reach = f"{wanted[rule]} run, 5,000x with set-up"
        measured = f"{1e3 * seconds:.1f} ms, {1e3 * whole:.1f} ms with set-up"
        rows.append(Row(work, f"obod, {rule}", measured, ratio, reach, f"{delivered:.1f} m3/s delivered"))
    return rows


def _from_lines(world: CanalWorld, claims: Claims, supply: Floats, rule: str) -> Shares:
    return share_water(world.ways(), claims, supply, rule)


def _pywr(world: CanalWorld) -> dict[str, float]:
    interpreter = peers.python("pywr")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.npz"
        np.savez(
            path,
            tail=world.tail,
            head=world.head,
            conveyance=world.conveyance,
            limit=world.limit_m3_s,
            node=world.node,
            need=world.need_m3_s,
            supply=world.supply_m3_s,
        )
        ended = subprocess.run(
            [str(interpreter), "bench/canals_in_pywr.py", str(path)], cwd=peers.ROOT, capture_output=True, text=True
        )
    if ended.returncode:
        raise peers.Missing("pywr did not run the tree")
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


def _nation() -> list[Row]:
    canals = nation()
    periods = canals.supply_m3_s.shape[1]
    work = "sharing over a nation, in memory"
    note = f"{len(canals.ways.tail):,} reaches, {len(canals.claims.need_m3_s):,} areas, {periods} periods"
    rows = []
    for rule, reach in (("proportional", "1 s"), ("max-min", "5 s")):
        seconds = taken(partial(share_water, *canals, rule), times=1)
        each = len(canals.ways.tail) * periods / seconds / 1e6
        rows.append(Row(work, f"obod, {rule}", f"{seconds:.2f} s", "", reach, f"{note}; {each:.1f} million a second"))
    return rows


def _works() -> list[Row]:
    rows = []
    for works, reaches, reach in ((12, 300, "2 s, exact"), (60, 300, "30 s, gap 5 %")):
        world = works_world(works, reaches, 6)
        began = time.perf_counter()
        found = choose_works(world.valuation, world.budget_usd)
        seconds = time.perf_counter() - began
        said = f"{found.ranking.gain:,.0f} ha gained, no set gains more than {found.bound.gain:,.0f}"
        measured = f"{seconds:.1f} s, gap {100 * found.gap:.2f} %"
        rows.append(Row(f"{works} works, {reaches} reaches, 6 periods", "obod", measured, "", reach, said))
    return rows
