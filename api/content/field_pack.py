"""Layers of a district as a project for QGIS and QField shows and asks them, in one language."""

from __future__ import annotations

from typing import Final

from api.content.survey_form import NO_MINES, NO_PEOPLE, choice_label, limits_of
from api.language.translate import Language, translate
from api.rendering.qgis_project import FieldOfForm, LayerOfProject
from layers.catalogue import LAYERS
from layers.catalogue.base import Audience, Layer
from layers.catalogue.surveys import Kind, Question, is_surveyed, questions_of
from layers.features.export import About
from layers.features.features import Features

# What one finds one's way by, besides the layers that are asked about.
SHOWN_BESIDE: Final = ("districts", "jamoats", "rivers", "lakes", "hazard_zones", "settlements")
NEW_KEY: Final = "'uuid:' || uuid('WithoutBraces')"  # as an answer of a form is called
NEW_KEY_IN_ADDRESS: Final = "uuid('WithoutBraces')"
BRING_BACK: Final = "Bring back: obod layer load LAYER {file} --table LAYER --mode update"
MESSAGES: Final = (BRING_BACK,)


def layers_of_pack(audience: Audience) -> list[type[Layer]]:
    """Return the layers an audience takes to the field, those that lie below first."""
    return [
        layer
        for layer in LAYERS
        if (is_surveyed(layer) or layer.__tablename__ in SHOWN_BESIDE) and layer.card.audience <= audience
    ]


def layer_of_project(
    layer: type[Layer], features: Features, about: About, audience: Audience, lang: Language
) -> LayerOfProject:
    """Return a layer as a project has it: what is asked as in its form, all else shown or hidden."""
    edited = is_surveyed(layer)
    # Plots have results of the name of what is on record; files call the record otherwise, and that is asked.
    asked = {q.about.shown_as or q.field: q for q in questions_of(layer, audience)} if edited else {}
    fields = [
        _field(layer, name, about.headings.get(name, name), asked.get(name), lang, hidden=edited and name not in asked)
        for name in features.properties
    ]
    return LayerOfProject(
        layer.__tablename__,
        translate(layer.card.title, lang),
        str(layer.geometry_kind),
        about.style,
        fields,
        edited,
    )


def _field(
    layer: type[Layer], name: str, alias: str, question: Question | None, lang: Language, *, hidden: bool
) -> FieldOfForm:
    if question is None:
        return FieldOfForm(name, alias, hidden=hidden)
    if question.own_key:
        return FieldOfForm(name, alias, given=NEW_KEY_IN_ADDRESS if layer.key_in_address else NEW_KEY)
    choices = {}
    if question.kind is Kind.ONE:
        codes = {"yes": "true", "no": "false"}
        choices = {codes.get(code, code): choice_label(layer, question, code, lang) for code in question.codes}
    condition, message = _condition(question, lang)
    return FieldOfForm(
        name,
        alias,
        choices=choices,
        is_day=question.kind is Kind.DAY,
        required=question.required,
        condition=condition,
        message=message,
    )


def _condition(question: Question, lang: Language) -> tuple[str, str]:
    """Expression of QGIS that an answer has to meet, and what is said where it does not."""
    about, name = question.about, f'"{question.field}"'
    _, message = limits_of(question, lang)
    if question.kind is Kind.DAY:
        return f"{name} IS NULL OR {name} <= now()", message
    if question.kind is Kind.TEXT:
        return f"{name} IS NULL OR regexp_match({name}, '^{question.pattern.replace(chr(92), chr(92) * 2)}$')", message
    if question.kind not in (Kind.WHOLE, Kind.NUMBER) or about.minimum is None:
        return "", ""
    met = f"{name} >= {about.minimum:.15g}"
    if about.maximum is not None:
        met += f" AND {name} <= {about.maximum:.15g}"
    return f"{name} IS NULL OR ({met})", message


def read_first(file: str, lang: Language) -> str:
    """Return what stands beside the project as plain text."""
    lines = [translate(text, lang) for text in (NO_MINES, NO_PEOPLE)]
    return "\n".join([*lines, translate(BRING_BACK, lang).format(file=file), ""])
