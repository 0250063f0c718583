"""What people can be asked about a layer in the field: questions computed from its declaration.

No free text but a remark, no picture or sound of a person, and nothing that those a form is for may not know.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Boolean, Date, Float, Integer
from sqlalchemy.types import TypeEngine

from geo.contract.shut_land import ANSWERED
from geo.crops.catalogue import crops
from layers.catalogue import BY_NAME
from layers.catalogue.base import About, Audience, Layer

# Layers that somebody on the ground can say something of. Relief, borders, hazard zones and candidate fields are made
# otherwise, and no register of households is in the product.
SURVEYED: Final = (
    *("canals", "outlets", "command_areas", "command_months", "command_crops"),
    *("intakes", "intake_flows", "pumps", "wells"),
    *("plots", "plot_surveys", "judgements", "pastures", "exclusions", "hazard_events"),
    *("roads", "services", "energy_points", "weather_stations"),
)
# Layers several rows of which are asked of one thing at once -> fields that are asked once for all of them.
ASKED_ONCE: Final[Mapping[str, tuple[str, ...]]] = {
    "command_months": ("command_area", "year_type"),
    "command_crops": ("command_area",),
    "intake_flows": ("intake", "year_type", "basis", "years"),
}
# Texts that name a row of another layer, or of this one.
REFERENCES: Final = ("plot_id", "reach", "canal", "upstream", "command_area", "intake", "cadastral_no")
REFERENCE: Final = r"[^\s,;]{1,80}"
IN_ADDRESS: Final = r"[A-Za-z0-9._~-]{1,80}"  # RFC 3986, unreserved characters
PATTERNS: Final = {  # texts of a fixed form -> regular expression of all of it
    "hours": r"([0-9]|1[0-9]|2[0-4])([.][0-9]+)?(( *,? +|,)([0-9]|1[0-9]|2[0-4])([.][0-9]+)?){0,11}",
    "begins": r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
    "wmo": r"[0-9]{5}",
}
NUMBERED: Final = {"closed_months": 12, "open_days": 7}  # lists of months or days of the week -> how many there are
# The water balance works it out, the elevation model or the loader finds it: nobody is asked.
FOUND_OTHERWISE: Final = ("district", "jamoat", "sdr", "sdr_basis", "sdr_date", "ratio")
UNASKED_VALUES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("exclusions", "kind"): ANSWERED,  # of mines the mine action centre alone answers; nobody walks round them
}
YES_NO: Final = ("yes", "no")
EDITION_DIGITS: Final = 8  # hexadecimal; editions of one layer are few


class Kind(StrEnum):
    """How a question is answered."""

    ONE = "select_one"
    SEVERAL = "select_multiple"
    WHOLE = "integer"
    NUMBER = "decimal"
    DAY = "date"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Question:
    """One question: the field it fills.

    codes : of a closed list. pattern : regular expression that all of a text fits. required : a new row
    needs the answer. once : asked once for several rows. own_key : the stable key of the row itself.
    """

    field: str
    about: About
    kind: Kind
    codes: tuple[str, ...] = ()
    pattern: str = ""
    required: bool = False
    once: bool = False
    own_key: bool = False


def is_surveyed(layer: type[Layer]) -> bool:
    """Whether a form can be made for a layer."""
    return layer.__tablename__ in SURVEYED


def questions_of(layer: type[Layer], audience: Audience, only: Sequence[str] = ()) -> tuple[Question, ...]:
    """Return what people are asked about a row of a layer, in the order of its declaration.

    Parameters
    ----------
    audience : whom the form is for; what they may not read they are not asked. only : fields to ask, besides those
        every row needs; empty = all.
    """
    name = layer.__tablename__
    once = ASKED_ONCE.get(name, ())
    found: list[Question] = []
    for field, about in layer.attributes(audience).items():
        if field in FOUND_OTHERWISE or field in layer.computed or audience < about.exact_for:
            continue
        if field == layer.key:
            if layer.geometry_kind is not None:
                pattern = IN_ADDRESS if layer.key_in_address else REFERENCE
                found.append(Question(field, about, Kind.TEXT, pattern=pattern, own_key=True))
            continue
        column = layer.__table__.columns[field]
        shape = _shape(name, field, about, column.type)
        required = not column.nullable
        if shape is None or (only and field not in only and not required):
            continue
        kind, codes, pattern = shape
        found.append(Question(field, about, kind, codes, pattern, required, field in once))
    return tuple(found)


def _shape(layer: str, field: str, about: About, of: TypeEngine[object]) -> tuple[Kind, tuple[str, ...], str] | None:
    """How a field is asked; None for free text, which is not asked at all."""
    if about.values:
        unasked = UNASKED_VALUES.get((layer, field), ())
        return Kind.ONE, tuple(code for code in about.values if code not in unasked), ""
    if isinstance(of, Boolean):
        return Kind.ONE, YES_NO, ""
    if field == "month":
        return Kind.ONE, _numbers(12), ""
    if field == "condition":
        return Kind.ONE, _numbers(5), ""
    if field == "crop":
        return Kind.ONE, tuple(crops()), ""
    if field in NUMBERED:
        return Kind.SEVERAL, _numbers(NUMBERED[field]), ""
    if isinstance(of, Date):
        return Kind.DAY, (), ""
    if isinstance(of, Integer):
        return Kind.WHOLE, (), ""
    if isinstance(of, Float):
        return Kind.NUMBER, (), ""
    if field in PATTERNS:
        return Kind.TEXT, (), PATTERNS[field]
    return (Kind.TEXT, (), REFERENCE) if field in REFERENCES else None


def _numbers(last: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(1, last + 1))


def edition_of(layer: type[Layer]) -> str:
    """Return the edition of a layer's declaration as forms see it: the same questions have the same edition."""
    asked = [
        (q.field, q.kind, q.codes, q.pattern, q.required, q.once, q.about.minimum, q.about.maximum, q.about.unit)
        for q in questions_of(layer, Audience.STAFF)
    ]
    told = json.dumps([layer.__tablename__, layer.geometry_kind, asked])
    return hashlib.sha256(told.encode()).hexdigest()[:EDITION_DIGITS]


@dataclass(frozen=True, slots=True)
class FormMark:
    """What a form says of itself in every answer: its layer, whom it is for, and the edition it was made by."""

    layer: str
    audience: Audience
    edition: str

    def __str__(self) -> str:
        return f"obod_{self.layer}_{self.audience.name.lower()}_{self.edition}"


def mark_of(text: str) -> FormMark | None:
    """Return the mark a text is, None where it is none of a layer there is."""
    head, _, rest = text.strip().partition("_")
    parts = rest.rsplit("_", 2)
    if head != "obod" or len(parts) != 3 or parts[0] not in BY_NAME:
        return None
    audience = next((one for one in Audience if one.name.lower() == parts[1]), None)
    return None if audience is None else FormMark(parts[0], audience, parts[2])
