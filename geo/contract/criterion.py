"""What a criterion is: the value to measure, the layers it needs, and how a value becomes a membership."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, cast

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geo.contract.declared import ClassCap, Instead, Measuring, Presumed
from geo.contract.memberships import Membership
from geo.contract.nearby import Nearby, shared_of, surface_of
from geo.contract.needs import Need
from geo.contract.reasons import GRID_NOT_LOADED, LAYER_NOT_LOADED, TOO_COARSE
from geo.errors import NotAssessed
from geo.geometry.ragged import Ragged, ragged
from geo.terrain.grid import Grid

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Confidence of one value, domain reference 3.6 step 9: A surveyed on the plot <= 2 y; B official map or community
# survey <= 5 y; C derived from grids <= 30 m or older survey; D coarser or undated.
A, B, C, D = 0, 1, 2, 3

P = ParamSpec("P")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Measured:
    """What a measure found for n plots.

    value : float64 (n,), in the criterion's unit, NaN where unknown.
    table : int8 (n,) or None: which of the criterion's membership tables applies to each plot (None = the first).
    sigma : float64 (n,) or None: standard error of ``value`` in its unit, for memberships that use it; NaN = surveyed.
    evidence : int8 (n,) or None: confidence 0..3 (A..D) of each known value (None = D).
    not_assessed : why nothing could be measured at all (layer not loaded, grid too coarse); then every value is NaN.
    notes : text per flag, for hard limits and explanations: note -> boolean (n,).
    worst, best : float64 (n,) or None: ends of the interval in which the value lies where one of its inputs is
    missing, in its unit, NaN where it is exact or wholly unknown; ``value`` is then what was measured of it.
    beside : what has to be known to change the value, such as by a repair: text -> float64 (n,), NaN unknown.
    """

    value: Floats
    table: NDArray[np.int8] | None = None
    sigma: Floats | None = None
    evidence: NDArray[np.int8] | None = None
    not_assessed: str | None = None
    notes: Mapping[str, Flags] = field(default_factory=dict)
    beside: Mapping[str, Floats] = field(default_factory=dict)
    worst: Floats | None = None
    best: Floats | None = None

    def with_parts(self, change: Callable[[Floats], Floats]) -> Measured:
        """Return the same with the value and both ends of its interval changed alike.

        Parameters
        ----------
        change : values (n,) to values (n,)

        Returns
        -------
        changed copy
        """
        return replace(
            self,
            value=change(self.value),
            worst=None if self.worst is None else change(self.worst),
            best=None if self.best is None else change(self.best),
        )

    @property
    def at_worst(self) -> Floats:
        """Values, of intervals the worse end."""
        return self.value if self.worst is None else np.where(np.isnan(self.worst), self.value, self.worst)

    @property
    def at_best(self) -> Floats:
        """Values, of intervals the better end: what is certain of a limit that is reached all the same."""
        return self.value if self.best is None else np.where(np.isnan(self.best), self.value, self.best)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the plots are judged for, the same for every criterion of a run.

    as_of : ages of evidence are counted to this day. crop : reference crop id per plot, str (n,). land_use : what is
    judged, in words. slope : membership tables of the slope where the scheme has its own, else those declared.
    salt_gathers : salt may gather on any ground, so that no plot is presumed to be free of it; bool, or bool (n,).
    """

    as_of: date
    crop: NDArray[np.str_]
    land_use: str = ""
    slope: tuple[Membership, ...] | None = None
    salt_gathers: bool | Flags = False


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Plots that are measured together, and what lies around them.

    plots : GeoDataFrame of n rows in EPSG:32642, RangeIndex, with plot_id, district, settlement, irrigated, terraced,
    land_form. nearby : layer id -> frame (EPSG:32642) or Grid around the plots; a layer that holds nothing at all is
    absent. judgement : what the plots are judged for.
    """

    plots: gpd.GeoDataFrame
    nearby: Nearby
    judgement: Judgement
    kept: dict[Any, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.plots)

    @property
    def polygons(self) -> NDArray[np.object_]:
        """Outlines of the plots, object (n,), EPSG:32642."""
        return np.asarray(self.plots.geometry.to_numpy(), dtype=object)

    def layer(self, name: str) -> gpd.GeoDataFrame:
        """Return the rows of a layer around the plots, maybe none.

        Parameters
        ----------
        name : layer id

        Returns
        -------
        rows in EPSG:32642

        Raises
        ------
        NotAssessed : the layer holds nothing at all.
        """
        found = self.nearby.get(name)
        if found is None:
            raise NotAssessed(LAYER_NOT_LOADED.format(layer=name))
        return cast("gpd.GeoDataFrame", found)

    def grid(self, name: str, coarsest_m: float | None) -> Grid:
        """Return a grid around the plots.

        Parameters
        ----------
        name : layer id
        coarsest_m : largest cell accepted, metres; None accepts any

        Returns
        -------
        Grid in EPSG:32642

        Raises
        ------
        NotAssessed : no such grid is loaded here, or its cells are larger than ``coarsest_m`` metres.
        """
        found = self.nearby.get(name)
        if found is None:
            raise NotAssessed(GRID_NOT_LOADED.format(layer=name))
        grid = cast(Grid, found)
        if coarsest_m is not None and grid.native_m > coarsest_m:
            raise NotAssessed(TOO_COARSE.format(layer=name, cell=f"{grid.native_m:.0f}", most=f"{coarsest_m:.0f}"))
        return grid

    def surface(self, what: str, needs: Sequence[str], compute: Callable[[], Grid]) -> Grid:
        """Return a grid that follows from some layers and not from the plots, as ``nearby.surface_of``.

        Parameters
        ----------
        what : name of the surface with every number it depends on
        needs : the only layers ``compute`` reads
        compute : makes the grid

        Returns
        -------
        Grid, computed or kept since
        """
        return surface_of(self.nearby, what, needs, compute)

    def shared(self, what: str, needs: Sequence[str], make: Callable[[], Result]) -> Result:
        """Return what is made of whole layers around the plots, as ``nearby.shared_of``.

        Parameters
        ----------
        what : name of it with every number it depends on
        needs : the only layers ``make`` reads
        make : makes it

        Returns
        -------
        what ``make`` returns, made now or for a neighbour before; not to be written to
        """
        return shared_of(self.nearby, what, needs, make)

    def once(self, compute: Callable[Concatenate[Block, P], Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """Return what is computed of the block, computed on first use: what several criteria share is measured once.

        Parameters
        ----------
        compute : called with the block and the arguments
        *args : hashable
        **kwargs : hashable

        Returns
        -------
        what ``compute`` returned; kept, not to be written to
        """
        key = (compute, args, tuple(sorted(kwargs.items())))
        if key not in self.kept:
            self.kept[key] = compute(self, *args, **kwargs)
        return cast(Result, self.kept[key])


def outlines(block: Block) -> Ragged:
    """Return the outlines of a block's plots as flat coordinates, the form kernels read; ask by ``Block.once``.

    Parameters
    ----------
    block : n plots

    Returns
    -------
    coordinates of n polygons, EPSG:32642
    """
    return ragged(block.polygons)


@dataclass(frozen=True, slots=True)
class HardLimit:
    """A limit no other criterion can make good.

    kind : ``exclude`` (class N2x), ``not_relevant`` (the land use judged does not apply: N2x as well, named apart),
    ``override`` (another criterion's value becomes 0), ``cap`` (no class better than ``no_better_than``), ``warning``
    (said, without effect), ``red_light`` (support is needed first, whatever else fits; household fit only).
    below / above : the limit in the criterion's unit, exclusive. where : name of a note of the measure that has to
    hold. tables : membership tables it holds for (empty = all). surveyed_only : only on surveyed values, never on a
    DEM's. A limit with ``where`` and no bound holds wherever the note does. text_without_note : what is said from a
    kept result, which has the value and not the note, where another limit may be the one that was reached.
    """

    kind: Literal["exclude", "not_relevant", "override", "cap", "warning", "red_light"]
    text: str
    below: float | None = None
    above: float | None = None
    where: str | None = None
    tables: tuple[int, ...] = ()
    surveyed_only: bool = False
    overrides: str | None = None
    no_better_than: str | None = None
    text_without_note: str | None = None

    def reached(self, measured: Measured) -> Flags:
        """Return where the limit is reached for certain.

        Parameters
        ----------
        measured : what the criterion's measure found for n plots

        Returns
        -------
        bool (n,); never where the value is unknown
        """
        value = measured.at_best
        reached = ~np.isnan(value)
        if self.below is not None:
            reached &= value < self.below
        if self.above is not None:
            reached &= value > self.above
        if self.where is not None:
            reached &= measured.notes.get(self.where, np.zeros(len(value), dtype=bool))
        if self.tables and measured.table is not None:
            reached &= np.isin(measured.table, self.tables)
        elif self.tables and 0 not in self.tables:
            reached &= False
        if self.surveyed_only and measured.sigma is not None:
            reached &= ~(measured.sigma > 0)
        return reached


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing a plot is judged by; everything else follows from this declaration.

    id : public name (column, filter, tile attribute). code : domain code such as W1. group : water, hazard, terrain,
    soil, climate, access, labour, tenure. letter : subclass letter. needs : layers and grids read, each with the plots
    a change of it can reach. measure : its values
    for the plots of a block. memberships : one or more tables, named by ``tables``; ``Measured.table`` picks.
    poor : sentence where it is what limits a plot most. measuring : how an unknown value is found out, and for how
    much; None where nobody is sent to measure. cap : how far it holds the class. basis : where the knots come from.
    coarsest_m : coarsest grid cell accepted, metres; a coarser one is not assessed. reach_m : how far beyond the plots
    its layers are read, metres. levels : names of the whole numbers 0.. a graded value takes. measured_again : whether
    it is measured again to explain one plot; not where least times are searched for over a whole district.
    measured_beside : measures all but the value, which is kept there, where that is quicker.
    presumed : what an unknown value lies between all the same. first_stands_for_all : where a scheme has knots of its
    own for the first table, they stand instead of the other tables too. instead : another quantity
    that one of the tables rates.
    """

    id: str
    code: str
    group: str
    letter: str
    title: str
    unit: str
    better: Literal["more", "less"]
    needs: tuple[Need, ...]
    measure: Measure
    memberships: tuple[Membership, ...]
    poor: str
    measuring: Measuring | None
    cap: ClassCap
    basis: str
    limits: tuple[HardLimit, ...] = ()
    coarsest_m: float | None = None
    reach_m: float = 0.0
    levels: tuple[str, ...] = ()
    tables: tuple[str, ...] = ("generic",)
    measured_again: bool = True
    measured_beside: Measure | None = None
    presumed: Presumed | None = None
    first_stands_for_all: bool = False
    instead: Instead | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers and grids it needs."""
        return tuple(need.layer for need in self.needs)

    def measured(self, block: Block) -> Measured:
        """Return the values of all plots of a block.

        Parameters
        ----------
        block : n plots and what lies around them

        Returns
        -------
        values (n,); NaN with the reason where it cannot be assessed at all
        """
        return self._by(self.measure, block)

    def beside(self, block: Block) -> Measured:
        """Return what stands beside the values of all plots of a block: tables, errors, evidence and notes.

        Parameters
        ----------
        block : n plots and what lies around them

        Returns
        -------
        as ``measured``, of values that need not be right
        """
        return self._by(self.measured_beside or self.measure, block)

    def _by(self, measure: Measure, block: Block) -> Measured:
        try:
            return measure(block, self)
        except NotAssessed as reason:
            return not_assessed(len(block), str(reason))


# Values of every plot of a block; the criterion says which grids it accepts and how far it looks.
Measure = Callable[[Block, Criterion], Measured]


def not_assessed(n: int, reason: str) -> Measured:
    """Return unknown values.

    Parameters
    ----------
    n : how many plots
    reason : why nothing could be measured, one sentence

    Returns
    -------
    NaN (n,) with the reason
    """
    return Measured(np.full(n, np.nan), not_assessed=reason)
