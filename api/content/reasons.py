"""Why a plot has its class, in the reader's language: sentences, what each group costs, what would lift it, how sure.

Everything comes from the explanation ``obod explain`` gives; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from api.content.figures import BarPart
from api.content.unknown_text import (
    NO_WAY_KNOWN,
    NOBODY_LOOKED,
    WAY_NOT_ASSESSED,
    tell_not_assessed,
    tell_reason,
)
from api.language.translate import LANGUAGES, Language, local_name, translate
from api.language.wording import CLASS_WORDS, label_of
from api.maps.legend import CRITERIA_BY_ID
from geo.contract.classes import CLASSES
from geo.criteria.hazard import WAY_EXPOSURE
from layers.catalogue.land import CLASS_STYLES
from layers.catalogue.services import Service as ServiceLayer


@dataclass(frozen=True, slots=True)
class Group:
    """A group of criteria: the points it brings to the score, and those it would add if nothing limited it."""

    title: str
    brings: float
    costs: float


@dataclass(frozen=True, slots=True)
class Lift:
    """The cheapest set of remedies: each with who does it, what all cost [USD], class and score they lead to."""

    remedies: tuple[tuple[str, str], ...]
    cost_usd: float
    words: str
    code: str
    score: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """The cheapest measurement that narrows the class: what, how, its cost [USD], the classes it leaves."""

    title: str
    how: str
    cost_usd: float
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Sureness:
    """Share of draws in each class as a bar, whether none of them is drawn often enough, and how many draws.

    ``top`` : size of the district's best group and the share of draws in which the plot is in it; None = not drawn.
    """

    bar: tuple[BarPart, ...]
    flagged: bool
    draws: int
    top: tuple[int, float] | None


@dataclass(frozen=True, slots=True)
class Walk:
    """A way from home: minutes out and back, metres in danger weighted by level, in the worst month."""

    minutes_out: float
    minutes_back: float
    exposure_m: float


@dataclass(frozen=True, slots=True)
class Service:
    """The nearest service of a kind: minutes in the dry season and in winter, None = no way is known, and its name.

    ``beyond`` : it is farther than that many minutes, None where it is not. ``known`` : such a service is on
    record; else ``why_unknown`` says why nothing is known.
    """

    kind: str
    known: bool
    name: str
    minutes: float | None
    minutes_winter: float | None
    beyond: float | None
    why_unknown: str | None


@dataclass(frozen=True, slots=True)
class Reasons:
    """What the page of a plot says; every text is in the reader's language.

    ``no_way`` : why no way from home is known; ``danger_unknown`` : why its danger is not, where a way is known.
    """

    says: tuple[str, ...]
    groups: tuple[Group, ...]
    lift: Lift | None
    withheld: bool  # what would lift the plot is told to partners and staff
    measurement: Measurement | None
    sureness: Sureness | None
    undrawn: bool  # the plot has a score and its run is not drawn yet
    walk: Walk | None
    safer: Walk | None
    no_way: str | None
    danger_unknown: str | None
    services: tuple[Service, ...]
    not_assessed: tuple[str, ...]


def reasons(explained: Mapping[str, Any], lang: Language) -> Reasons:
    """Return an explanation (``layers.explain.plot``) as it is read in ``lang``."""
    return Reasons(
        says=tuple(sentence(said, lang) for said in explained["says"]),
        groups=tuple(
            Group(translate(title, lang), brings, costs)
            for title, brings, costs in map(itemgetter("title", "brings", "costs"), explained["groups"])
        ),
        lift=_lift(explained["remedies"], lang),
        withheld=explained["potential_withheld"],
        measurement=_measurement(explained["measurement"], lang),
        sureness=None if explained["score"] is None else _sureness(explained["robustness"], lang),
        undrawn=explained["score"] is not None and explained["robustness"] is None,
        walk=_walk(explained["way"]),
        safer=_walk((explained["way"] or {}).get("safer")),
        no_way=_no_way(explained.get("why_no_way"), lang),
        danger_unknown=_danger_unknown(explained, lang),
        services=tuple(_service(found, lang) for found in explained["services"] or ()),
        not_assessed=tell_not_assessed(explained["not_assessed"], lang),
    )


def sentence(said: Mapping[str, Any], lang: Language) -> str:
    """Return one sentence of the science in ``lang``; what is filled in is translated too."""
    text, args = said["text"], said["args"]
    return translate(text, lang).format(**{name: _filled(value, lang) for name, value in args.items()})


def _filled(value: str | Sequence[str], lang: Language) -> str:
    texts = [value] if isinstance(value, str) else value
    return "; ".join(translate(text, lang) for text in texts)


def _lift(found: Mapping[str, Any] | None, lang: Language) -> Lift | None:
    if found is None:
        return None
    code = found["class"]
    steps = map(itemgetter("title", "who"), found["set"])
    return Lift(
        remedies=tuple((translate(title, lang), translate(who, lang)) for title, who in steps),
        cost_usd=found["cost_usd"],
        words=translate(CLASS_WORDS[code], lang),
        code=code,
        score=found["score"],
    )


def _measurement(found: Mapping[str, Any] | None, lang: Language) -> Measurement | None:
    if found is None:
        return None
    criterion = CRITERIA_BY_ID[found["criterion"]]
    how = found["how"]
    title, said = translate(criterion.title, lang), translate(how, lang)
    return Measurement(title, said, found["cost_usd"], found["class_low"], found["class_high"])


def _sureness(found: Mapping[str, Any] | None, lang: Language) -> Sureness | None:
    if found is None:
        return None
    bar, start = [], 0.0
    for code in CLASSES:
        share = found["shares"].get(code, 0.0)
        if share > 0:
            label = f"{translate(CLASS_WORDS[code], lang)} ({code})"
            bar.append(BarPart(start, share, CLASS_STYLES[code], label))
            start += share
    top = None if found["top_share"] is None else (found["top_of"], found["top_share"])
    return Sureness(tuple(bar), found["flagged"], found["draws"], top)


def _walk(found: Mapping[str, Any] | None) -> Walk | None:
    if found is None or found["minutes_out"] is None or found["minutes_back"] is None:
        return None
    return Walk(found["minutes_out"], found["minutes_back"], max(found["exposure_by_month_m"] or [0.0]))


def _no_way(why: str | None, lang: Language) -> str | None:
    return None if why is None else translate(NO_WAY_KNOWN, lang).format(reason=tell_reason(why, lang))


def _danger_unknown(explained: Mapping[str, Any], lang: Language) -> str | None:
    """Why the danger of the way is not known: as the run says, or because part of it was never looked at."""
    if why := explained["not_assessed"].get(WAY_EXPOSURE.id):
        return translate(WAY_NOT_ASSESSED, lang).format(reason=tell_reason(why, lang))
    unmapped = (explained["way"] or {}).get("unmapped_m")
    return translate(NOBODY_LOOKED, lang) if unmapped or WAY_EXPOSURE.id in explained["unknown"] else None


def _service(found: Mapping[str, Any], lang: Language) -> Service:
    nearest, kind, why = found["nearest"] or {}, found["kind"], found["why_unknown"]
    names: dict[str, Any] = {language: nearest.get(f"name_{language}") for language in LANGUAGES}
    return Service(
        kind=translate(label_of(ServiceLayer, "kind", kind), lang),
        known=found["known"],
        name=local_name(names, lang),
        minutes=found["minutes"],
        minutes_winter=found["minutes_winter"],
        beyond=found["farther_than_minutes"],
        why_unknown=None if why is None else tell_reason(why, lang),
    )
