"""What lies around plots, and surfaces made from it that whoever holds it may keep from one run to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from geo.terrain.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd

Nearby = Mapping[str, "gpd.GeoDataFrame | Grid"]


@runtime_checkable
class Keeping(Protocol):
    """A ``Nearby`` that keeps surfaces."""

    def surface(self, what: str, needs: Sequence[str], compute: Callable[[], Grid]) -> Grid:
        """Return a surface, kept or computed, as ``surface_of``.

        Parameters
        ----------
        what : name of the surface with every number it depends on
        needs : the only layers ``compute`` reads
        compute : makes the grid

        Returns
        -------
        Grid around the plots
        """
        ...


def surface_of(nearby: Nearby, what: str, needs: Sequence[str], compute: Callable[[], Grid]) -> Grid:
    """Return a grid that follows from some layers around the plots, not from the plots: computed, or kept since.

    As long as the layers are as they were, the kept surface is that which ``compute`` would give, to the last bit.

    Parameters
    ----------
    nearby : what lies around the plots
    what : name of the surface with every number it depends on
    needs : the only layers ``compute`` reads
    compute : makes the grid

    Returns
    -------
    Grid around the plots
    """
    return nearby.surface(what, needs, compute) if isinstance(nearby, Keeping) else compute()
