"""What lies around plots, and surfaces made from it that whoever holds it may keep from one run to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from geo.terrain.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd

Made = TypeVar("Made")

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


@runtime_checkable
class Sharing(Protocol):
    """A ``Nearby`` whose layers lie around other plots too, which may share what is made of them."""

    def shared(self, what: str, needs: Sequence[str], make: Callable[[], Made]) -> Made:
        """Return what is made of some layers, as ``shared_of``.

        Parameters
        ----------
        what : name of it with every number it depends on
        needs : the only layers ``make`` reads
        make : makes it

        Returns
        -------
        what ``make`` returns; not to be written to
        """
        ...


def shared_of(nearby: Nearby, what: str, needs: Sequence[str], make: Callable[[], Made]) -> Made:
    """Return what is made of whole layers around the plots, not of the plots: made now, or for a neighbour before.

    Parameters
    ----------
    nearby : what lies around the plots
    what : name of it with every number it depends on
    needs : the only layers ``make`` reads
    make : makes it

    Returns
    -------
    what ``make`` returns; not to be written to
    """
    return nearby.shared(what, needs, make) if isinstance(nearby, Sharing) else make()
