"""The network of canals as it is stored now, and what is wrong with it."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.geometry.crs import STORED_CRS, WORKING_CRS
from geo.water.gravity_command import DEM_SIGMA_M, SURVEYED_SIGMA_M
from geo.water.network.build import build_network
from geo.water.network.faults import find_faults
from geo.water.network.joints import SNAP_M
from geo.water.network.parts import Fault, Network, Points, Reaches
from layers.catalogue.irrigation import Canal, CommandArea, Outlet
from layers.catalogue.supply import Intake
from layers.errors import NotFound
from layers.frames.around import Alter, as_of, as_stored, read_layer

Floats = NDArray[np.float64]
Words = NDArray[np.str_]

FAULT_COLUMNS = ("kind", "code", "sentence", "matters")


class StoredNetwork(NamedTuple):
    """Reaches, outlets and intakes as they are mapped, the codes of command areas, and the network built of them."""

    reaches: Reaches
    outlets: Points
    intakes: Points
    areas: Words
    capacity_m3_s: Floats
    network: Network

    def faults(self) -> list[Fault]:
        """Everything that is wrong with it."""
        return find_faults(self.reaches, self.outlets, self.intakes, self.areas, self.capacity_m3_s, self.network)

    def counts(self) -> dict[str, int]:
        """How much there is of what, and how many systems are left out of balances."""
        system, ordered = self.network.system, self.network.ordered
        return {
            "reaches": len(self.reaches.code),
            "outlets": len(self.outlets.code),
            "intakes": len(self.intakes.code),
            "systems": len(np.unique(system)),
            "systems_left_out": len(np.unique(system[~ordered])),
        }


def read_network(connection: Connection, *, snap_m: float = SNAP_M, alter: Alter = as_stored) -> StoredNetwork:
    """Build the network of all canals that are mapped now; coordinates in EPSG:32642.

    Parameters
    ----------
    connection : reads what computing needs.
    snap_m : how far apart ends may lie that join [m].
    alter : what canals and outlets are to be read as, where a scenario has others.

    Raises
    ------
    NotFound : no canal is mapped.
    """
    canals = alter(Canal, read_layer(connection, Canal, as_of(Canal, None)))
    if not len(canals):
        raise NotFound("No canal is mapped: load canals first (obod layer load canals FILE).")
    surveyed = canals["level_basis"].to_numpy() == "surveyed"
    reaches = Reaches(
        code=_words(canals["code"]),
        canal=_words(canals["canal"]),
        upstream=_words(canals["upstream"]),
        closed=_flags(canals["closed"]),
        flow_known=_flags(canals["flow_known"]),
        head_level_m=_numbers(canals["head_level_m"]),
        tail_level_m=_numbers(canals["tail_level_m"]),
        level_sigma_m=np.where(surveyed, SURVEYED_SIGMA_M, DEM_SIGMA_M),
        geometry=np.asarray(canals.geometry.to_numpy(), dtype=object),
    )
    outlets = alter(Outlet, read_layer(connection, Outlet, as_of(Outlet, None)))
    intakes = read_layer(connection, Intake, as_of(Intake, None))
    areas = read_layer(connection, CommandArea, as_of(CommandArea, None), ("code",))
    own, sources = _points(outlets, "command_area", "along_m"), _points(intakes, None, None)
    return StoredNetwork(
        reaches,
        own,
        sources,
        _words(areas["code"]),
        _numbers(canals["capacity_m3_s"]),
        build_network(reaches, own, sources, snap_m=snap_m),
    )


def faults_frame(faults: list[Fault]) -> gpd.GeoDataFrame:
    """Return faults as points in EPSG:4326; those that lie nowhere have an empty geometry."""
    rows = [(fault.kind, fault.code, fault.sentence, fault.matters) for fault in faults]
    x, y = (np.array([getattr(fault, axis) for fault in faults], dtype=np.float64) for axis in ("x_m", "y_m"))
    places = gpd.GeoSeries(gpd.points_from_xy(x, y, crs=WORKING_CRS))
    places[np.isnan(x)] = None
    frame = pd.DataFrame(rows, columns=list(FAULT_COLUMNS))
    return gpd.GeoDataFrame(frame, geometry=places, crs=WORKING_CRS).to_crs(STORED_CRS)


def _points(frame: gpd.GeoDataFrame, area: str | None, along: str | None) -> Points:
    count = len(frame)
    return Points(
        code=_words(frame["code"]),
        reach=_words(frame["reach"]),
        area=_words(frame[area]) if area else np.full(count, "", dtype="<U1"),
        along_m=_numbers(frame[along]) if along else np.full(count, np.nan),
        geometry=np.asarray(frame.geometry.to_numpy(), dtype=object),
    )


def _words(column: pd.Series) -> Words:
    return np.array(["" if pd.isna(value) else str(value) for value in column], dtype=str)


def _flags(column: pd.Series) -> NDArray[np.bool_]:
    return np.array([False if pd.isna(value) else bool(value) for value in column], dtype=bool)


def _numbers(column: pd.Series) -> Floats:
    return np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)
