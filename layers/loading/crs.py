"""Where a file's coordinates are on the ground: its CRS found or refused, the way to EPSG:4326 chosen and named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import AreaOfInterest, Transformer, TransformerGroup

from geo.geometry.crs import STORED_CRS
from layers.catalogue.base import Box
from layers.errors import DataRefused
from layers.loading.shapes import Shapes
from layers.records.load_report import Transformation
from layers.records.phrases import Digits, told

Floats = NDArray[np.float64]

COUNTRY_AREA = AreaOfInterest(66.9, 36.4, 75.6, 41.35)  # degrees; the box of the country, to choose a datum shift for
PULKOVO_SHIFT_M = (55.0, 80.0)  # domain reference 2.2: 58-76 m by all candidates, 61.8 m at Rasht by the right one
DECIMALS = 9  # of a degree, 0.1 mm: coordinates are rounded so that another release of PROJ changes no digest
SAMPLE = 1_000  # points the shift and the position are judged by
MOST = 0.5  # share of the sample that decides
KNOWN_ELLIPSOIDS = ("WGS 84", "GRS 1980")  # the same to 0.1 mm, so that an unnamed datum on them is no danger
# Soviet grids with the number of the zone before x, the same without (28472, 28473, and 2599 of three degrees), UTM.
SUGGESTED = tuple(f"EPSG:{code}" for code in (4326, 28412, 28413, 2540, 28472, 28473, 2599, 32642, 32643, 3857))

_GEOD = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class Placement:
    """The way from a file's coordinates to EPSG:4326.

    crs : as the file or the user says it; None for a PROJ pipeline. swap : x and y change places first.
    transformer : None when the coordinates are EPSG:4326 already.
    """

    crs: pyproj.CRS | None
    transformer: Transformer | None
    name: str
    accuracy_m: float | None
    swap: bool = False

    def to_stored(self, shapes: Shapes) -> Shapes:
        """Return geometries in EPSG:4326, without Z; what cannot be transformed gets infinite coordinates."""
        return shapes if self.transformer is None and not self.swap else shapes.moved(self._lonlat)

    def _lonlat(self, xy: Floats) -> Floats:
        x, y = (xy[:, 1], xy[:, 0]) if self.swap else (xy[:, 0], xy[:, 1])
        if self.transformer is not None:
            x, y = self.transformer.transform(x, y)
        return np.asarray(np.round(np.column_stack([x, y]), DECIMALS), dtype=np.float64)

    def points(self, xy: Floats) -> Floats:
        """Return coordinates (n, 2) as longitude and latitude."""
        return self._lonlat(xy)

    def described(self, xy: Floats) -> Transformation:
        """Say what was done, with the median datum shift of some points of the file, metres."""
        shift: float | None = 0.0
        if self.transformer is not None:
            shift = None if self.crs is None else self._shift_m(self.crs, xy[:SAMPLE])
        crs = "PROJ pipeline" if self.crs is None else _crs_name(self.crs)
        return Transformation(crs, self.name, self.accuracy_m, shift)

    def _shift_m(self, crs: pyproj.CRS, xy: Floats) -> float | None:
        """How far the points move against reading their own longitudes and latitudes as WGS 84."""
        own = crs.source_crs if crs.is_bound else crs
        if own is None or own.geodetic_crs is None:
            return None
        unshifted = Transformer.from_crs(own, own.geodetic_crs, always_xy=True)
        x, y = (xy[:, 1], xy[:, 0]) if self.swap else (xy[:, 0], xy[:, 1])
        before = np.column_stack(unshifted.transform(x, y))
        after = self.points(xy)
        known = np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1)
        if not known.any():
            return None
        _, _, metres = _GEOD.inv(*before[known].T, *after[known].T)
        return round(float(np.median(metres)), 2)


def parse_crs(text: str) -> pyproj.CRS | Transformer:
    """Return what ``--crs`` names: an EPSG code, WKT, a PROJ string, a .prj file or a PROJ pipeline.

    Raises
    ------
    DataRefused : it is none of these.
    """
    said = text.strip()
    shown = said
    try:
        if said.casefold().endswith((".prj", ".wkt", ".qpj")):
            shown = Path(said).name
            said = Path(said).read_text(encoding="utf-8", errors="replace").strip()
        if "proj=pipeline" in said.replace(" ", ""):
            return Transformer.from_pipeline(said)
        return pyproj.CRS.from_user_input(int(said) if said.isdigit() else said)
    except OSError:
        raise DataRefused(f"There is no file {shown}.") from None
    except (CRSError, ProjError):
        raise DataRefused(
            f"{shown[:60]!r} is no CRS; expected an EPSG code, WKT, a .prj file or a PROJ pipeline."
        ) from None


def place(
    file_name: str,
    own: pyproj.CRS | None,
    said: str | None,
    xy: Floats,
    box: Box,
    *,
    swap: bool = False,
) -> tuple[Placement, list[str]]:
    """Return the way to EPSG:4326 for a file, and notes for its report.

    Parameters
    ----------
    own : CRS the file declares. said : what ``--crs`` says; it wins. xy : coordinates of the file, to judge by.
    box : where the layer's geometry may lie. swap : the user says that x and y are the other way round.

    Raises
    ------
    DataRefused : no CRS; a datum nobody gave a shift for; coordinates that cannot be in that CRS; swapped axes.
    """
    notes: list[str] = []
    sample = xy[np.isfinite(xy).all(axis=1)][:: max(len(xy) // SAMPLE, 1)]
    crs = own if said is None else parse_crs(said)
    if crs is None:
        raise DataRefused(f"{file_name} does not say its CRS; say --crs.{_fitting(sample, box)}")
    if said is not None and own is not None and isinstance(crs, pyproj.CRS) and not _same(crs, own):
        notes.append(
            told("The file says {own}; taken as {said} since --crs says so.", own=_crs_name(own), said=_crs_name(crs))
        )
    placement = _chosen(file_name, crs, swap)
    if len(sample):
        _check_units(file_name, placement, sample, box)
        _check_position(file_name, placement, sample, box)
    if swap:
        notes.append(told("x and y were exchanged, as asked."))
    note = _pulkovo_note(placement, sample)
    return placement, [*notes, *note]


def _chosen(file_name: str, crs: pyproj.CRS | Transformer, swap: bool) -> Placement:
    if isinstance(crs, Transformer):
        return Placement(None, crs, crs.definition, None, swap)
    crs = _horizontal(crs)
    if _same(crs, pyproj.CRS.from_user_input(STORED_CRS)):
        return Placement(crs, None, "none", 0.0, swap)
    if crs.geodetic_crs is None or not (crs.is_projected or crs.is_geographic or crs.is_bound):
        raise DataRefused(f"{file_name}: {_crs_name(crs)} is not a CRS of places on the ground.")
    group = TransformerGroup(crs, STORED_CRS, always_xy=True, area_of_interest=COUNTRY_AREA)
    if not group.transformers:
        raise DataRefused(f"{file_name}: there is no way from {_crs_name(crs)} to {STORED_CRS}.")
    best = group.transformers[0]
    if "Ballpark" in best.description and crs.ellipsoid is not None and crs.ellipsoid.name not in KNOWN_ELLIPSOIDS:
        raise DataRefused(
            f"{file_name}: {_crs_name(crs)} on the ellipsoid {crs.ellipsoid.name} does not say its shift to WGS 84, "
            "which moves plots by about 60 m; say it with --crs: an EPSG code, WKT with TOWGS84, or a PROJ pipeline."
        )
    accuracy = None if best.accuracy < 0 else float(best.accuracy)
    return Placement(crs, best, _steps(best.description), accuracy, swap)


def _horizontal(crs: pyproj.CRS) -> pyproj.CRS:
    """The CRS without heights: they are not kept."""
    return crs.sub_crs_list[0] if crs.is_compound else crs.to_2d()


def _steps(description: str) -> str:
    """The steps that matter of a transformation's description."""
    quiet = ("axis order change", "Null geographic offset")
    return "; ".join(step for step in description.split(" + ") if not step.startswith(quiet)) or "none"


