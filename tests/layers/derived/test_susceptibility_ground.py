"""What masks avalanches, what an event on record changes, and what is said of it."""

from __future__ import annotations

import numpy as np
import shapely
from sqlalchemy import Connection, select

from api.language.translate import translate
from geo.hazard.levels import SUSCEPTIBILITY, UNTESTED
from layers.catalogue.base import PUBLIC
from layers.catalogue.hazards import HazardExtent, HazardZone
from layers.derived.susceptibility import derive
from layers.explain.ways import hazards_on
from layers.features.features import layer_features
from layers.loading import load_frame
from layers.records.loads import Load
from tests.worlds.mapped_by_nobody import (
    CELL_M,
    OUTLINE,
    RASHT,
    N,
    X,
    Y,
    current,
    derived_ha,
    frame,
    lay,
    mountains,
    valley_heights,
)


def test_avalanches_keep_off_ground_without_snow_and_under_dense_forest(clean: Connection) -> None:
    lay(clean, "dem", mountains())
    free = derived_ha(clean, "avalanche")
    assert free["medium"] > 100.0
    method = current(clean, HazardZone, "avalanche")["method"].iloc[0]
    assert "snow by altitude" in method
    assert "all ground open" in method
    cover = np.zeros((N, N))
    cover[:, :100] = 90.0
    lay(clean, "crown_cover", cover, off=14.0)  # cells that lie otherwise than those of the heights
    (half,) = derive(clean, RASHT, ["avalanche"])
    assert 0.3 * free["medium"] < half.area_ha["medium"] < 0.7 * free["medium"]
    zones = current(clean, HazardZone, "avalanche")
    middle = X + 100 * CELL_M - 14.0
    medium = shapely.union_all(zones[zones["level"] == "medium"].geometry.to_numpy())
    assert medium.bounds[0] > middle - 600.0  # what releases east of the middle runs west, not far
    assert "dense forest left out" in zones["method"].iloc[0]
    load = clean.execute(select(Load.source).where(Load.load_id == half.zones_load)).scalar_one()
    assert "made-up crown_cover" in str(load)
    lay(clean, "snow_days", np.full((N, N), 30.0))
    assert derived_ha(clean, "avalanche") == {}


def test_what_was_never_tested_is_low_at_most_and_every_surface_says_so(clean: Connection) -> None:
    lay(clean, "dem", mountains() * 1.6)  # steeper than 45 degrees too
    for process in ("debris_flow", "rockfall"):
        assert set(derived_ha(clean, process)) <= {"low", "residual"}
        zones = current(clean, HazardZone, process)
        assert zones["method"].str.endswith(UNTESTED).all()
    derived_ha(clean, "avalanche")
    expected = {"avalanche": SUSCEPTIBILITY, "debris_flow": UNTESTED, "rockfall": UNTESTED}
    for layer, processes in ((HazardZone, {"avalanche", "rockfall"}), (HazardExtent, set(expected))):
        features = layer_features(layer, PUBLIC)
        said = (features.properties[name].value for name in ("process", "caution"))
        rows = clean.execute(select(*said).where(*features.where).distinct()).all()
        found = {row[0]: row[1] for row in rows}
        assert found.items() <= expected.items()
        assert processes <= set(found)
    plot = frame(plot_id="under-a-face", geometry=shapely.MultiPolygon([OUTLINE]))
    load_frame(clean, "plots", plot)
    said_of_it = {told["process"]: told["caution"] for told in hazards_on(clean, "under-a-face")}
    assert said_of_it["rockfall"] == UNTESTED
    assert said_of_it["avalanche"] == SUSCEPTIBILITY
    assert translate(UNTESTED, "tg") != translate(UNTESTED, "ru") != UNTESTED


def test_a_recorded_debris_flow_makes_medium_unless_it_is_known_to_lie_elsewhere(clean: Connection) -> None:
    lay(clean, "dem", mountains())
    assert "medium" not in derived_ha(clean, "debris_flow")
    bed = shapely.Point(X + 60.5 * CELL_M, Y - 100.5 * CELL_M)
    load_frame(clean, "hazard_events", frame(code="far", process="debris_flow", accuracy_m=1_000.0, geometry=bed))
    assert "medium" not in derived_ha(clean, "debris_flow")
    load_frame(clean, "hazard_events", frame(code="slide", process="landslide", geometry=bed))
    assert "medium" not in derived_ha(clean, "debris_flow")
    load_frame(
        clean,
        "hazard_events",
        frame(code="here", process="debris_flow", accuracy_m=50.0, happened_on="2019-05-01", geometry=bed),
    )
    derived_ha(clean, "debris_flow")
    zones = current(clean, HazardZone, "debris_flow")
    medium = shapely.union_all(zones[zones["level"] == "medium"].geometry.to_numpy())
    assert medium.buffer(CELL_M).contains(bed)
    assert medium.hausdorff_distance(bed) < 300.0 + 2 * CELL_M
    assert set(zones["return_period_y"]) == {100}
    load_frame(
        clean, "hazard_events", frame(code="again", process="debris_flow", happened_on="1992-04-01", geometry=bed)
    )
    derived_ha(clean, "debris_flow")
    zones = current(clean, HazardZone, "debris_flow")
    assert set(zones.loc[zones["level"] == "medium", "return_period_y"]) == {30}
    assert set(zones.loc[zones["level"] != "medium", "return_period_y"]) <= {100}


def test_ground_that_something_unseen_may_reach_is_not_looked_at(clean: Connection) -> None:
    unseen = valley_heights()
    unseen[90:94, 110:114] = np.nan
    lay(clean, "dem", unseen)
    derived_ha(clean, "flood")
    looked = shapely.union_all(current(clean, HazardExtent, "flood").geometry.to_numpy())
    hole = shapely.box(X + 110 * CELL_M, Y - 94 * CELL_M, X + 114 * CELL_M, Y - 90 * CELL_M)
    assert not looked.intersects(hole.buffer(200.0))
    assert looked.intersects(hole.buffer(400.0))
