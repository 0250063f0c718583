"""Every text people read, collected for translation; ``python -m api.messages`` brings the catalogues up to date.

Texts come from four places: the declarations (layers, attributes, criteria, grids), the plain words for codes, what
reports of loads tell, and what templates and modules of this package say through ``_()`` and ``translate()``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po

from api.content import (
    changes,
    crops_text,
    data_dictionary,
    field_pack,
    jobs_told,
    judged_otherwise,
    outlines,
    plans_told,
    plot_list,
    plot_paper,
    plot_truth,
    plot_water,
    reasons,
    repair_text,
    report,
    seen_text,
    standing,
    state_sentence,
    survey_form,
    trial_text,
    unknown_text,
    value_text,
    water_told,
)
from api.language import wording
from api.language.translate import CATALOGUES, LANGUAGES, SOURCE_LANGUAGE, UNREVIEWED, Language, read_catalogue
from api.maps import credits, themes
from api.maps.colouring import colourings
from api.rendering.pages import TEMPLATES
from api.routes import chosen, error_page, planner, sign_in
from api.routes import found as found_places
from geo.criteria import LAND_CRITERIA
from geo.crops.catalogue import crops
from geo.household.labour import MONTH_NAMES
from geo.household.profile import load_profile, profile_names
from geo.household_criteria import FIT_CRITERIA
from geo.household_fit import explanation as fit_explanation
from geo.household_fit import remedies as fit_remedies
from geo.household_fit.rating import STEPS
from geo.programme import priority
from geo.suitability import crop_choice
from geo.suitability.explanation import MESSAGES
from geo.suitability.remedies import MESSAGES as OF_REMEDIES
from geo.suitability.remedies import catalogue
from geo.water.network.parts import SENTENCES
from layers.catalogue import BY_NAME, RASTERS
from layers.catalogue.base import STAFF
from layers.catalogue.land import UNSETTLED_STYLES
from layers.features import household_fit, row_provenance
from layers.features.plots import scored_plots
from layers.loading import finding_texts, personal
from layers.records import phrases
from layers.records.outcomes import FIT_OUTCOMES

PACKAGE: Final = Path(__file__).parent
_ROOT: Final = PACKAGE.parent
REPORTING: Final = (
    *(_ROOT / "layers" / room for room in ("loading", "records", "runs", "water")),
    _ROOT / "api" / "routes",
    _ROOT / "scripts",
)
TELLING: Final = ("told", "Phrase")
_KEYWORDS: Final = {"_": None, "translate": None}
_UNWRAPPED: Final = 10_000  # characters; a text stays on one line, so that a change shows as one line
_HEADER: Final = """msgid ""
msgstr ""
"Project-Id-Version: Obod\\n"
"Language: {lang}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def messages() -> list[str]:
    """Return every message id once, in the order a reader of the project would meet them."""
    found = (*declared(), *worded(), *said())
    return [message for message in dict.fromkeys(found) if message]


def declared() -> Iterator[str]:
    """Texts of the declarations: layers with their attributes and legends, grids, criteria, results of scoring."""
    for layer in BY_NAME.values():
        yield layer.card.title
        yield layer.card.about
        yield from (layer.card.caution, *layer.card.caution_of.values())
        for look in layer.card.legend.values():
            yield look.label
        for about in layer.attributes(STAFF).values():
            yield about.title
            yield about.unit
            yield about.empty
    for raster in RASTERS:
        yield from (raster.title, raster.about, raster.unit)
    for criterion in (*LAND_CRITERIA, *FIT_CRITERIA):
        yield from (criterion.title, criterion.unit, *(limit.text for limit in criterion.limits))
        yield from (limit.text_without_note for limit in criterion.limits if limit.text_without_note is not None)
    yield from (look.label for look in UNSETTLED_STYLES.values())
    for way in colourings(SOURCE_LANGUAGE).values():
        yield from (way.legend.title, *(entry.label for entry in way.legend.entries if entry.hatched))
        yield from (mark.label for mark in way.legend.marks)
    for shown in scored_plots(STAFF, {}).properties.values():
        yield from (shown.title, shown.unit, shown.empty)
    yield from (*row_provenance.MESSAGES, *finding_texts.MESSAGES, *phrases.MESSAGES)
    yield from reported()


def reported() -> Iterator[str]:
    """Sentences of reports of loads, found where they are told."""
    for folder in REPORTING:
        for path in sorted(folder.rglob("*.py")):
            yield from told_in(path.read_text(encoding="utf-8"))
    yield from personal.KINDS
    yield from (layer.box.words for layer in BY_NAME.values())


