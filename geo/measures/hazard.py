"""Hazard level of a plot from the mapped zones: the worst spot of the plot counts.

A plot that no zone touches has level *none* only where the hazard was looked for: wholly inside the mapped extent of
every process the criterion asks about. Elsewhere its level is unknown, not none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.contract.columns import age_years, evidence_by_age, numbers, texts
from geo.contract.criterion import Block, C, Criterion, D, Flags, Floats, Measure, Measured
from geo.contract.needs import Need, Within
from geo.contract.reasons import NO_HAZARD_MAPPING
from geo.errors import NotAssessed
from geo.hazard.levels import HIGH, MEDIUM, zone_level
from geo.measures.overlap import highest, meetings, overlapping, share_met
from geo.measures.reference_crop import TREES_JUDGED, trees_judged

OFTEN_Y = 30.0  # years; domain reference 3.6 step 6
WHOLLY = 0.999  # share of a plot; outlines of maps never agree to the last metre
MEDIUM_OFTEN = "medium or high level at least every 30 years"
HIGH_OFTEN = "high level at least every 30 years"
SUSCEPTIBILITY = "from a susceptibility map, which is not a hazard map"
ZONES_ON_PLOT = Need("hazard_zones", touches=Within(0.0))
EXTENTS_ON_PLOT = Need("hazard_extents", touches=Within(0.0))
ANNUAL_TABLE, TREES_TABLE = 0, 1  # membership tables of the avalanche level


class Zones(NamedTuple):
    """Hazard zones of some processes: outlines, level 0..4, return period [years], confidence 0..3."""

    outline: NDArray[np.object_]
    level: NDArray[np.int64]
    return_period_y: Floats
    evidence: NDArray[np.int64]
    derived: NDArray[np.bool_]


def hazard_level(*processes: str, looked_for: Sequence[str], by_crop: bool = False) -> Measure:
    """Return the measure of the highest level of some processes.

    Parameters
    ----------
    *processes : processes that count
    looked_for : processes whose mapped extents must all hold the plot before *none* can be said
    by_crop : the membership table depends on whether the reference crop is a tree

    Returns
    -------
    measure of levels (n,), none 0 to high 4, NaN where no zone touches the plot and not all was looked for; raises
        NotAssessed where neither zones nor extents are loaded
    """

    def measure(block: Block, _: Criterion) -> Measured:
        if "hazard_zones" not in block.nearby and "hazard_extents" not in block.nearby:
            raise NotAssessed(NO_HAZARD_MAPPING)
        n = len(block)
        zones = _zones(block, processes)
        zone, plot = overlapping(block, zones.outline)
        level = highest(plot, zones.level[zone], n)
        evidence = highest(plot, zones.evidence[zone], n)
        often = zones.return_period_y[zone] <= OFTEN_Y
        level_often = highest(plot[often], zones.level[zone][often], n)
        derived = np.zeros(n, dtype=bool)
        derived[plot[zones.derived[zone]]] = True

        looked = np.ones(n, dtype=bool)
        best_map = np.zeros(n, dtype=np.int64)
        for process in looked_for:
            covered, map_evidence = _looked_for(block, process)
            looked &= covered
            best_map = np.maximum(best_map, map_evidence)
        untouched = np.isnan(level)
        trees = trees_judged(block)
        return Measured(
            np.where(untouched, np.where(looked, 0.0, np.nan), level),
            table=np.where(trees, TREES_TABLE, ANNUAL_TABLE).astype(np.int8) if by_crop else None,
            evidence=np.where(untouched, best_map, np.nan_to_num(evidence, nan=D)).astype(np.int8),
            notes={
                MEDIUM_OFTEN: level_often >= MEDIUM,
                HIGH_OFTEN: level_often >= HIGH,
                TREES_JUDGED: trees,
                SUSCEPTIBILITY: derived,
            },
        )

    return measure


def zone_levels(frame: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the level of each hazard zone: as stated or, where it is not, from intensity and return period.

    Parameters
    ----------
    frame : rows of hazard_zones

    Returns
    -------
    int64 (rows,), 0-4
    """
    return _rate_zones(frame)[0]


