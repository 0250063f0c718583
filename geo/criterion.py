"""What a criterion is: the value to measure, the layers it needs, and how a value becomes a membership."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geo.grid import Grid
from geo.memberships import Membership

Floats = NDArray[np.float64]
Nearby = Mapping[str, "gpd.GeoDataFrame | Grid"]

# Confidence of one value, domain reference 3.6 step 9: A surveyed on the plot <= 2 y; B official map or community
# survey <= 5 y; C derived from grids <= 30 m or older survey; D coarser or undated.
A, B, C, D = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Measured:
    """What a measure found for n plots.

    value : float64 (n,), in the criterion's unit, NaN where unknown.
    table : int8 (n,) or None: which of the criterion's membership tables applies to each plot (None = the first).
    sigma : float64 (n,) or None: standard error of ``value`` in its unit, for memberships that use it.
    evidence : int8 (n,) or None: confidence 0..3 (A..D) of each known value (None = D).
    not_assessed : why nothing could be measured at all (layer not loaded, grid too coarse); then every value is NaN.
    notes : text per flag, for explanations: note -> boolean (n,).
    """

    value: Floats
    table: NDArray[np.int8] | None = None
    sigma: Floats | None = None
    evidence: NDArray[np.int8] | None = None
    not_assessed: str | None = None
    notes: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the plots are judged for, the same for every criterion of a run.

    as_of : ages of evidence are counted to this day. crop : reference crop id per plot, str (n,).
    """

    as_of: date
    crop: NDArray[np.str_]


# plots: GeoDataFrame of n rows in EPSG:32642, RangeIndex, with plot_id, district, settlement, irrigated, terraced,
# land_form; nearby: layer id -> frame (EPSG:32642) or Grid around the plots. A layer that holds nothing at all is absent.
Measure = Callable[[gpd.GeoDataFrame, Nearby, Judgement], Measured]


@dataclass(frozen=True, slots=True)
class HardLimit:
    """A limit no other criterion can make good.

    kind : ``exclude`` (class N2x), ``not_relevant`` (the land use does not apply), ``override`` (another criterion
    is set), ``warning``. below / above : the limit in the criterion's unit, exclusive. tables : membership tables
    it holds for (empty = all). surveyed_only : only on surveyed values, never on a DEM's.
    """

    kind: str
    text: str
    below: float | None = None
    above: float | None = None
    tables: tuple[int, ...] = ()
    surveyed_only: bool = False
    overrides: str | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing a plot is judged by; everything else follows from this declaration.

    id : public name (column, filter, tile attribute). code : domain code such as W1. group : water, hazard, terrain,
    soil, climate, access, labour, tenure. letter : subclass letter. needs : layers and grids read. measure : None
    until its data model is there; it is then never assessed. memberships : one or more tables; ``Measured.table``
    picks. coarsest_m : coarsest grid cell accepted, metres; a coarser one is not assessed. reach_m : how far beyond
    the plots its layers are read, metres. basis : where the knots come from.
    """

    id: str
    code: str
    group: str
    letter: str
    title: str
    unit: str
    better: str
    needs: tuple[str, ...]
    measure: Measure | None
    memberships: tuple[Membership, ...]
    basis: str
    limits: tuple[HardLimit, ...] = ()
    coarsest_m: float | None = None
    reach_m: float = 0.0
    levels: tuple[str, ...] = ()
