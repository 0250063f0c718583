"""What answers in JSON hold, as the description of the API tells it. Tests compare every answer with it."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from api.web.description import Answer
from layers.catalogue.base import STAFF
from layers.features.features import Kind
from layers.features.plots import scored_plots

Box = tuple[float, float, float, float]  # west, south, east, north, degrees
Band = Literal["low", "medium", "high"]


class Names(Answer):
    """Names of a place by language; None unknown."""

    tg: str | None
    ru: str | None
    en: str | None


class Tally(Answer):
    """Plots and their hectares."""

    plots: int
    area_ha: float


class Classes(Answer):
    """Plots by class."""

    S1: Tally
    S2: Tally
    S3: Tally
    N1: Tally
    N2: Tally
    NE: Tally


class NotSettled(Tally):
    """Plots whose class may be one of three or more, also by their outlook."""

    outlook: dict[str, Tally]


class Filling(Tally):
    """Plots a planned reservoir takes in a year; None unknown."""

    year: int | None


class Shut(Tally):
    """Plots that a kind of area shuts."""

    may_be_released: bool
    from_year: list[Filling] = Field(default_factory=list)


class Standing(Answer):
    """What stands behind the classes of a place; None where it is not judged, or by the earlier rule."""

    classes: Classes
    not_settled: NotSettled | None
    ask_first: dict[str, Tally] | None
    shut_by_rule: dict[str, Shut] | None
    unfit_by_nature: Tally | None


class PlaceFound(Answer):
    """A place of a name."""

    layer: Literal["regions", "districts", "jamoats", "settlements"]
    code: str
    name: str
    names: Names
    within: str | None
    bbox: Box


class SourceNamed(Answer):
    """Where rows of a layer are from."""

    source: str | None
    licence: str | None
    date: date | None
    synthetic: bool


class LayerListed(Answer):
    """A layer or grid and where its tiles and legend are."""

    id: str
    title: str
    about: str
    tilejson: str
    legend: str
    sources: list[SourceNamed]


class LegendEntry(Answer):
    """A colour and what it means."""

    value: str
    colour: str = Field(pattern="^#[0-9a-f]{6}$")
    label: str
    hatched: bool
    ground: str | None = Field(None, pattern="^#[0-9a-f]{6}$", description="Colour below the hatching.")


class LegendOfLayer(Answer):
    """The legend of a layer, grid or criterion."""

    layer: str
    lang: Literal["tg", "ru", "en"]
    title: str
    attribute: str | None
    unit: str
    continuous: bool
    caution: str
    classes: list[LegendEntry]
    marks: list[LegendEntry]


class VectorLayer(Answer):
    """What a vector tile holds."""

    id: str
    description: str
    fields: dict[str, str]
    minzoom: int
    maxzoom: int


class TileJson(Answer):
    """TileJSON 3.0."""

    tilejson: Literal["3.0.0"]
    name: str
    description: str
    attribution: str
    synthetic: bool
    scheme: Literal["xyz"]
    tiles: list[str]
    minzoom: int
    maxzoom: int
    bounds: Box
    words: dict[str, dict[str, str]] = Field(default_factory=dict)
    vector_layers: list[VectorLayer] = Field(default_factory=list)


class Standby(Answer):
    """Whether the service lives, or can answer."""

    status: Literal["ok", "ready"]


class Geometry(Answer):
    """A geometry of GeoJSON, degrees east and north."""

    type: Literal["Polygon", "MultiPolygon", "LineString", "MultiLineString"]
    coordinates: list[Any]


TYPES: Final[dict[Kind, Any]] = {
    Kind.TEXT: str,
    Kind.TEXTS: list[str],
    Kind.INTEGER: int,
    Kind.NUMBER: float,
    Kind.BOOLEAN: bool,
    Kind.DATE: date,
}
# Every property that anybody may read; an audience gets those of its own.
PROPERTIES: Final[dict[str, Any]] = {
    found.name: (TYPES[found.kind] | None, Field(None, description=found.title))
    for found in scored_plots(STAFF, {}).properties.values()
}


class PlotProperties(
    create_model("_Properties", __base__=Answer, **PROPERTIES)  # type: ignore[misc]
):
    """What is known of a plot, as far as the caller may read it; None unknown. A profile adds its fit, for staff."""

    model_config: ClassVar[ConfigDict] = {"extra": "allow", "json_schema_extra": {"required": ["plot_id", "class"]}}


class PlotFeature(Answer):
    """A plot as a feature of GeoJSON."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry | None
    properties: PlotProperties


