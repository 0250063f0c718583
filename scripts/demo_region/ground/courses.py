"""The true courses of the main rivers as dense lines in the working CRS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.interpolate import CubicSpline, PchipInterpolator

from geo.geometry.crs import WORKING_CRS
from scripts.demo_region.places import Area, Course

Floats = NDArray[np.float64]

STEP_M = 60.0  # m between points of a dense course

TO_METRES = Transformer.from_crs("EPSG:4326", WORKING_CRS, always_xy=True)


@dataclass(frozen=True, slots=True)
class MetricCourse:
    """A course every 60 m: x, y (m, EPSG:32642), z (m, falling) and the district of each point."""

    course: Course
    x: Floats
    y: Floats
    z: Floats
    district: NDArray[np.str_]


def metric_courses(area: Area) -> list[MetricCourse]:
    """Return the courses that meet an area as dense lines, source to mouth, without what lies outside its bounds."""
    x_min, y_min, x_max, y_max = area.bounds
    lines = []
    for course in area.courses:
        lon, lat, level = (np.array(values, dtype=np.float64) for values in zip(*course.points, strict=True))
        x, y = TO_METRES.transform(lon, lat)
        along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        dense = np.arange(0.0, along[-1], STEP_M)
        last = np.searchsorted(along, dense, side="left")
        ends, codes = zip(*course.districts, strict=True)
        district = np.array(codes)[np.minimum(np.searchsorted(ends, last), len(codes) - 1)]
        xs, ys = (CubicSpline(along, values)(dense) for values in (x, y))
        zs = PchipInterpolator(along, level)(dense)  # monotone, so that the river keeps falling
        inside = (xs > x_min) & (xs < x_max) & (ys > y_min) & (ys < y_max)
        if inside.any():
            lines.append(MetricCourse(course, xs[inside], ys[inside], zs[inside], district[inside]))
    return lines
