"""Plain words for codes. A planner reads these; the code follows in brackets where it helps to compare maps.

Every text here is a message id. Labels of drawn values come from the cards; these are for the rest.
"""

from __future__ import annotations

from typing import Final

from api.language.translate import Language, translate
from geo.suitability.explanation import GROUP_TITLES
from layers.catalogue.base import Layer

# What each class means for a family, after the FAO framework (1976) in domain reference 3.1.
CLASS_MEANINGS: Final = {
    "S1": "Highly suitable: nothing important stands in the way",
    "S2": "Suitable: moderate limits, more effort or a smaller harvest, still clearly worth it",
    "S3": "Marginally suitable: severe limits, only just worth the work",
    "N1": "Not suitable now: what is missing could be put right, but not with the means at hand",
    "N2": "Not suitable: the limit is lasting, or the land is shut to farming",
    "NE": "Not evaluated: too little is known about this plot",
}
CLASS_WORDS: Final = {
    "S1": "Highly suitable",
    "S2": "Suitable",
    "S3": "Marginally suitable",
    "N1": "Not suitable now",
    "N2": "Not suitable",
    "NE": "Not evaluated",
}
CONFIDENCE: Final = {
    "A": "A – measured on the plot within the last two years",
    "B": "B – official map or community survey of the last five years",
    "C": "C – derived from fine grids, or an older survey",
    "D": "D – coarse or undated sources",
}
GROUPS: Final = {**GROUP_TITLES, "labour": "Labour", "tenure": "Land rights"}
SCHEMES: Final = {  # that ship; one that was made here is called what its makers call it
    "default": "Reference weighting",
    "officials-panel": "Example of a panel of jamoat and water users",
    "womens-panel": "Example of a panel of women farmers",
}
EARLIER_RULE: Final = "Scored by the earlier rule, which counted unknown as good."
NOT_PUBLISHED: Final = "A trial, not a published result. Lists, files, papers and cards tell the published one."
_NO_UNIT: Final = frozenset({"ratio", "class", "level", "count"})  # they say what a number is, not how much of what
HAZARD_LEVELS: Final = ("none", "residual", "low", "medium", "high")  # by number, 0 to 4

CODES: Final = {
    "agronomist": "Agronomist",
    "avalanche": "Avalanche",
    "between": "neither bare nor covered",
    "balance": "from the water balance",
    "city": "City",
    "clay": "Clay",
    "clay_loam": "Clay loam",
    "concrete": "Concrete",
    "debris_flow": "Mudflow",
    "dehkan": "Dehkan farm",
    "dem": "from the elevation model",
    "derived": "Derived from terrain",
    "distributary": "Distributary canal",
    "drain": "Drain",
    "drip": "Drip irrigation",
    "dry": "Dry year",
    "earth": "Earth",
    "en": "English",
    "estimated": "estimated",
    "expert": "Expert judgement",
    "fallow": "Fallow",
    "farm_gate": "At the farm",
    "field": "Field canal",
    "field_school": "Field school",
    "fields": "Candidate fields",
    "flood": "Flood",
    "gardens-first": "Kitchen gardens first",
    "green": "green",
    "grid": "Squares on cropland",
    "gauged": "gauged",
    "head": "Head of the canal",
    "head-first": "Head of the canal first",
    "high": "high",
    "hillslope_debris_flow": "Hillslope mudflow",
    "household": "Household plot",
    "in_use": "In use",
    "jamoat": "Jamoat",
    "ky": "Kyrgyz",
    "lake": "Lake",
    "landslide": "Landslide",
    "loaded": "as given in the file",
    "likely": "likely good",
    "loam": "Loam",
    "low": "low",
    "main": "Main canal",
    "mapped": "Mapped",
    "max-min": "the least share as great as can be",
    "medium": "medium",
    "membrane": "Membrane",
    "middle": "Middle of the canal",
    "moderate": "Moderate",
    "mine_cleared": "Mines cleared",
    "mines": "Mined areas",
    "none": "none",
    "normal": "Normal year",
    "not_green": "not green",
    "offered": "On offer",
    "official": "Official map",
    "open": "open",
    "outside": "no mapping holds the place",
    "pasture": "Pasture",
    "pipe": "Pipe",
    "power_plant": "Power plant",
    "outline": "Outlines of a file",
    "plots": "Plots",
    "presidential": "Presidential land",
    "proportional": "in proportion to need",
    "pump": "Pump",
    "pump_station": "Pump station",
    "recorded": "on record",
    "reserve": "State reserve",
    "reservoir": "Reservoir",
    "residual": "residual",
    "retail": "Retail",
    "right": "by right of use",
    "river": "River",
    "rockfall": "Rockfall",
    "ru": "Russian",
    "sand": "Sand",
    "sandy_loam": "Sandy loam",
    "secondary": "Secondary canal",
    "shut_land": "Land shut by rule",
    "slight": "Slight",
    "spring": "Spring",
    "sprinkler": "Sprinklers",
    "stone": "Stone",
    "strong": "strong",
    "substation": "Substation",
    "surface": "Surface irrigation",
    "surveyed": "Surveyed",
    "tail": "Tail of the canal",
    "tail-first": "Tail of the canal first",
    "tg": "Tajik",
    "town": "Town",
    "unknown": "unknown",
    "unlikely": "unlikely good",
    "uz": "Uzbek",
    "very_strong": "Very strong",
    "village": "Village",
    "water_users": "Water users",
    "weak": "weak",
    "well": "Well",
    "wet": "Wet year",
    "wholesale": "Wholesale",
    **GROUP_TITLES,
}

# What the map's script says; it gets these in the reader's language.
MAP_WORDS: Final = {
    "map": "Map. Arrows move it, plus and minus zoom, Enter opens what lies in the middle.",
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
    "full_screen": "Full screen",
    "where": "Where am I",
    "nowhere": "This device does not tell where it is.",
    "m": "m",
    "km": "km",
    "ha": "ha",
    "plots": "plots",
    "cell": "Land in this square",
    "zoom_hint": "Zoom in to see single plots.",
    "strength": "How strongly it is painted: {layer}",
    "over": "One layer up: {layer}",
    "under": "One layer down: {layer}",
    "placed": "{layer}: place {place} of {count} from the top",
    "measure": "Measure a distance or an area",
    "measure_how": "Click on the map, or move it with the arrows and press Enter, to set a point. "
    "Backspace takes the last one back, Escape ends.",
    "measured_line": "Along the line: {length}.",
    "measured_area": "Area within: {ha} ha = {sotikh} sotikh; around it: {length}.",
    "measured_crosses": "The line crosses itself: it has no area.",
    "measured_grain": "A pixel of the map is {length}; a point is set no finer.",
    "picture": "Save the map as a picture",
    "no_card": "The service did not answer. Try again.",
}


def label_of(layer: type[Layer], attribute: str, code: str) -> str:
    """Return the message id that says what ``code`` of ``attribute`` means; the code itself where none does."""
    if attribute == layer.card.drawn_by and code in layer.card.legend:
        return layer.card.legend[code].label
    return CODES.get(code, code)


def scheme_title(name: str, lang: Language) -> str:
    """Return what a scheme is called: of one that ships in the reader's language, of others the name they have."""
    return translate(SCHEMES[name], lang) if name in SCHEMES else name


def unit_after_number(unit: str) -> str:
    """Return the unit people read after a number: none after a ratio, a class, a level or a count."""
    return "" if unit in _NO_UNIT else unit
