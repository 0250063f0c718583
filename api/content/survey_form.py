"""A form for people in the field: questions of a layer as an XLSForm asks them, in one language.

XLSForm (xlsform.org) is what ODK Collect and KoboCollect show. A form asks nothing of a person: no device, no user, no
start position, no picture or sound; its one free text is a remark, which stays with the answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from babel.dates import get_day_names

from api.language.speech import with_own_signs
from api.language.translate import Language, translate
from api.language.wording import label_of, unit_after_number
from api.rendering.xlsform import Row, SurveyForm
from geo.crops.catalogue import crops
from geo.household.labour import MONTH_NAMES
from geo.household.tenure import BY_CODE
from layers.catalogue.base import Audience, Layer
from layers.catalogue.surveys import FormMark, Kind, Question, edition_of, is_surveyed, questions_of
from layers.errors import DataRefused
from layers.features.features import nearest

SHAPE: Final = "shape"  # question of the position
ROWS: Final = "rows"  # repeat of layers that are asked several rows at once
MARK: Final = "form"  # hidden answer that says which form it was
REMARK: Final = "remark"
POSITIONS: Final = {"POINT": "geopoint", "MULTILINESTRING": "geotrace", "MULTIPOLYGON": "geoshape"}
PICTURES: Final = {("canals", "condition"): "canal_condition_{code}.png"}

NO_MINES: Final = (
    "Where mines are known of, nobody goes before a dated answer of the mine action centre. Ask there first. Do not "
    "leave used paths; if you see a sign of mines, go back the way you came."
)
NO_PEOPLE: Final = "Write no names, phone numbers or papers of people, and take no pictures of them."
NEW: Final = "Leave it empty if it has none yet."
NOT_KNOWN: Final = "Leave it empty if you do not know."
WHERE: Final = {
    "geopoint": "Place",
    "geotrace": "Line, in the direction of flow or of the way",
    "geoshape": "Outline",
}
ON_THE_MAP: Final = "Mark it on the map from where you stand safely; you need not walk all of it."
ONE_OF_SEVERAL: Final = "One row"
YES_NO: Final = {"yes": "Yes", "no": "No"}
CONDITIONS: Final = "Choose the picture that is most like it."
WHOLE_FROM, WHOLE_TO = "Expected a whole number from {least} to {most}.", "Expected a whole number from {least} up."
FROM_TO, FROM_UP = "Expected {least} to {most}.", "Expected {least} or more."
NO_LATER: Final = "Expected a day that has been."
FITS: Final = {
    "hours": "Hours a day from 0 to 24: one number, or twelve with commas between, January first.",
    "begins": "Month and day with two digits each, such as 03-15.",
    "wmo": "Five digits.",
}
CODE: Final = "The code as it is on the map or in the list, without spaces."
REMARKED: Final = "Remark"
REMARK_HINT: Final = "It is read in the office and goes on no map. No names of people."
MESSAGES: Final = (
    *(NO_MINES, NO_PEOPLE, NEW, NOT_KNOWN, *WHERE.values(), ON_THE_MAP, ONE_OF_SEVERAL, *YES_NO.values()),
    *(right.title for right in BY_CODE.values()),
    *(CONDITIONS, WHOLE_FROM, WHOLE_TO, FROM_TO, FROM_UP, NO_LATER, *FITS.values(), CODE, REMARKED, REMARK_HINT),
)


def survey_form(
    layer: type[Layer],
    lang: Language,
    audience: Audience | None = None,
    only: tuple[str, ...] = (),
    district: str | None = None,
) -> SurveyForm:
    """Return the form of a layer.

    Parameters
    ----------
    audience : whom the form is given to; None = those who may see the layer. only : fields to ask, besides those that
        every row needs; empty = all. district : code of where people go with it.

    Raises
    ------
    DataRefused : people are not asked about the layer, or those the form is for may not know it or a field of ``only``.
    """
    name = layer.__tablename__
    if not is_surveyed(layer):
        raise DataRefused(f"People in the field are not asked about {name}; there is no form for it.")
    reader = layer.card.audience if audience is None else audience
    if reader < layer.card.audience:
        raise DataRefused(
            f"{name} is not for everybody, and so is its form; say --for {layer.card.audience.name.lower()}."
        )
    _require(layer, reader, only)
    questions = questions_of(layer, reader, only)
    mark = FormMark(name, reader, edition_of(layer))
    pictures = {
        PICTURES[name, q.field].format(code=code): int(code)
        for q in questions
        if (name, q.field) in PICTURES
        for code in q.codes
    }
    title = translate(layer.card.title, lang)
    title = title if district is None else f"{title}, {district}"
    settings = {"form_title": title, "form_id": str(mark), "version": mark.edition}
    return SurveyForm(
        tuple(_survey(layer, questions, mark, lang)), tuple(_choices(layer, questions, lang)), settings, pictures
    )


def _require(layer: type[Layer], reader: Audience, only: tuple[str, ...]) -> None:
    """Refuse a field that the layer does not have, that is not asked, or that the form's people may not know."""
    name = layer.__tablename__
    known = {q.field: q for q in questions_of(layer, Audience.STAFF)}
    open_to = {q.field for q in questions_of(layer, reader)}
    for field in only:
        if field not in known:
            raise DataRefused(f"A form of {name} asks no {field!r}{nearest(field, known)}.")
        if field not in open_to:
            raise DataRefused(
                f"{field} of {name} is not asked in a form for {reader.name.lower()}: its answers are not for them. "
                "Nothing was written."
            )