class ToldProperties(PlotProperties):
    """The same, and what is said of the plot and its crops in the language of the reader."""

    told: str
    crops_told: str


class PlotTold(PlotFeature):
    """A plot, and what is said of it."""

    properties: ToldProperties


class Link(Answer):
    """An address of the same list."""

    rel: Literal["self", "next"]
    type: str
    href: str


class PlotList(Answer):
    """Plots of a district; ``links`` and ``numberReturned`` stand on pages, not on streams."""

    type: Literal["FeatureCollection"]
    district: str
    run: int | None
    scheme: str | None
    synthetic: bool
    words: dict[str, dict[str, str]]
    features: list[PlotFeature]
    profile: str | None = None
    note: str | None = None
    warning: str | None = None
    numberReturned: int | None = None
    links: list[Link] = Field(default_factory=list)


class Explanation(BaseModel):
    """Why a plot is in its class; what is not named here is told where it applies."""

    plot_id: str
    district: str | None
    jamoat: str | None
    area_ha: float
    run: int
    as_of: date
    synthetic: bool
    score: float | None
    criteria: list[dict[str, Any]]
    hazards: list[dict[str, Any]]
    told: str
    crops_told: str
    water: dict[str, Any] | None
    water_told: list[str]


class WayProperties(BaseModel):
    """One way in one direction: its minutes and its metres in hazard zones times their level, by month."""

    way: Literal["quickest", "safer"]
    direction: Literal["out", "back"]


class WayLine(Answer):
    """A way as a feature of GeoJSON."""

    type: Literal["Feature"]
    geometry: Geometry
    properties: WayProperties


class Ways(Answer):
    """The ways between home and a plot."""

    type: Literal["FeatureCollection"]
    plot_id: str
    home: str
    features: list[WayLine]


class PriorityBands(Answer):
    """From which priority on a band begins."""

    medium_from: float
    high_from: float


class PriorityBasis(Answer):
    """What counts as full."""

    full_improvement: float
    full_need_share: float
    note: str


class JamoatPriority(Answer):
    """Priority of a jamoat; counts and numbers come to staff alone. None: left out or unknown."""

    jamoat: str | None
    names: Names
    plots: int
    area_ha: float
    band: Band | None
    lowest: Band | None
    highest: Band | None
    need: Band | None
    need_known: bool
    suppressed: bool
    priority_low: float | None = None
    priority_high: float | None = None
    need_index: float | None = None
    households: int | None = None
    households_led_by_women: int | None = None


class PlotPriority(Answer):
    """Priority of a plot, for staff."""

    plot_id: str
    plot_no: int
    jamoat: str | None
    priority_low: float | None
    priority_high: float | None
    potential: float | None
    improvement: float | None
    need: float | None
    settle_first: bool


class Priority(Answer):
    """Priority for support of a district, by jamoat or, for staff, by plot."""

    district: str
    run: int
    scheme: str
    synthetic: bool
    note: str
    bands: PriorityBands
    basis: PriorityBasis
    smallest_cell: int | None = None
    left_out: str | None = None
    need_unknown: str | None = None
    jamoats: list[JamoatPriority] = Field(default_factory=list)
    plots: list[PlotPriority] = Field(default_factory=list)


MODELS: Final[tuple[type[BaseModel], ...]] = (
    PlaceFound,
    LayerListed,
    LegendOfLayer,
    TileJson,
    Standby,
    PlotFeature,
    PlotTold,
    PlotList,
    Explanation,
    Ways,
    Priority,
)
