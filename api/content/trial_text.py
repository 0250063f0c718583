"""A trial of other weights in words: the sentence of its state, its sliders, and what each group then weighs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.language.translate import Language, number, translate
from api.language.wording import GROUPS
from geo.panel.scheme import Scheme
from geo.suitability.trial import FACTORS, GROUP_OF, NEUTRAL, ORNESS, Emphasis

TRIAL: Final = "trial of other weights: {changes}"
WEIGHED: Final[Mapping[str, str]] = {
    "water": "weight of water × {factor}",
    "safety": "weight of safety from hazards × {factor}",
    "nearness": "weight of nearness × {factor}",
}
WITH_ORNESS: Final = "orness {value}"
TITLES: Final[Mapping[str, str]] = {"water": "Water", "safety": "Safety from hazards", "nearness": "Nearness"}
ORNESS_TITLE: Final = "How far good points make up for poor ones (orness)"
MESSAGES: Final = (TRIAL, *WEIGHED.values(), WITH_ORNESS, *TITLES.values(), ORNESS_TITLE)
STEP: Final = 5  # %, of a slider of a weight
ORNESS_STEP: Final = 1  # %


@dataclass(frozen=True, slots=True)
class Slider:
    """One control of the panel, in whole percents; ``neutral`` is what the scheme says, ``unit`` stands after it."""

    name: str
    title: str
    value: int
    neutral: int
    least: int
    most: int
    step: int


@dataclass(frozen=True, slots=True)
class Share:
    """What a group weighs: its title in the reader's language, and percent of all land weight."""

    title: str
    percent: float


def say_emphasis(emphasis: Emphasis, lang: Language) -> str | None:
    """Return what a trial changes, as a phrase that ends the sentence of the state; None where nothing is moved."""
    changes = [
        translate(message, lang).format(factor=_short(getattr(emphasis, name), lang))
        for name, message in WEIGHED.items()
        if getattr(emphasis, name) != getattr(NEUTRAL, name)
    ]
    if emphasis.orness is not None:
        changes.append(translate(WITH_ORNESS, lang).format(value=_short(emphasis.orness, lang)))
    return translate(TRIAL, lang).format(changes=", ".join(changes)) if changes else None


def sliders(scheme: Scheme, emphasis: Emphasis, lang: Language) -> list[Slider]:
    """Return the controls of a trial: a factor for each of three groups, and the orness."""
    least, most = (round(100 * bound) for bound in FACTORS)
    found = [
        Slider(
            f"weigh_{name}", translate(TITLES[name], lang), round(100 * getattr(emphasis, name)), 100, least, most, STEP
        )
        for name in GROUP_OF
    ]
    own = round(100 * scheme.orness)
    chosen = own if emphasis.orness is None else round(100 * emphasis.orness)
    bounds = (min(own, round(100 * ORNESS[0])), max(own, round(100 * ORNESS[1])))
    return [*found, Slider("orness", translate(ORNESS_TITLE, lang), chosen, own, *bounds, ORNESS_STEP)]


def shares(scheme: Scheme, lang: Language) -> list[Share]:
    """Return what each land group weighs in a scheme, the heaviest first."""
    found = [Share(translate(GROUPS[group], lang), 100 * weight) for group, weight in scheme.land_weights.items()]
    return sorted(found, key=lambda share: -share.percent)


def _short(value: float, lang: Language) -> str:
    """A number of at most two decimals without the zeros at its end."""
    return number(value, lang, digits=len(f"{value:.2f}".rstrip("0").partition(".")[2]))