def _survey(layer: type[Layer], questions: tuple[Question, ...], mark: FormMark, lang: Language) -> Iterator[Row]:
    yield {"type": "note", "name": "mines", "label": translate(NO_MINES, lang)}
    yield {"type": "note", "name": "people", "label": translate(NO_PEOPLE, lang)}
    yield {"type": "calculate", "name": MARK, "calculation": f"'{mark}'"}
    own_key = next((q.field for q in questions if q.own_key), None)
    needed = "yes" if own_key is None else f"string-length(${{{own_key}}}) = 0"
    once = [q for q in questions if q.once]
    each = [q for q in questions if not q.once]
    yield from (_asked(layer, q, needed, lang) for q in questions if q.own_key)
    if layer.geometry_kind is not None:
        how = POSITIONS[layer.geometry_kind]
        hint = {} if how == "geopoint" else {"hint": translate(ON_THE_MAP, lang)}
        label = translate(WHERE[how], lang)
        yield {"type": how, "name": SHAPE, "label": label, "required": needed, **hint}
    yield from (_asked(layer, q, needed, lang) for q in once)
    if once:
        yield {"type": "begin_repeat", "name": ROWS, "label": translate(ONE_OF_SEVERAL, lang)}
    yield from (_asked(layer, q, needed, lang) for q in each if not q.own_key)
    if once:
        yield {"type": "end_repeat"}
    hint = {"hint": translate(REMARK_HINT, lang)}
    yield {"type": "text", "name": REMARK, "label": translate(REMARKED, lang), "appearance": "multiline", **hint}


def _asked(layer: type[Layer], question: Question, needed: str, lang: Language) -> Row:
    about = question.about
    listed = f" {_list_of(question)}" if question.codes else ""
    unit = translate(about.unit, lang) if about.unit else ""
    title = translate(about.title, lang)
    row = {"type": f"{question.kind}{listed}", "name": question.field, "label": f"{title}, {unit}" if unit else title}
    if question.required:
        row["required"] = needed
    if (hint := _hint(layer, question, lang)) is not None:
        row["hint"] = hint
    constraint, message = limits_of(question, lang)
    if constraint:
        row |= {"constraint": constraint, "constraint_message": message}
    if question.kind is Kind.ONE and len(question.codes) > 10:
        row["appearance"] = "minimal"
    return row


def _hint(layer: type[Layer], question: Question, lang: Language) -> str | None:
    if question.own_key:
        return f"{translate(CODE, lang)} {translate(NEW, lang)}"
    if (layer.__tablename__, question.field) in PICTURES:
        return translate(CONDITIONS, lang)
    if question.field in FITS:
        return translate(FITS[question.field], lang)
    if question.kind is Kind.TEXT:
        return translate(CODE, lang)
    return None if question.required else translate(NOT_KNOWN, lang)


def limits_of(question: Question, lang: Language) -> tuple[str, str]:
    """Condition of an answer as XPath, and what is said where it does not hold; "" where all is well."""
    about = question.about
    if question.kind is Kind.TEXT:
        said = FITS.get(question.field, CODE)
        return f"regex(., '^{question.pattern}$')", translate(said, lang)
    if question.kind is Kind.DAY:
        return ". <= today()", translate(NO_LATER, lang)
    if question.kind not in (Kind.WHOLE, Kind.NUMBER):
        return "", ""
    conditions = [
        f". {sign} {limit:.15g}" for sign, limit in ((">=", about.minimum), ("<=", about.maximum)) if limit is not None
    ]
    if about.minimum is None:
        return "", ""
    unit = translate(unit_after_number(about.unit), lang) if about.unit else ""
    least, most = (
        "" if limit is None else with_own_signs(f"{limit:,.15g}", lang) for limit in (about.minimum, about.maximum)
    )
    whole = question.kind is Kind.WHOLE
    if about.maximum is None:
        message, last = (WHOLE_TO if whole else FROM_UP), least
    else:
        message, last = (WHOLE_FROM if whole else FROM_TO), most
    values = {"least": least, "most": most}
    values["least" if last == least and about.maximum is None else "most"] = f"{last} {unit}".strip()
    return " and ".join(conditions), translate(message, lang).format(**values)


def _choices(layer: type[Layer], questions: tuple[Question, ...], lang: Language) -> Iterator[Row]:
    for question in questions:
        picture = PICTURES.get((layer.__tablename__, question.field))
        for code in question.codes:
            row = {"list_name": _list_of(question), "name": code, "label": choice_label(layer, question, code, lang)}
            if picture is not None:
                row["media::image"] = picture.format(code=code)
            yield row


def choice_label(layer: type[Layer], question: Question, code: str, lang: Language) -> str:
    """Return what a choice of a question is called."""
    field = question.field
    if field == "open_days":
        return str(get_day_names("wide", locale=lang)[int(code) - 1])
    if field in ("month", "closed_months"):
        return translate(MONTH_NAMES[int(code) - 1], lang)
    if field == "crop":
        return translate(crops()[code].title, lang)
    if field == "right_class":
        return translate(BY_CODE[code].title, lang)
    if field == layer.card.drawn_by and code in layer.card.legend:
        return translate(layer.card.legend[code].label, lang)
    return translate(YES_NO.get(code) or label_of(layer, field, code), lang)


def _list_of(question: Question) -> str:
    return f"{question.field}_choices"
