"""Crops of a plot in words: each with its class and on what it depends, those without known limits apart, pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from api.content.value_text import in_sentence
from api.language.speech import with_own_signs
from api.language.translate import Language, translate
from geo.crops.catalogue import crops
from geo.crops.ratings import DECIDING
from geo.household.labour import MONTH_NAMES
from geo.suitability.crop_choice import CLASS_WORDS, PAIR, SURVEY_COLUMNS, condition, pairs
from layers.catalogue.land import PlotSurvey

SUITED: Final = "Crops that suit, the best first: {crops}."
NONE_SUITED: Final = "No crop of the list is well suited here, or suited with limits."
APART: Final = "These might suit too, but not all their limits are known: {crops}."
NOT_KNOWN: Final = "What decides on crops and is not known here: {factors}."
PAIRS: Final = (
    "Two harvests in a year, if the water of July to September is at least half of what the second needs: {pairs}."
)
FACTORS: Final[Mapping[str, str]] = dict(
    zip(
        DECIDING,
        ("warmth of the season", "slope", "salinity", "depth of the soil", "depth of the groundwater"),
        strict=True,
    )
)
MESSAGES: Final = (SUITED, NONE_SUITED, APART, NOT_KNOWN, PAIRS, *FACTORS.values())


@dataclass(frozen=True, slots=True)
class CropList:
    """Crops of a plot under a heading, each with its conditions; a sentence where no crop stands under it."""

    heading: str
    crops: tuple[tuple[str, str], ...] = ()


def list_crops(plot: Mapping[str, Any], lang: Language) -> tuple[CropList, ...]:
    """Return what ``tell_crops`` says as lists: by class, those without known limits, what is not known, two harvests.

    Parameters
    ----------
    plot : mapping
        As for ``tell_crops``.
    lang : str
        Language of the reader.
    """
    return tuple(_lists(plot, lang))


def _lists(plot: Mapping[str, Any], lang: Language) -> Iterator[CropList]:
    named, apart, unknown = plot.get("crops"), plot.get("crops_apart") or [], plot.get("crops_not_known") or []
    if named is None:
        return
    if not named:
        yield CropList(translate(NONE_SUITED, lang))
    elif classes := plot.get("crop_classes"):
        yield CropList(_head(SUITED, lang))
        for judged, words in CLASS_WORDS.items():
            of_class = [name for name, found in zip(named, classes, strict=True) if found == judged]
            if of_class:
                heading = f"{translate(words, lang).capitalize()}, {judged}"
                yield CropList(heading, tuple((_title(name, lang), _on_what(name, unknown, lang)) for name in of_class))
    else:
        yield CropList(
            _head(SUITED, lang), tuple((_title(name, lang), _on_what(name, unknown, lang)) for name in named)
        )
    if apart:
        yield CropList(_head(APART, lang), tuple((_title(name, lang), "") for name in apart))
    if unknown:
        yield CropList(_not_known(unknown, lang))
    if after := pairs(named, plot.get("second_crop_water")):
        yield CropList(_head(PAIRS, lang), tuple((_pair(*both, lang), "") for both in after))


def _head(sentence: str, lang: Language) -> str:
    """The part of a sentence before what it names."""
    return translate(sentence, lang).partition("{")[0].strip()


def _on_what(name: str, unknown: Sequence[str], lang: Language) -> str:
    return "; ".join(_conditions(name, unknown, lang))


def tell_crops(plot: Mapping[str, Any], lang: Language) -> tuple[str, ...]:
    """Return the sentences on the crops of a plot from its public properties; none where no run has ranked crops.

    Parameters
    ----------
    plot : mapping
        ``crops``, ``crop_classes``, ``crops_not_known`` and ``crops_apart``; those a run did not keep may be missing.
    lang : str
        Language of the reader.
    """
    return tuple(_sentences(plot, lang))


def tell_ranked_crop(found: Mapping[str, Any], lang: Language) -> str:
    """Return one of the best crops of a plot: its class, on what it depends, what holds it back, when it starts.

    Parameters
    ----------
    found : mapping
        Of ``geo.suitability.crop_choice.RankedCrop.as_dict``.
    lang : str
        Language of the reader.
    """
    title, words, factor, start = found["title"], found["class_says"]["text"], found["limiting"], found["start_month"]
    about = [f"{translate(words, lang)}, {found['class']}"]
    about += [_condition(said, lang) for said in found["conditions"]]
    about.append(f"{translate('holds back most', lang)}: {in_sentence(translate(_factor(factor), lang))}")
    if start:
        month = translate(MONTH_NAMES[start - 1], lang)
        about.append(translate("start: {month}", lang).format(month=month))
    return f"{translate(title, lang)} ({'; '.join(about)})"


def crop_words(lang: Language) -> dict[str, dict[str, str]]:
    """Return what the codes of crops mean: property -> code -> words."""
    titles = {name: translate(crop.title, lang) for name, crop in crops().items()}
    return {
        "crops": titles,
        "crop_classes": {name: translate(words, lang) for name, words in CLASS_WORDS.items()},
        "crops_not_known": {name: translate(words, lang) for name, words in FACTORS.items()},
        "crops_apart": titles,
    }


def _sentences(plot: Mapping[str, Any], lang: Language) -> Iterator[str]:
    named, apart = plot.get("crops"), plot.get("crops_apart") or []
    if named is None:
        return
    unknown = plot.get("crops_not_known") or []
    if named:
        classes = plot.get("crop_classes") or [None] * len(named)
        told = [_crop(name, judged, unknown, lang) for name, judged in zip(named, classes, strict=True)]
        yield translate(SUITED, lang).format(crops="; ".join(told))
    else:
        yield translate(NONE_SUITED, lang)
    if apart:
        yield translate(APART, lang).format(crops="; ".join(_title(name, lang) for name in apart))
    if unknown:
        yield _not_known(unknown, lang)
    if after := pairs(named, plot.get("second_crop_water")):
        yield translate(PAIRS, lang).format(pairs="; ".join(_pair(*both, lang) for both in after))


def _not_known(unknown: Sequence[str], lang: Language) -> str:
    factors = "; ".join(translate(FACTORS.get(name, name), lang) for name in unknown)
    return translate(NOT_KNOWN, lang).format(factors=factors)


def _pair(first: str, second: str, lang: Language) -> str:
    return translate(PAIR, lang).format(first=_title(first, lang), second=_title(second, lang))


def _crop(name: str, judged: str | None, unknown: Sequence[str], lang: Language) -> str:
    """A crop with its class and the conditions on which it is named."""
    about = [] if judged is None else [f"{translate(CLASS_WORDS[judged], lang)}, {judged}"]
    about += _conditions(name, unknown, lang)
    return f"{_title(name, lang)} ({'; '.join(about)})" if about else _title(name, lang)


def _conditions(name: str, unknown: Sequence[str], lang: Language) -> list[str]:
    """On what a crop depends of that which is not known here."""
    crop = crops().get(name)
    return [] if crop is None else [_condition(condition(crop, factor), lang) for factor in unknown]


def _condition(said: Mapping[str, Any], lang: Language) -> str:
    text, args = itemgetter("text", "args")(said)
    limits = {key: with_own_signs(limit, lang) for key, limit in args.items()}
    return translate(text, lang).format(**limits)


def _factor(name: str) -> str:
    """A factor of the rating of crops as a message id: what decides, or what was measured of the soil."""
    return FACTORS[name] if name in FACTORS else PlotSurvey.attributes()[SURVEY_COLUMNS[name]].title


def _title(name: str, lang: Language) -> str:
    crop = crops().get(name)
    return name if crop is None else translate(crop.title, lang)
