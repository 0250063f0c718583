"""What a network is made of, as it is mapped, and what is made of it; coordinates in the working CRS, metres."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.str_]
Shapes = NDArray[np.object_]

NOWHERE = -1


class Reaches(NamedTuple):
    """Canal reaches, drawn in the direction of flow.

    code : str (n,). canal : str (n,), name of the canal, empty unknown. upstream : str (n,), code of the reach it takes
    its water from where the drawing cannot say, else empty. closed : bool (n,), carries nothing. flow_known : bool
    (n,), the line runs with the water. head_level_m, tail_level_m : float64 (n,), water levels, NaN unknown.
    level_sigma_m : float64 (n,), one standard deviation of either. geometry : (n,) LineString or MultiLineString.
    """

    code: Words
    canal: Words
    upstream: Words
    closed: NDArray[np.bool_]
    flow_known: NDArray[np.bool_]
    head_level_m: Floats
    tail_level_m: Floats
    level_sigma_m: Floats
    geometry: Shapes


class Points(NamedTuple):
    """Outlets or intakes.

    code : str (n,). reach : str (n,), code of the reach they lie at, empty unknown. area : str (n,), code of the
    command area an outlet serves, empty unknown; of an intake always empty. along_m : float64 (n,), metres along the
    reach, NaN unknown. geometry : (n,) Point.
    """

    code: Words
    reach: Words
    area: Words
    along_m: Floats
    geometry: Shapes


class Pieces(NamedTuple):
    """Reaches cut at every joint.

    reach : int64 (p,), which one. start_m, end_m : float64 (p,), along it. tail, head : int64 (p,), nodes.
    """

    reach: Ints
    start_m: Floats
    end_m: Floats
    tail: Ints
    head: Ints


class Network(NamedTuple):
    """A directed network.

    pieces : reaches cut at joints. node_xy : float64 (nodes, 2), m. outlet_node, intake_node : int64, node of each,
    -1 where it lies at no reach. system : int64 (nodes,), connected parts; closed reaches connect too. ordered : bool
    (nodes,), false where water would run in a circle or its direction is not known, with all that is connected.
    """

    pieces: Pieces
    node_xy: Floats
    outlet_node: Ints
    intake_node: Ints
    system: Ints
    ordered: NDArray[np.bool_]


class Fault(NamedTuple):
    """Something wrong with a network as it is mapped.

    kind : key of ``SENTENCES``. code : of the reach, outlet, area or canal. x_m, y_m : where it is, NaN for nowhere on
    the map. matters : the systems it lies in are left out of balances. values : what its sentence has to name.
    """

    kind: str
    code: str
    x_m: float
    y_m: float
    matters: bool
    values: dict[str, str]

    @property
    def sentence(self) -> str:
        """The fault in words, English."""
        return SENTENCES[self.kind].format(code=self.code, **self.values)


# Message ids, one a kind of fault.
SENTENCES = {
    "loop": "Water would run in a circle through canal reach {code}.",
    "two directions": "Canal reaches {code} are drawn towards or away from each other.",
    "direction unknown": "It is not known which way water runs in canal reach {code}.",
    "dangling": "The upper end of canal reach {code} is joined to nothing: the next canal is {distance} m away.",
    "leads nowhere": "Canal reach {code} leads to no outlet and no other reach.",
    "uphill": "Water level of canal reach {code} is {rise} m higher at its lower end.",
    "no intake": "No intake feeds canal reach {code} and {others} others connected with it.",
    "outlet off": "Outlet {code} lies at no canal reach: the next is {distance} m away.",
    "intake off": "Intake {code} lies at no canal reach: the next is {distance} m away.",
    "outlet without area": "Outlet {code} serves no command area that is mapped.",
    "area without outlet": "Command area {code} has no outlet.",
    "capacity missing": "The capacity of canal reach {code} is not known.",
    "capacity below need": "Canal reach {code} takes in {capacity} m3/s; {need} m3/s are needed beyond it.",
    "canal in parts": "Canal {code} is drawn in {parts} parts that do not touch.",
    "line in parts": "Canal reach {code} is drawn in parts that do not touch.",
    "unknown code": "{what} {code} names canal reach '{reach}', which is not mapped.",
}
MATTERING = frozenset({"loop", "two directions", "direction unknown", "line in parts"})
