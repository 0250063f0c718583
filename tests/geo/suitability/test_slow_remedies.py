"""The cheapest lift against an obvious judge written from the text, on random plots; it shares no code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.contract.criterion import Measured
from geo.criteria import LAND_CRITERIA
from geo.measures.exclusion import nothing_excluded
from geo.measures.soil import response_tables
from geo.measures.surveys import Groundwater
from geo.measures.water import ONLY_FEEDING_REACH, SHARE_OF_CANAL
from geo.panel.scheme import load_scheme
from geo.suitability.assess import evaluate
from geo.suitability.remedies import cheapest_lift
from geo.suitability.surroundings import Surroundings
from tests.worlds import slow_remedies
from tests.worlds.slow_remedies import Ground

SCHEME = load_scheme()
GOOD = {
    **{"W1": 1.0, "W2": 1.5, "W3": 0.95, "W4": 1.0, "H1": 0.0, "H2": 0.0, "H3": 0.0, "H4": 0.0, "T1": 1.0},
    **{"E1": 1.0, "E2": 120.0, "E3": 1.0, "C1": 1.2, "C2": 40.0, "A1": 5.0, "A2": 20.0, "A3": 15.0},
}


def one(random: np.random.Generator) -> tuple[dict[str, float], Ground]:
    """Return a plot with two to five things wrong with it."""
    wrong = {
        **{"W1": random.uniform(0.2, 1.0), "W2": random.uniform(-0.6, 1.0), "W3": random.uniform(0.2, 0.9)},
        **{"W4": float(random.integers(1, 6)), "H1": float(random.integers(0, 4)), "H2": float(random.integers(0, 4))},
        **{"H3": float(random.integers(0, 5)), "H4": random.uniform(0, 1_200), "T1": random.uniform(0, 30)},
        **{"E1": random.uniform(1, 14), "E2": random.uniform(10, 110), "C1": random.uniform(0.68, 1.1)},
        **{"C2": random.uniform(-22, 30), "A1": random.uniform(5, 95), "A2": random.uniform(20, 320)},
    }
    chosen = random.choice(list(wrong), random.integers(2, 6), replace=False)
    values = {**GOOD, **{name: wrong[name] for name in chosen}}
    around = Ground(
        reach_share=float(random.choice([0.2, 1.0])),
        only_reach=bool(random.random() < 0.5),
        earth_canal=bool(random.random() < 0.3),
        terraced=bool(random.random() < 0.2),
        debris_flow=bool(random.random() < 0.5),
        groundwater_m=float(random.choice([0.9, 1.4, 1.6, 2.7, 3.9, 4.0, 6.0])),
        available_water_mm=float(random.choice([70.0, 120.0, 160.0])),
        drain_near=bool(random.random() < 0.4),
        esp_pct=float(random.choice([5.0, 15.0])),
        gypsum_pct=float(random.choice([0.0, 2.0])),
        outlet_ha=float(random.uniform(1, 5)),
        area_ha=float(random.uniform(0.05, 2)),
    )
    wet = slow_remedies.between(around.groundwater_m, slow_remedies.KNOTS["groundwater"])
    held = slow_remedies.between(around.available_water_mm, slow_remedies.KNOTS["awc"])
    return {**values, "E3": min(wet, held)}, around


def as_measured(values: dict[str, float], around: Ground) -> dict[str, Measured]:
    found = {}
    for criterion in LAND_CRITERIA:
        value = np.array([values[criterion.code]])
        found[criterion.id] = Measured(value, evidence=np.zeros(1, dtype=np.int8))
    found["salinity_ds_m"] = replace(found["salinity_ds_m"], table=response_tables(np.array(["potato"])))
    found["slope_pct"] = replace(found["slope_pct"], table=np.array([around.terraced], dtype=np.int8))
    found["canal_condition"] = replace(
        found["canal_condition"],
        notes={ONLY_FEEDING_REACH: np.array([around.only_reach])},
        beside={SHARE_OF_CANAL: np.array([around.reach_share])},
    )
    return found


def as_surroundings(around: Ground) -> Surroundings:
    depth_m = np.array([around.groundwater_m])
    return Surroundings(
        earth_canal=np.array([around.earth_canal]),
        drain_near=np.array([around.drain_near]),
        by_debris_flow=np.array([around.debris_flow]),
        groundwater=Groundwater(depth_m, depth_m, depth_m, np.zeros(1, dtype=np.int8)),
        available_water_mm_m=np.array([around.available_water_mm]),
        esp_pct=np.array([around.esp_pct]),
        gypsum_pct=np.array([around.gypsum_pct]),
        outlet_ha=np.array([around.outlet_ha]),
    )


@pytest.mark.parametrize("seed", [31, 32, 33])
def test_random_plots_are_lifted_as_the_judge_lifts_them(seed: int) -> None:
    random = np.random.default_rng(seed)
    lifted = 0
    for _ in range(100):
        values, around = one(random)
        measured = as_measured(values, around)
        now = evaluate(measured, nothing_excluded(1), SCHEME)
        judged, score = slow_remedies.class_and_score(values, around, terraced=around.terraced)
        assert (int(now.classes[0]), bool(now.shut[0])) == (judged, score < 0), (values, around)
        found = cheapest_lift(measured, SCHEME, area_ha=around.area_ha, around=as_surroundings(around), best=now)
        expected = None if judged == 0 else slow_remedies.cheapest(values, around)
        if expected is None:
            assert found is None, (values, around, found)
            continue
        assert found is not None, (values, around, expected)
        cost, after, score = expected
        assert found.cost_usd == pytest.approx(cost), (values, around, found)
        assert found.suitability_class == ("S1", "S2", "S3")[after]
        assert found.score == pytest.approx(100 * score, abs=0.11)
        lifted += 1
    assert lifted > 30
