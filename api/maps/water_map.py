"""How canals and the land they serve are drawn by how much of their need arrives, month by month.

Every period is drawn by parts of its own from the same tiles, and all but one are clear: another month is a change of
how strongly parts are painted, for which neither a tile nor a feature is looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from api.language.translate import Language, number, translate
from api.language.wording import CODES
from api.maps.colouring import HATCH
from api.maps.legend import Entry, Legend
from geo.household.labour import MONTH_NAMES
from layers.catalogue.balances import BALANCES, LEGEND
from layers.catalogue.base import Layer
from layers.water.layer_rows import ENOUGH, FAIR, SHORT
from layers.water.shown_places import Places

Expression = list[Any]

WORST_MONTH: Final = "worst month of each"
WORST: Final = 0  # the period that stands for the worst month of each reach and area
PERIODS: Final = tuple(range(13))  # WORST, then the months
CLEAR: Final = "rgba(0,0,0,0)"
UNNEEDED: Final = Entry("unneeded", "#b8b2a4", "Nothing is needed in this month")
AREA_OPACITY: Final = 0.55  # lets the relief and the canals over it be seen
DASHES: Final = [2, 1.5]  # drawn and left out, in widths of the line
# Width of a line by the greatest flow of the reach, m3/s -> pixels where the map shows a valley, and nearer.
WIDTHS: Final = ((0.0, 1.2, 2.0), (0.1, 1.4, 3.0), (1.0, 2.2, 4.5), (10.0, 4.0, 7.0), (100.0, 7.0, 11.0))
FLOW_UNKNOWN: Final = (1.2, 2.0)  # pixels
ZOOMS: Final = (8, 13)  # of the two widths
EDGE: Final = "#3d4852"  # on both sides of a canal: the palest class would not stand out from the relief
EDGE_WIDTH: Final = 0.6  # pixels
CHOSEN_MORE: Final = 5.0  # pixels wider than the line it lies under
PLAN: Final = "plan"  # source of lines that a scenario digs
PLAN_COLOUR: Final = "#8e0b5f"  # of no supply and no class of land
CHOSEN: Final = "chosen"  # what was picked, over whatever is switched on
SHOWN_FLOWS: Final = (0.1, 1.0, 10.0)  # m3/s, drawn in the key


@dataclass(frozen=True, slots=True)
class WaterShown:
    """Which balance a map shows: kind of year, rule of sharing, period, and the canal that is chosen, if any.

    scenario : name of one that is shown; the map is of what comes of it.
    """

    year: str
    rule: str
    month: int = WORST
    canal: str = ""
    scenario: str = ""

    @property
    def query(self) -> str:
        """What its tiles are asked with."""
        asked = {"year": self.year, "rule": self.rule, "scenario": self.scenario}
        return urlencode({name: text for name, text in asked.items() if text})


def is_of_water(layer: object) -> bool:
    """Tell whether a layer shows a water balance."""
    return layer in BALANCES


def plan_parts(layer: type[Layer], places: Places) -> list[dict[str, Any]]:
    """Return the parts of a MapLibre style that mark what a scenario repairs, and draw what it digs from ``PLAN``."""
    name = layer.__tablename__
    over = {"metadata": {"obod": CHOSEN}, "type": "line"}
    beside = {"line-color": PLAN_COLOUR, "line-width": 1.6, "line-gap-width": _widths(3.0), "line-dasharray": [1, 1.2]}
    dashed = {"line-color": PLAN_COLOUR, "line-width": 3.5, "line-dasharray": [2, 1]}
    return [
        {
            **over,
            "id": f"{PLAN}-repaired",
            "source": name,
            "source-layer": name,
            "filter": ["in", ["get", "code"], ["literal", list(places.repaired)]],
            "paint": beside,
        },
        {**over, "id": f"{PLAN}-dug-ground", "source": PLAN, "paint": {"line-color": "#ffffff", "line-width": 6.0}},
        {**over, "id": f"{PLAN}-dug", "source": PLAN, "paint": dashed},
    ]


def water_parts(layer: type[Layer], water: WaterShown) -> list[dict[str, Any]]:
    """Return the parts of a MapLibre style that draw a layer of a balance in each period; those of one are seen."""
    name = layer.__tablename__
    if layer.geometry_kind == "MULTILINESTRING":
        chosen = {
            "id": f"{name}-chosen",
            "type": "line",
            "filter": ["any", *(["==", ["get", key], water.canal] for key in ("canal", "code"))],
            "layout": {"line-join": "round", "line-cap": "round"},
            "paint": {"line-color": "#111111", "line-width": _widths(CHOSEN_MORE)},
        }
        edge = {"line-color": EDGE, "line-width": EDGE_WIDTH, "line-gap-width": _widths()}
        edges = {"id": f"{name}-edge", "type": "line", "layout": {"line-join": "round"}, "paint": edge}
        return [chosen, edges, *(part for period in PERIODS for part in _lines(name, period, water.month))]
    outline = {"line-color": "#5a5348", "line-width": 0.6}
    parts = [part for period in PERIODS for part in _fills(name, period, water.month)]
    return [*parts, {"id": f"{name}-line", "type": "line", "paint": outline}]


def width_px(flow_m3_s: float) -> float:
    """Return the width of a reach on a near map, pixels."""
    return next(near for flow, _, near in reversed(WIDTHS) if flow_m3_s >= flow)


def _attribute(period: int) -> str:
    return "ratio" if period == WORST else f"ratio_{period:02d}"


def _colour(period: int) -> Expression:
    """Colour of what is known; clear where it is not."""
    value: Expression = ["to-number", ["get", _attribute(period)]]
    classes = (SHORT, "short", FAIR, "fair", ENOUGH, "enough")
    stops = [LEGEND[item].colour if isinstance(item, str) else item for item in classes]
    known: Expression = ["step", value, LEGEND["scarce"].colour, *stops]
    return ["case", ["has", _attribute(period)], known, *_idle(period, UNNEEDED.colour), CLEAR]


def _idle(period: int, then: str) -> list[Any]:
    """Return the branch of a case for a month in which nothing is needed."""
    return [] if period == WORST else [["in", f"{period:02d}", ["to-string", ["get", "unneeded"]]], then]


def _lines(name: str, period: int, shown: int) -> list[dict[str, Any]]:
    unknown = LEGEND["unknown"].colour
    missing: Expression = ["case", ["has", _attribute(period)], CLEAR, *_idle(period, CLEAR), unknown]
    layout = {"line-join": "round"}
    line = {"line-color": _colour(period), "line-width": _widths()}
    dashed = {"line-color": missing, "line-width": _widths(), "line-dasharray": DASHES}
    return [
        _part(f"{name}-{period:02d}-line", "line", line, period, shown, 1.0) | {"layout": layout},
        _part(f"{name}-{period:02d}-dashed", "line", dashed, period, shown, 1.0) | {"layout": layout},
    ]


def _fills(name: str, period: int, shown: int) -> list[dict[str, Any]]:
    known: Expression = ["any", ["has", _attribute(period)], *(branch for branch in _idle(period, "")[:1])]
    hatch = {"fill-pattern": HATCH + LEGEND["unknown"].colour[1:]}
    fill = {"fill-color": _colour(period)}
    return [
        _part(f"{name}-{period:02d}-fill", "fill", fill, period, shown, AREA_OPACITY),
        _part(f"{name}-{period:02d}-hatch", "fill", hatch, period, shown, AREA_OPACITY) | {"filter": ["!", known]},
    ]


def _part(id_: str, kind: str, paint: dict[str, Any], period: int, shown: int, opacity: float) -> dict[str, Any]:
    strength = {f"{kind}-opacity": opacity if period == shown else 0, f"{kind}-opacity-transition": {"duration": 0}}
    return {"id": id_, "type": kind, "paint": {**paint, **strength}, "metadata": {"period": period, "opacity": opacity}}


def _widths(more: float = 0.0) -> Expression:
    far, near = (_width(place, more) for place in (1, 2))
    return ["interpolate", ["linear"], ["zoom"], ZOOMS[0], far, ZOOMS[1], near]


def _width(place: int, more: float) -> Expression:
    stops = [number for row in WIDTHS for number in (row[0], row[place] + more)]
    by_flow: Expression = ["interpolate", ["linear"], ["to-number", ["get", "flow_m3_s"]], *stops]
    return ["case", ["has", "flow_m3_s"], by_flow, FLOW_UNKNOWN[place - 1] + more]


def water_legend(legend: Legend) -> Legend:
    """Return the legend of a balance with the line for months in which nothing is needed."""
    return replace(legend, entries=(*legend.entries, UNNEEDED))


def name_periods(lang: Language) -> list[str]:
    """Return what periods are called: the worst month of each reach and area, then the months."""
    return [translate(name, lang) for name in (WORST_MONTH, *MONTH_NAMES)]


def tell_period(water: WaterShown, lang: Language) -> dict[str, Any]:
    """Return what a map of a balance says of itself: the kind of year, the rule, and the periods it can show."""
    names = name_periods(lang)
    return {
        "year": translate(CODES[water.year], lang),
        "rule": translate(CODES[water.rule], lang),
        "month": water.month,
        "scenario": water.scenario,
        "name": names[water.month],
        "names": "|".join(names),
        "last": PERIODS[-1],
        "flows": [(number(flow, lang, digits=int(flow < 1)), width_px(flow)) for flow in SHOWN_FLOWS],
    }
