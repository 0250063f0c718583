"""Grids: elevation and what is derived from it, soil and climate. Files are COGs under ``OBOD_HOME``."""

from __future__ import annotations

from dataclasses import dataclass

from layers.catalogue.base import PUBLIC, Audience


@dataclass(frozen=True, slots=True)
class RasterLayer:
    """One kind of grid. A layer may hold several files; where they overlap, the finer one counts.

    ``ramp`` are (value in ``unit``, #rrggbb) stops, linear between; for ``categories`` the value is a code.
    ``derived_from`` names the grid it is computed from on loading, so that nobody has to load it by hand. ``tones`` :
    how many colours of the ramp a picture has; entry 0 of its palette is the transparent one.
    """

    id: str
    title: str
    unit: str
    audience: Audience
    about: str
    ramp: tuple[tuple[float, str], ...]
    bands: int = 1
    minimum: float | None = None
    maximum: float | None = None
    categories: bool = False
    derived_from: str | None = None
    tones: int = 254


_TEMPERATURE = (
    (-25.0, "#313695"),
    (-10.0, "#74add1"),
    (0.0, "#e0f3f8"),
    (10.0, "#fee090"),
    (30.0, "#a50026"),
)

_HELD = ((0.0, "#fff7bc"), (100.0, "#7fcdbb"), (200.0, "#253494"))  # mm/m

RASTERS: tuple[RasterLayer, ...] = (
    RasterLayer(
        id="dem",
        title="Elevation",
        unit="m",
        audience=PUBLIC,
        about="Elevation above EGM2008.",
        ramp=(
            (200.0, "#3a7d44"),
            (700.0, "#a7c957"),
            (1_500.0, "#f2e8cf"),
            (2_500.0, "#c69f68"),
            (4_000.0, "#8d6e63"),
            (7_500.0, "#ffffff"),
        ),
        minimum=-100.0,
        maximum=8_000.0,
    ),
    RasterLayer(
        id="slope",
        title="Slope",
        unit="%",
        audience=PUBLIC,
        about="Slope after Horn, computed in a metric CRS.",
        ramp=((0.0, "#f7fcf5"), (5.0, "#c7e9c0"), (16.0, "#fdae6b"), (25.0, "#e6550d"), (60.0, "#67000d")),
        minimum=0.0,
        derived_from="dem",
    ),
    RasterLayer(
        id="hillshade",
        title="Hillshade",
        unit="",
        audience=PUBLIC,
        about="Shaded relief, light from the north-west.",
        ramp=((0.0, "#000000"), (255.0, "#ffffff")),
        minimum=0.0,
        maximum=255.0,
        derived_from="dem",
        tones=20,  # on the map, where it is pale, a step is 2 % of the way from black to white: none is seen
    ),
    RasterLayer(
        id="snow_days",
        title="Days with snow",
        unit="days",
        audience=PUBLIC,
        about="Mean days a year on which snow covers the ground; avalanches start only where it lies long enough.",
        ramp=((0.0, "#f7f4e9"), (60.0, "#9ecae1"), (180.0, "#3182bd"), (366.0, "#f7fbff")),
        minimum=0.0,
        maximum=366.0,
    ),
    RasterLayer(
        id="crown_cover",
        title="Crown cover of forest",
        unit="%",
        audience=PUBLIC,
        about="Share of the ground under crowns of trees; dense forest holds snow on its slope.",
        ramp=((0.0, "#f7fcf5"), (50.0, "#74c476"), (100.0, "#00441b")),
        minimum=0.0,
        maximum=100.0,
    ),
    RasterLayer(
        id="cropland",
        title="Cropland",
        unit="%",
        audience=PUBLIC,
        about="Share of the ground that was cropland in one year; where to look for fields, never who farms them.",
        ramp=((0.0, "#fffdf3"), (50.0, "#f2d16b"), (100.0, "#8a6d00")),
        minimum=0.0,
        maximum=100.0,
    ),
    RasterLayer(
        id="water_occurrence",
        title="Time under water",
        unit="%",
        audience=PUBLIC,
        about="Share of the time of many years in which the ground was water: beds that rivers leave and take again.",
        ramp=((0.0, "#ffffff"), (10.0, "#d4b9da"), (50.0, "#6a51a3"), (100.0, "#08306b")),
        minimum=0.0,
        maximum=100.0,
    ),
    RasterLayer(
        id="soil_depth",
        title="Effective soil depth",
        unit="cm",
        audience=PUBLIC,
        about="Depth roots can use.",
        ramp=((0.0, "#f6e8c3"), (50.0, "#bf812d"), (150.0, "#543005")),
        minimum=0.0,
        maximum=1_000.0,
    ),
    RasterLayer(
        id="available_water",
        title="Available water capacity",
        unit="mm/m",
        audience=PUBLIC,
        about="Water the soil can hold for plants.",
        ramp=_HELD,
        minimum=0.0,
        maximum=400.0,
    ),
    RasterLayer(
        id="available_water_low",
        title="Available water capacity, at least",
        unit="mm/m",
        audience=PUBLIC,
        about="Water the soil can hold for plants: the low end of what a model of the world allows.",
        ramp=_HELD,
        minimum=0.0,
        maximum=400.0,
    ),
    RasterLayer(
        id="available_water_high",
        title="Available water capacity, at most",
        unit="mm/m",
        audience=PUBLIC,
        about="Water the soil can hold for plants: the high end of what a model of the world allows.",
        ramp=_HELD,
        minimum=0.0,
        maximum=600.0,
    ),
    RasterLayer(
        id="mean_temperature",
        title="Mean temperature by month",
        unit="degC",
        audience=PUBLIC,
        about="Climate normal of the daily mean, twelve bands, January first.",
        ramp=_TEMPERATURE,
        bands=12,
        minimum=-60.0,
        maximum=60.0,
    ),
    RasterLayer(
        id="minimum_temperature",
        title="Minimum temperature by month",
        unit="degC",
        audience=PUBLIC,
        about="Climate normal of the daily minimum, twelve bands, January first.",
        ramp=_TEMPERATURE,
        bands=12,
        minimum=-70.0,
        maximum=50.0,
    ),
    RasterLayer(
        id="climate_relief",
        title="Elevation of the climate grid",
        unit="m",
        audience=PUBLIC,
        about="Elevation the temperature normals stand for; used to carry them to a plot's height.",
        ramp=((200.0, "#3a7d44"), (1_500.0, "#f2e8cf"), (7_500.0, "#ffffff")),
        minimum=-100.0,
        maximum=8_000.0,
    ),
    RasterLayer(
        id="climate_zone",
        title="Climate zone",
        unit="code",
        audience=PUBLIC,
        about="Koeppen-Geiger class.",
        ramp=(
            (5.0, "#f5a301"),
            (6.0, "#ffdb63"),
            (7.0, "#ff0000"),
            (8.0, "#ff9695"),
            (12.0, "#c8c800"),
            (13.0, "#969600"),
            (19.0, "#38c7ff"),
            (20.0, "#007e7d"),
            (22.0, "#ff6efc"),
            (23.0, "#c800c8"),
            (24.0, "#963296"),
            (30.0, "#686868"),
            (31.0, "#b2b2b2"),
        ),
        categories=True,
    ),
)
