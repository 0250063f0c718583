"""Random networks of canals with losses, capacities and several intakes; and the text book's way of sharing."""

from typing import Any, NamedTuple, cast

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from geo.water.sharing.division import Claims, Shares, share_water
from geo.water.sharing.waterways import Waterways

Floats = NDArray[np.float64]


def claims(
    need: object, area_ha: object = None, gardens: object = None, distance: object = None, codes: object = None
) -> Claims:
    """What areas ask for in one period."""
    wanted = np.asarray(need, dtype=np.float64)[:, None]
    count = len(wanted)
    return Claims(
        wanted,
        np.ones(count) if area_ha is None else np.asarray(area_ha, dtype=np.float64),
        np.zeros((count, 1)) if gardens is None else np.asarray(gardens, dtype=np.float64)[:, None],
        np.arange(count, dtype=np.float64) if distance is None else np.asarray(distance, dtype=np.float64),
        np.array([f"a{i:03d}" for i in range(count)]) if codes is None else np.asarray(codes),
    )


def supply(*flows: float) -> Floats:
    return np.array(flows)[:, None]


class World(NamedTuple):
    """A random network: reach r ends at node r + 1; more reaches may join; some nodes have intakes."""

    tail: list[int]
    head: list[int]
    conveyance: list[float]
    limit: list[float]
    area_node: list[int]
    need: list[float]
    area_ha: list[float]
    gardens: list[float]
    distance: list[float]
    intake_node: list[int]
    water: list[float]

    @property
    def ways(self) -> Waterways:
        return Waterways(self.tail, self.head, self.conveyance, self.limit, self.area_node, np.inf, self.intake_node)

    @property
    def claims(self) -> Claims:
        return claims(self.need, self.area_ha, self.gardens, self.distance)

    def share(self, rule: str, per: str = "ratio") -> Shares:
        return share_water(self.ways, self.claims, supply(*self.water), rule, per=per)


@st.composite
def worlds(draw: st.DrawFn, *, joins: bool = False, most: int = 14) -> World:
    reaches = draw(st.integers(1, most))
    tail = [draw(st.integers(0, r)) for r in range(reaches)]
    head = [r + 1 for r in range(reaches)]
    if joins:
        for _ in range(draw(st.integers(1, 3))):
            first = draw(st.integers(0, reaches - 1))
            tail.append(first)
            head.append(draw(st.integers(first + 1, reaches)))
    share = st.sampled_from([0.0, 0.3, 0.5, 0.8, 0.9, 0.95, 1.0])
    room = st.one_of(st.just(np.inf), st.floats(0, 40).map(lambda x: round(x, 3)))
    flows = st.floats(0, 50).map(lambda x: round(x, 3))
    areas = draw(st.integers(1, most))
    need = [draw(flows) for _ in range(areas)]
    intakes = draw(st.integers(0, 2))
    return World(
        tail,
        head,
        [draw(share) for _ in tail],
        [draw(room) for _ in tail],
        [draw(st.integers(0, reaches)) for _ in range(areas)],
        need,
        [draw(st.sampled_from([0.5, 1.0, 2.0, 7.0])) for _ in range(areas)],
        [round(one * draw(st.sampled_from([0.0, 0.1, 0.5])), 6) for one in need],
        [float(draw(st.integers(0, 5))) for _ in range(areas)],
        [0] + [draw(st.integers(0, reaches)) for _ in range(intakes)],
        [draw(flows) for _ in range(intakes + 1)],
    )


def deliverable(
    world: World, fixed: dict[int, float], wanted: Floats
) -> tuple[Floats, Floats, list[tuple[float, float]]]:
    """Rows and bounds of a dense programme: flows, intakes, areas; written apart from the product's."""
    reaches, intakes, areas = len(world.tail), len(world.intake_node), len(world.need)
    nodes = max(*world.head, 0) + 1
    rows = np.zeros((nodes, reaches + intakes + areas))
    for r in range(reaches):
        rows[world.head[r], r] += world.conveyance[r]
        rows[world.tail[r], r] -= 1.0
    for k in range(intakes):
        rows[world.intake_node[k], reaches + k] = 1.0
    for j in range(areas):
        rows[world.area_node[j], reaches + intakes + j] = -1.0
    most = sum(world.water)
    bounds = [(0.0, min(limit, most)) for limit in world.limit] + [(0.0, water) for water in world.water]
    bounds += [(fixed[j] - 1e-9 if j in fixed else 0.0, fixed.get(j, wanted[j])) for j in range(areas)]
    return rows, np.zeros(nodes), [(max(low, 0.0), max(low, high, 0.0)) for low, high in bounds]


def lexicographic(world: World, weight: Floats, wanted: Floats) -> Floats:
    """Levels by the text book: raise the least; whoever cannot rise above it with all others held at it stays."""
    areas, offset = len(wanted), len(world.tail) + len(world.intake_node)
    fixed = {j: 0.0 for j in range(areas) if not weight[j] * wanted[j] > 0}
    while len(fixed) < areas:
        rows, zero, bounds = deliverable(world, fixed, wanted)
        free = [j for j in range(areas) if j not in fixed]

        def floors(level: float | None, free: list[int] = free, width: int = rows.shape[1]) -> tuple[Floats, Floats]:
            """-got + weight x level <= 0 with the level as a last variable, or -got <= -weight x level."""
            matrix = np.zeros((len(free), width + (level is None)))
            right = np.zeros(len(free))
            for i, j in enumerate(free):
                matrix[i, offset + j] = -1.0
                if level is None:
                    matrix[i, -1] = weight[j]
                else:
                    right[i] = -weight[j] * level + 1e-9
            return matrix, right

        least = min(wanted[j] / weight[j] for j in free)
        matrix, right = floors(None)
        cost = np.zeros(rows.shape[1] + 1)
        cost[-1] = -1.0
        wide = np.hstack([rows, np.zeros((len(rows), 1))])
        level = cast(Any, linprog)(cost, matrix, right, wide, zero, [*bounds, (0.0, least)], method="highs").x[-1]
        matrix, right = floors(level)
        for j in free:
            cost = np.zeros(rows.shape[1])
            cost[offset + j] = -1.0
            best = cast(Any, linprog)(cost, matrix, right, rows, zero, bounds, method="highs")
            if -best.fun <= weight[j] * level + 1e-7 * (1 + weight[j]):
                fixed[j] = min(weight[j] * level, wanted[j])
    return np.array([fixed[j] for j in range(areas)])