def _rate_zones(frame: gpd.GeoDataFrame) -> tuple[NDArray[np.int64], Floats, Flags]:
    """Level and return period of each zone (``levels.zone_level``), and whether it is dangerous and no more."""
    told = (*(texts(frame, name, empty="unknown") for name in ("process", "level", "intensity")),)
    period = numbers(frame, "return_period_y")
    known: dict[tuple[str, str, str, str], tuple[int, float, bool]] = {}
    found = []
    for process, stated, intensity, years in zip(*told, period.tolist(), strict=True):
        key = (process, stated, intensity, repr(years))
        if key not in known:  # few kinds of zones, many zones
            known[key] = zone_level(process, stated, intensity, years)
        found.append(known[key])
    level, years, unlabelled = zip(*found, strict=True) if found else ((), (), ())
    return np.array(level, dtype=np.int64), np.array(years, dtype=np.float64), np.array(unlabelled, dtype=bool)


def _evidence(frame: gpd.GeoDataFrame, block: Block) -> NDArray[np.int64]:
    """Official and expert maps by their age; derived ones C; of unknown source D."""
    source = texts(frame, "source_class", empty="unknown")
    by_age = evidence_by_age(age_years(frame, "mapped_on", block.judgement.as_of))
    mapped = np.isin(source, ("official", "expert"))
    return np.asarray(np.where(mapped, by_age, np.where(source == "derived", C, D)), dtype=np.int64)


def _zones(block: Block, processes: Sequence[str]) -> Zones:
    process, zones = block.once(_every_zone)
    rows = np.isin(process, processes)
    return Zones(
        zones.outline[rows],
        zones.level[rows],
        zones.return_period_y[rows],
        zones.evidence[rows],
        zones.derived[rows],
    )


def _every_zone(block: Block) -> tuple[NDArray[np.object_], Zones]:
    """Every hazard zone around a block, and its process."""
    frame = block.nearby.get("hazard_zones")
    if not isinstance(frame, gpd.GeoDataFrame):
        empty = np.empty(0)
        return empty.astype(object), Zones(
            empty.astype(object), empty.astype(np.int64), empty, empty.astype(np.int64), empty.astype(np.bool_)
        )
    level, period, unlabelled = _rate_zones(frame)
    evidence = _evidence(frame, block)
    return texts(frame, "process"), Zones(
        outline=np.asarray(frame.geometry.to_numpy(), dtype=object),
        level=level,
        return_period_y=period,
        evidence=np.where(unlabelled, np.maximum(evidence, C), evidence),
        derived=texts(frame, "source_class") == "derived",
    )


def level_of(block: Block, processes: Sequence[str]) -> Floats:
    """Return the highest level of some processes on each plot.

    Parameters
    ----------
    block : n plots and what lies around them
    processes : that count

    Returns
    -------
    float64 (n,), NaN where no zone of them meets a plot
    """
    zones = _zones(block, processes)
    zone, plot = overlapping(block, zones.outline)
    return highest(plot, zones.level[zone], len(block))


def _looked_for(block: Block, process: str) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which plots lie wholly inside the mapped extent of a process, and the best confidence of those maps."""
    known, outlines, evidence = block.once(_extents)
    if known is None:
        return np.zeros(len(block), dtype=bool), np.full(len(block), D, dtype=np.int64)
    rows = known == process
    return block.once(_mapped, tuple(outlines[rows].tolist()), tuple(evidence[rows].tolist()))


def _extents(block: Block) -> tuple[NDArray[np.object_] | None, NDArray[np.object_], NDArray[np.int64]]:
    """Process, outline (WKB) and evidence of every mapped extent around a block; None where the layer is absent."""
    frame = block.nearby.get("hazard_extents")
    if not isinstance(frame, gpd.GeoDataFrame):
        return None, np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
    outlines = np.asarray(shapely.to_wkb(frame.geometry.to_numpy()), dtype=object)
    return texts(frame, "process"), outlines, _evidence(frame, block)


def _mapped(block: Block, outlines: tuple[bytes, ...], evidence: tuple[int, ...]) -> tuple[Flags, NDArray[np.int64]]:
    """Plots inside outlines (WKB) and the best of their evidence; one mapping often serves several processes."""
    shapes = shapely.from_wkb(np.array(outlines, dtype=object))
    met = meetings(block, shapes)
    best = np.full(len(block), D, dtype=np.int64)
    np.minimum.at(best, met.plot[met.ground], np.array(evidence, dtype=np.int64)[met.zone[met.ground]])
    return share_met(block, shapes, met) >= WHOLLY, best