def _same(one: pyproj.CRS, other: pyproj.CRS) -> bool:
    return bool(one.equals(other, ignore_axis_order=True))


def _crs_name(crs: pyproj.CRS) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code} ({crs.name})" if code else crs.name


def _within(lonlat: Floats, box: Box) -> float:
    """Share of points inside the box."""
    lon, lat = lonlat.T
    with np.errstate(invalid="ignore"):
        return float(np.mean((lon >= box.west) & (lon <= box.east) & (lat >= box.south) & (lat <= box.north)))


def _check_units(file_name: str, placement: Placement, xy: Floats, box: Box) -> None:
    degrees = float(np.mean((np.abs(xy[:, 0]) <= 180.0) & (np.abs(xy[:, 1]) <= 180.0))) > MOST
    x, y = np.median(xy, axis=0)
    if placement.crs is not None and placement.crs.is_geographic and not degrees:
        raise DataRefused(
            f"{file_name} says its coordinates are degrees, but they are like {x:.0f}, {y:.0f}, which are metres; "
            f"say the right --crs.{_fitting(xy, box)}"
        )
    if placement.crs is not None and placement.crs.is_projected and degrees:
        raise DataRefused(
            f"{file_name} says its coordinates are metres, but they are like {x:.4f}, {y:.4f}, which are degrees; "
            f"say the right --crs.{_fitting(xy, box)}"
        )


