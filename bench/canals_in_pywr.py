"""A tree of canals as a model of pywr, run by the interpreter of its own environment: ``canals_in_pywr.py WORLD.npz``.

The same reaches, losses, limits, needs and supply as ``bench.water`` shares; pywr solves one linear programme a step,
in which every area is worth the same. Prints one line of JSON: seconds to set up, seconds to run, m3/s delivered.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
from pywr.core import Input, Link, Model, Output
from pywr.nodes import LossLink
from pywr.parameters import ArrayIndexedParameter
from pywr.recorders import NumpyArrayNodeRecorder

OUTLET_WORTH = -100.0  # cost of a unit delivered; below 0, so that water goes where it is needed


def main() -> None:
    """Build the model, run it once, say what it took."""
    world = np.load(sys.argv[1])
    periods = world["need"].shape[1]
    began = time.perf_counter()
    model = Model(start="2026-01-01", end=np.datetime64("2026-01-01") + np.timedelta64(10 * periods - 1, "D"))
    model.timestepper.delta = 10
    supply = ArrayIndexedParameter(model, world["supply"].astype(np.float64))
    points: dict[int, Any] = {0: Input(model, "intake", max_flow=supply)}
    for node in world["head"].tolist():
        points[node] = Link(model, f"node {node}")
    for reach, (tail, head) in enumerate(zip(world["tail"].tolist(), world["head"].tolist(), strict=True)):
        lost = 1.0 / world["conveyance"][reach] - 1.0  # of what arrives, as pywr counts it
        line = LossLink(
            model, f"reach {reach}", loss_factor=lost, max_flow=world["limit"][reach] * world["conveyance"][reach]
        )
        points[tail].connect(line)
        line.connect(points[head])
    given = []
    for area, node in enumerate(world["node"].tolist()):
        need = ArrayIndexedParameter(model, world["need"][area].astype(np.float64))
        outlet = Output(model, f"area {area}", max_flow=need, cost=OUTLET_WORTH)
        points[node].connect(outlet)
        given.append(NumpyArrayNodeRecorder(model, outlet))
    model.setup()
    ready = time.perf_counter()
    model.run()
    ended = time.perf_counter()
    delivered = float(sum(np.asarray(one.data).sum() for one in given))
    sys.stdout.write(json.dumps({"setup_s": ready - began, "run_s": ended - ready, "delivered_m3_s": delivered}) + "\n")


if __name__ == "__main__":
    main()
