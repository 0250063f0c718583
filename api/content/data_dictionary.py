"""The data dictionary of a file: what each column holds, from the declarations alone, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from api.language.translate import Language, translate
from api.language.wording import CLASS_MEANINGS, label_of
from geo.contract.classes import MINES
from geo.criteria import LAND_CRITERIA
from geo.crops.catalogue import crops
from geo.household.tenure import BY_CODE
from layers.catalogue.base import PUBLIC, Audience
from layers.catalogue.hazards import Exclusion
from layers.features.features import NO_CAUTION, Features, Property
from layers.features.file_about import Column

AUDIENCES: Final = {"public": "everybody", "partner": "partners and staff", "staff": "staff only"}
NEVER: Final = "never empty"
LABELS: Final = ("Unit", "Values", "Empty", "For")
DEGREES: Final = "degrees, WGS 84"
OF_PLACE: Final = {"lon": "Longitude of the place", "lat": "Latitude of the place"}
OF_POINT_ON_SHAPE: Final = {
    "lon": "Longitude of a point that lies on the shape",
    "lat": "Latitude of a point that lies on the shape",
}
SHAPE_AS_TEXT: Final = "Shape as text (WKT), 7 decimals; empty in a worksheet where it is too long for a cell"
MESSAGES: Final = (
    *(*AUDIENCES.values(), NEVER, NO_CAUTION, DEGREES, *LABELS),
    *(*OF_PLACE.values(), *OF_POINT_ON_SHAPE.values(), SHAPE_AS_TEXT),
)

_CRITERIA: Final = {criterion.id: criterion.title for criterion in LAND_CRITERIA}
_CLASSES: Final = ("class", "class_low", "class_high", "class_cap", "potential_class", "robust_class")


def data_dictionary(features: Features, told: Mapping[str, str], lang: Language) -> tuple[Column, ...]:
    """Return what is told of every column of a file, in their order.

    Parameters
    ----------
    features : what the file holds.
    told : name of a last column -> its heading, in ``lang``.
    lang : of all texts.
    """
    return (
        *(_of_property(item, name, features, lang) for name, item in features.properties.items()),
        *_of_places(features, lang),
        *(_column(name, heading, lang) for name, heading in told.items()),
    )


def _of_property(item: Property, name: str, features: Features, lang: Language) -> Column:
    values = {code: translate(meaning, lang) for code, meaning in _meanings(item, features).items()}
    unit = translate(item.unit, lang) if item.unit else ""
    empty = translate(item.empty or NEVER, lang)
    audience = max(item.audience, features.layer.card.audience)
    title = translate(item.title, lang)
    return _column(name, title, lang, unit=unit, values=values, empty=empty, audience=audience)


def _of_places(features: Features, lang: Language) -> Iterator[Column]:
    kind = features.layer.geometry_kind
    if kind is None:
        return
    audience = features.layer.card.audience
    degrees = translate(DEGREES, lang)
    for name, what in OF_PLACE.items() if kind == "POINT" else OF_POINT_ON_SHAPE.items():
        yield _column(name, translate(what, lang), lang, unit=degrees, audience=audience)
    if kind != "POINT":
        yield _column("wkt", translate(SHAPE_AS_TEXT, lang), lang, unit=degrees, audience=audience)
    yield _column("geometry", translate("Shape", lang), lang, unit=degrees, audience=audience)


def _meanings(item: Property, features: Features) -> dict[str, str]:
    """Code -> what it means, a message id, of a property that holds codes."""
    if item.name in _CLASSES:
        return dict(CLASS_MEANINGS)
    if item.name in ("limiting", "not_assessed"):
        return dict(_CRITERIA)
    if item.name in ("crops", "crops_apart", "crop"):
        return {code: crop.title for code, crop in crops().items()}
    if item.name == "right_class":
        return {code: right.title for code, right in BY_CODE.items()}
    known = {**_CRITERIA, MINES: "Mines"}
    if item.name == "shut_by":
        return {code: label_of(Exclusion, "kind", code) for code in item.codes}
    return {code: known.get(code) or label_of(features.layer, item.name, code) for code in item.codes}


def _column(
    name: str,
    title: str,
    lang: Language,
    *,
    unit: str = "",
    values: Mapping[str, str] | None = None,
    empty: str = "",
    audience: Audience = PUBLIC,
) -> Column:
    values = values or {}
    may_see = translate(AUDIENCES[audience.name.lower()], lang)
    coded = "; ".join(f"{code} = {meaning}" for code, meaning in values.items())
    parts = zip(LABELS, (unit, coded, empty, may_see), strict=True)
    said = [title, *(f"{translate(label, lang)}: {text}" for label, text in parts if text)]
    return Column(name, title, unit, values, empty, may_see, ". ".join(said))