def _check_position(file_name: str, placement: Placement, xy: Floats, box: Box) -> None:
    inside = _within(placement.points(xy), box)
    if inside > MOST:
        return
    turned = Placement(
        placement.crs, placement.transformer, placement.name, placement.accuracy_m, swap=not placement.swap
    )
    if _within(turned.points(xy), box) > MOST:
        x, y = np.median(xy, axis=0)
        raise DataRefused(
            f"{file_name} has x and y the wrong way round: {x:g}, {y:g} lies outside, {y:g}, {x:g} inside; "
            "correct the file, or say --swap-axes."
        )
    if inside > 0.0:
        return  # rows outside are refused one by one
    lon, lat = np.median(placement.points(xy), axis=0)
    if not np.isfinite([lon, lat]).all():
        where = f"Coordinates of {file_name} do not fit its CRS"
    else:
        where = f"{file_name} lies about {lon:.3f} E, {lat:.3f} N"
    raise DataRefused(f"{where}; expected {box.words}.{_fitting(xy, box)}")


def _fitting(xy: Floats, box: Box) -> str:
    """A hint: all usual CRS in which the coordinates would lie in the country.

    Grids without a prefix give the same numbers to places far apart, and one datum lies beside the other by 60 m and a
    scale by 1.8 km: numbers alone cannot tell which was meant.
    """
    fits = [
        name
        for name in SUGGESTED
        if len(xy) and _within(_chosen("", pyproj.CRS.from_user_input(name), False).points(xy), box) > MOST
    ]
    if len(fits) < 2:
        return f" Its coordinates would fit {fits[0]}." if fits else ""
    return (
        f" Its coordinates would fit {', '.join(fits)}, which cannot be told apart by numbers: check a known point, a "
        "wrong one moves rows by tens of metres or more."
    )


def _pulkovo_note(placement: Placement, xy: Floats) -> list[str]:
    crs = placement.crs
    if crs is None or crs.ellipsoid is None or "Krass" not in crs.ellipsoid.name or not len(xy):
        return []
    shift = placement.described(xy).shift_m
    if shift is not None and PULKOVO_SHIFT_M[0] <= shift <= PULKOVO_SHIFT_M[1]:
        return []
    moved = told("an unknown distance") if shift is None else told("{metres} m", metres=Digits(f"{shift:.1f}"))
    return [
        told(
            "Warning: the datum shift is {shift}; for Pulkovo 1942 in Tajikistan {least}-{most} m is expected. Check "
            "against a known point.",
            shift=moved,
            least=Digits(f"{PULKOVO_SHIFT_M[0]:.0f}"),
            most=Digits(f"{PULKOVO_SHIFT_M[1]:.0f}"),
        )
    ]
