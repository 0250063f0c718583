"""Why a plot has its class, in the reader's language: sentences, what each group costs, what would lift it, how sure.

Everything comes from the explanation ``obod explain`` gives; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from api.content.figures import BarPart
from api.content.unknown_text import (
    NO_WAY_KNOWN,
    NOBODY_LOOKED,
    WAY_NOT_ASSESSED,
    tell_not_assessed,
    tell_reason,
)
from api.language.translate import LANGUAGES, Language, local_name, number, translate
from api.language.wording import CLASS_WORDS, label_of
from api.maps.legend import CRITERIA_BY_ID
from geo.contract.classes import CLASSES
from geo.criteria.hazard import WAY_EXPOSURE
from layers.catalogue.land import CLASS_STYLES
from layers.catalogue.services import Service as ServiceLayer

DRAWN_BY: Final = "This command draws how sure the class is: {command}"
MESSAGES: Final = (DRAWN_BY,)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of criteria: the points it brings to the score, and those it would add if nothing limited it."""

    title: str
    brings: float
    costs: float


@dataclass(frozen=True, slots=True)
class Lift:
    """The cheapest set of remedies: each with who does it, and what all cost [USD].

    ``said`` : class and score they lead to, as a heading. ``cost`` : what all cost together, as a sentence. ``note`` :
    how far costs can be relied on.
    """

    remedies: tuple[tuple[str, str], ...]
    cost_usd: float
    said: str
    cost: str
    note: str


@dataclass(frozen=True, slots=True)
class Sureness:
    """Share of draws in each class as a bar, and in sentences: how many draws, whether to rely on the class, the best.

    ``flagged`` : that no class is drawn often enough; else empty. ``top`` : in how many draws the plot is in the
    district's best group; empty where that is not drawn.
    """

    bar: tuple[BarPart, ...]
    varied: str
    flagged: str
    top: str


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

    ``measurement`` : what to measure first, what for, and how. ``walk`` : minutes of the way from home, and what is
    known of its danger. ``safer`` : the same of a safer way. ``no_way`` : why no way from home is known.
    """

    says: tuple[str, ...]
    groups: tuple[Group, ...]
    lift: Lift | None
    withheld: bool  # what would lift the plot is told to partners and staff
    measurement: str | None
    sureness: Sureness | None
    undrawn: bool  # the plot has a score and its run is not drawn yet
    walk: str | None
    safer: str | None
    no_way: str | None
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
        walk=_walk(explained, lang),
        safer=_safer(explained, lang),
        no_way=_no_way(explained.get("why_no_way"), lang),
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
    code, note = found["class"], found["note"]
    steps = map(itemgetter("title", "who"), found["set"])
    heading = translate("The cheapest way one class up or more, to {words} ({code}), {score} points:", lang)
    words, score = translate(CLASS_WORDS[code], lang), number(found["score"], lang, digits=1)
    return Lift(
        remedies=tuple((translate(title, lang), translate(who, lang)) for title, who in steps),
        cost_usd=found["cost_usd"],
        said=heading.format(words=words, code=code, score=score),
        cost=tell_cost(found["cost_usd"], lang),
        note=translate(note, lang),
    )


def tell_cost(cost_usd: float, lang: Language) -> str:
    """Return what several works cost together."""
    return translate("Together about {cost} USD.", lang).format(cost=number(cost_usd, lang))


def _measurement(found: Mapping[str, Any] | None, lang: Language) -> str | None:
    if found is None:
        return None
    criterion, how = CRITERIA_BY_ID[found["criterion"]], found["how"]
    said = translate(
        "Worth measuring first: {criterion}, about {cost} USD; after it the class lies between {low} and {high}.", lang
    ).format(
        criterion=translate(criterion.title, lang),
        cost=number(found["cost_usd"], lang),
        low=found["class_low"],
        high=found["class_high"],
    )
    return f"{said} {translate(how, lang)}"


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
    varied = translate("Weights, caution and values were varied {draws} times.", lang)
    flagged = translate("Fewer than 70 of 100 draws fall into one class: do not rely on it.", lang)
    return Sureness(
        bar=tuple(bar),
        varied=varied.format(draws=number(found["draws"], lang)),
        flagged=flagged if found["flagged"] else "",
        top=_top(found, lang),
    )


def _top(found: Mapping[str, Any], lang: Language) -> str:
    if found["top_share"] is None:
        return ""
    count, share = number(found["top_of"], lang), number(found["top_share"] * 100, lang)
    said = translate("It was among the best {count} of the district in {share} of 100.", lang)
    return said.format(count=count, share=share)


def _walk(explained: Mapping[str, Any], lang: Language) -> str | None:
    way = explained["way"]
    if way is None or not _is_timed(way):
        return None
    said = translate("From home {out} min, back {back} min.", lang).format(**_minutes(way, lang))
    danger = _danger_unknown(explained, lang)
    if danger is None and (metres := _worst_month_m(way)):
        danger = translate("In the worst month the way leads through {metres} m of danger, weighted by level.", lang)
        danger = danger.format(metres=number(metres, lang))
    return said if danger is None else f"{said} {danger}"


def _safer(explained: Mapping[str, Any], lang: Language) -> str | None:
    """A safer way; none is told where the danger of the usual one is not known."""
    way = (explained["way"] or {}).get("safer")
    if way is None or not _is_timed(way) or _danger_unknown(explained, lang) is not None:
        return None
    said = translate("A safer way: {out} min, back {back} min, with {metres} m of danger.", lang)
    return said.format(metres=number(_worst_month_m(way), lang), **_minutes(way, lang))


def _is_timed(way: Mapping[str, Any]) -> bool:
    return way["minutes_out"] is not None and way["minutes_back"] is not None


def _minutes(way: Mapping[str, Any], lang: Language) -> dict[str, str]:
    return {"out": number(way["minutes_out"], lang), "back": number(way["minutes_back"], lang)}


def _worst_month_m(way: Mapping[str, Any]) -> float:
    """Metres of danger of a way, weighted by level, in the worst month."""
    return float(max(way["exposure_by_month_m"] or [0.0]))


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
