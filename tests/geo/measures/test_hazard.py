"""Hazard levels of plots: the worst spot counts, and what was never looked for is unknown."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import shapely

from geo.contract.criterion import B, C, D
from geo.measures.hazard import HIGH_OFTEN, MEDIUM_OFTEN, SUSCEPTIBILITY
from tests.worlds import valley
from tests.worlds.valley import at, measured, zones


def test_the_highest_level_that_touches_a_plot_counts_and_unlabelled_zones_are_medium() -> None:
    shape = valley.square("clean", -20.0)
    found = measured("flood_level", hazard_zones=zones({"geometry": shape}, {"geometry": shape, "level": "high"}))
    assert at(found, "clean") == 4.0
    assert at(found, "steep") == 0.0
    assert not found.notes[HIGH_OFTEN].any()
    for level in ("unknown", None):
        assert at(measured("flood_level", hazard_zones=zones({"geometry": shape, "level": level})), "clean") == 3.0


def test_often_means_a_zone_of_that_level_and_of_thirty_years_at_most() -> None:
    shape = valley.square("clean")
    rare_high = {"geometry": shape, "level": "high", "return_period_y": 300}
    often_low = {"geometry": shape, "level": "low", "return_period_y": 10}
    found = measured("flood_level", hazard_zones=zones(rare_high, often_low))
    assert at(found, "clean") == 4.0
    assert not found.notes[MEDIUM_OFTEN][0]
    for years, often in ((30, True), (31, False), (None, False)):
        zone = zones({"geometry": shape, "level": "medium", "return_period_y": years})
        assert measured("flood_level", hazard_zones=zone).notes[MEDIUM_OFTEN][0] == often


def test_unmapped_is_unknown_and_a_zone_is_known_even_where_the_extent_is_not() -> None:
    assert np.isnan(at(measured("flood_level"), "unmapped"))
    for missing in ("flood", "debris_flow"):
        extents = valley.hazard_extents()
        found = measured("flood_level", hazard_extents=extents[extents["process"] != missing])
        assert np.isnan(at(found, "clean"))  # one of the two was never looked for
        assert at(found, "mudflow") == 3.0
    without = measured("flood_level", hazard_extents=None)
    assert np.isnan(at(without, "clean"))
    assert at(without, "mudflow") == 3.0
    only_extents = measured("flood_level", hazard_zones=None)
    assert at(only_extents, "clean") == 0.0
    half = valley.hazard_extents().assign(geometry=shapely.box(0, 0, valley.X + 1_290, 1e7))
    assert np.isnan(at(measured("avalanche_level", hazard_extents=half), "clean"))


def test_processes_belong_to_their_criterion() -> None:
    shape = valley.square("clean")
    expected = {"flood": "flood_level", "debris_flow": "flood_level", "hillslope_debris_flow": "flood_level"}
    expected |= {"avalanche": "avalanche_level", "landslide": "slide_level", "rockfall": "slide_level"}
    for process, name in expected.items():
        zone = zones({"geometry": shape, "process": process, "level": "high"})
        for criterion in ("flood_level", "avalanche_level", "slide_level"):
            assert at(measured(criterion, hazard_zones=zone), "clean") == (4.0 if criterion == name else 0.0)


@pytest.mark.parametrize(
    ("source", "mapped_on", "letter"),
    [
        *(("official", date(2024, 1, 1), B), ("official", date(2019, 1, 1), C), ("official", None, D)),
        *(("derived", date(2024, 1, 1), C), ("unknown", date(2024, 1, 1), D)),
    ],
)
def test_evidence_of_a_zone_follows_its_source(source: str, mapped_on: date | None, letter: int) -> None:
    zone = zones({"geometry": valley.square("clean"), "source_class": source, "mapped_on": mapped_on})
    found = measured("flood_level", hazard_zones=zone)
    assert found.evidence is not None
    assert found.evidence[0] == letter
    assert found.notes[SUSCEPTIBILITY][0] == (source == "derived")


def test_the_avalanche_table_is_that_of_the_crop() -> None:
    assert measured("avalanche_level").table is not None
    assert set(measured("avalanche_level").table.tolist()) == {0}
    assert set(measured("avalanche_level", crop="apple").table.tolist()) == {1}