def told_in(source: str) -> Iterator[str]:
    """Message ids that a module tells or makes phrases of, also those it has under a name of its own."""
    tree = ast.parse(source)
    named: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    named.setdefault(target.id, []).append(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TELLING and node.args:
            yield from _texts_of(node.args[0], named)


def _texts_of(node: ast.expr, named: Mapping[str, list[ast.expr]]) -> list[str]:
    """Texts that an expression may be: as they stand, of a name, or of one of two or several."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.Name(id=name):
            rest = {other: values for other, values in named.items() if other != name}
            return [text for value in named.get(name, []) for text in _texts_of(value, rest)]
        case ast.IfExp(body=one, orelse=other):
            return [*_texts_of(one, named), *_texts_of(other, named)]
        case ast.Subscript(value=several):
            return _texts_of(several, named)
        case ast.Dict(values=several):
            return [text for value in several for text in _texts_of(value, named)]
    return []


def worded() -> Iterator[str]:
    """Plain words for codes."""
    tables = (
        wording.CLASS_WORDS,
        wording.CLASS_MEANINGS,
        wording.CONFIDENCE,
        wording.GROUPS,
        wording.CODES,
        wording.SCHEMES,
    )
    for table in tables:
        yield from table.values()
    yield from (wording.EARLIER_RULE, wording.NOT_PUBLISHED)
    yield from wording.HAZARD_LEVELS
    yield from wording.MAP_WORDS.values()
    yield from MESSAGES
    yield from OF_REMEDIES
    yield from SENTENCES.values()
    sayings = (
        *(plot_truth, standing, crops_text, value_text, unknown_text, data_dictionary, plot_list, state_sentence),
        *(changes, reasons, report, plot_paper, survey_form, field_pack, outlines, trial_text, repair_text),
        *(judged_otherwise, seen_text, credits, themes, jobs_told),
    )
    for module in sayings:
        yield from module.MESSAGES
    for remedy in catalogue().remedy:
        yield from (remedy.title, remedy.who)
    yield from fit_worded()
    yield from found_places.KINDS.values()
    yield from (*error_page.MESSAGES, *chosen.MESSAGES, *sign_in.MESSAGES)
    yield from (*water_told.MESSAGES, *plans_told.MESSAGES, *plot_water.MESSAGES)
    yield from (about for _name, about in planner.FORMATS.values())


def fit_worded() -> Iterator[str]:
    """Words of the household fit: sentences, steps, remedies, kinds of household, crops and months."""
    yield from fit_explanation.MESSAGES
    yield from STEPS
    for remedy in fit_remedies.catalogue().remedy:
        yield from (remedy.title, remedy.who)
    for name in profile_names():
        yield load_profile(name).title
    yield household_fit.PROFILE_TITLE
    for fitted in FIT_OUTCOMES:
        yield from (fitted.title, fitted.unit)
    yield from (*(crop.title for crop in crops().values()), *MONTH_NAMES, *crop_choice.MESSAGES)
    yield from priority.MESSAGES


def said() -> Iterator[str]:
    """Texts in the templates and modules of this package."""
    for path in sorted(PACKAGE.rglob("*.py"), key=lambda path: (path.name, path)):
        for _line, message, *_ in extract_from_file("python", path, keywords=_KEYWORDS):
            yield str(message)
    for path in sorted(TEMPLATES.rglob("*.html")):
        for _line, message, *_ in extract_from_file("jinja2", path, keywords=_KEYWORDS):
            yield str(message)


def update() -> None:
    """Write the catalogues anew: texts now in use in order, known translations kept, new ones empty, unreviewed."""
    for lang in LANGUAGES:
        if lang != SOURCE_LANGUAGE:
            known = read_catalogue(lang)
            fresh = Catalog(lang)
            for message in messages():
                entry = known.get(message)
                comments = entry.user_comments if entry else [UNREVIEWED]
                fresh.add(message, string=entry.string if entry else "", user_comments=comments)
            write_catalogue(fresh, lang)


def write_catalogue(catalogue: Catalog, lang: Language) -> None:
    """Write the ``.po`` file of ``lang``; the same texts always give the same bytes."""
    with (CATALOGUES / lang / "LC_MESSAGES" / "obod.po").open("wb") as po:
        po.write(_HEADER.format(lang=lang).encode())
        write_po(po, catalogue, width=_UNWRAPPED, no_location=True, omit_header=True)


if __name__ == "__main__":
    update()
