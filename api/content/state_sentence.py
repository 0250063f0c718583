"""What a list of plots is narrowed to, as a sentence: the title of the list, of its print and of its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from api.content.crops_text import crop_words
from api.content.standing import first_question
from api.content.value_text import in_sentence, measured_text
from api.language.translate import Language, number, translate
from api.language.wording import CODES, label_of, unit_after_number
from api.maps.legend import CRITERIA_BY_ID
from geo.contract.classes import CLASSES
from layers.catalogue.hazards import Exclusion
from layers.catalogue.land import Plot
from layers.records.outcomes import OUTCOME_BY_NAME

ALL_PLOTS: Final = "all plots"
NOT: Final = "not: {title}"
AT_LEAST: Final = "{title} at least {value}"
AT_MOST: Final = "{title} at most {value}"
SUITS: Final = "suits {crops}"
IN_JAMOAT: Final = "jamoat {name}"
IN_BOX: Final = "in a part of the map"
SHORTLIST: Final = "short list, plots: {count}"
MORE: Final = "and {condition}"
ONE_OF: Final = "{title}: {values}"
SCORE: Final = "score"
AREA: Final = "area"
TITLES: Final[Mapping[str, tuple[str, str]]] = {"score": (SCORE, "points"), "area_ha": (AREA, "ha")}
MESSAGES: Final = (
    *(ALL_PLOTS, NOT, AT_LEAST, AT_MOST, SUITS, IN_JAMOAT, IN_BOX, SHORTLIST, MORE, ONE_OF, SCORE, AREA, "points"),
    "or",
)


def say_filters(filters: Mapping[str, Sequence[str]], jamoats: Mapping[str, str], lang: Language) -> str:
    """Return what all filters of a list together leave, in the order they are declared in.

    Parameters
    ----------
    filters : filter name -> the texts it was given, as ``PLOT_FILTERS`` takes them.
    jamoats : code -> name in the reader's language.
    lang : the reader's language.

    Returns
    -------
    Phrases separated by commas: "S1–S3, on offer or state reserve, walk one way at most 30 min"; *all plots* without.
    """
    said = list(_phrases({name: texts for name, texts in filters.items() if texts}, jamoats, lang))
    return ", ".join(said) or translate(ALL_PLOTS, lang)


def say_classes(codes: Sequence[str]) -> str:
    """Return classes in their order, neighbours as a span: S1–S3, NE."""
    places = sorted({CLASSES.index(code) for code in codes if code in CLASSES})
    spans: list[list[int]] = []
    for place in places:
        if spans and place == spans[-1][-1] + 1 and CLASSES[place] != "NE":
            spans[-1].append(place)
        else:
            spans.append([place])
    return ", ".join("–".join(CLASSES[end] for end in dict.fromkeys((span[0], span[-1]))) for span in spans)


def _phrases(filters: Mapping[str, Sequence[str]], jamoats: Mapping[str, str], lang: Language) -> Iterator[str]:
    for name, texts in filters.items():
        special = _SPECIAL.get(name)
        if special is not None:
            yield special(texts, jamoats, lang)
        elif name[:4] in ("min_", "max_"):
            yield _bound(name, texts[0], lang)
        elif texts[0].lower() in ("true", "1", "false", "0"):
            title = in_sentence(_title(name, lang))
            yield title if texts[0].lower() in ("true", "1") else translate(NOT, lang).format(title=title)
        else:
            values = _alternatives([_code(name, text, lang) for text in texts], lang)
            yield translate(ONE_OF, lang).format(title=in_sentence(_title(name, lang)), values=values)


def _bound(name: str, text: str, lang: Language) -> str:
    of = name[4:]
    message = AT_LEAST if name.startswith("min_") else AT_MOST
    criterion = CRITERIA_BY_ID.get(of)
    if criterion is not None and criterion.levels:
        value = measured_text(criterion, min(max(float(text), 0.0), len(criterion.levels) - 1.0), lang)
    else:
        title, unit = TITLES.get(of, ("", "" if criterion is None else unit_after_number(criterion.unit)))
        value = f"{number(float(text), lang, digits=_digits(text))} {translate(unit, lang) if unit else ''}".rstrip()
    title = translate(TITLES[of][0], lang) if of in TITLES else in_sentence(_title(of, lang))
    return translate(message, lang).format(title=title, value=value)


def _digits(text: str) -> int:
    """Decimals that were typed, two at most."""
    return min(len(text.partition(".")[2].rstrip("0")), 2)


def _title(name: str, lang: Language) -> str:
    outcome = OUTCOME_BY_NAME.get(name)
    return translate(outcome.title if outcome is not None else Plot.attributes()[name].title, lang)


def _code(name: str, text: str, lang: Language) -> str:
    if name == "ask_first":
        return in_sentence(first_question(text, lang))
    if name == "shut_by":
        return in_sentence(translate(label_of(Exclusion, "kind", text), lang))
    return translate(CODES.get(text, text), lang)


def _alternatives(words: Sequence[str], lang: Language) -> str:
    *most, last = words
    return f"{', '.join(most)} {translate('or', lang)} {last}" if most else last


def _of_classes(texts: Sequence[str], _jamoats: Mapping[str, str], _lang: Language) -> str:
    return say_classes(texts)


def _of_codes(texts: Sequence[str], _jamoats: Mapping[str, str], lang: Language) -> str:
    return _alternatives([in_sentence(translate(CODES.get(text, text), lang)) for text in texts], lang)


def _of_crops(texts: Sequence[str], _jamoats: Mapping[str, str], lang: Language) -> str:
    titles = crop_words(lang)["crops"]
    return translate(SUITS, lang).format(crops=_alternatives([in_sentence(titles[text]) for text in texts], lang))


def _of_jamoats(texts: Sequence[str], jamoats: Mapping[str, str], lang: Language) -> str:
    return translate(IN_JAMOAT, lang).format(name=_alternatives([jamoats.get(text, text) for text in texts], lang))


def _of_box(_texts: Sequence[str], _jamoats: Mapping[str, str], lang: Language) -> str:
    return translate(IN_BOX, lang)


def _of_plots(texts: Sequence[str], _jamoats: Mapping[str, str], lang: Language) -> str:
    return translate(SHORTLIST, lang).format(count=number(len(texts), lang))


def _of_condition(texts: Sequence[str], _jamoats: Mapping[str, str], lang: Language) -> str:
    return translate(MORE, lang).format(condition=texts[0])


_SPECIAL: Final[Mapping[str, Callable[[Sequence[str], Mapping[str, str], Language], str]]] = {
    "class": _of_classes,
    "jamoat": _of_jamoats,
    "plot_id": _of_plots,
    "crop": _of_crops,
    "land_form": _of_codes,
    "availability": _of_codes,
    "bbox": _of_box,
    "filter": _of_condition,
}
