"""What the page of water says: what the first and the last fields of canals get, in parts of ten, month by month."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.language.translate import Language, number, translate
from api.language.wording import CODES
from api.maps.water_map import PERIODS, UNNEEDED, WORST, WORST_MONTH, name_periods
from geo.water.sharing.rules import RULES
from layers.catalogue.balances import LEGEND
from layers.catalogue.supply import YEAR_TYPES
from layers.water.canal_shares import CanalShare, mean_thirds
from layers.water.layer_rows import ENOUGH, FAIR, SHORT

NOT_KNOWN: Final = "not known"
FIRST_AND_LAST: Final = "The first fields get {head} of 10 parts of the water they need, the last fields {tail}."
NOT_KNOWN_HERE: Final = "How much the fields get is not known; areas of which it is not known: {count}."
IDLE_HERE: Final = "Nothing is needed in this month."
NO_BALANCE: Final = (
    "No water balance of this kind of year and this rule is published. The staff of the service can make one: "
    "obod water balance --year {year} --rule {rule}"
)
NO_BALANCES: Final = "No water balance is published yet. The staff of the service can make one: obod water balance"
NO_CANAL: Final = "No canal {canal} is in this water balance."
MORE_CANALS: Final = (
    "These are {shown} of {count} canals, those with the least share in their worst month. Choose a district or look "
    "on the map for the others."
)
ESTIMATED: Final = "Computed from estimated deliveries."
TEN_DAYS: Final = "{month}, ten-day part {part}"
UNKNOWN_HERE: Final = "It is not known how much the fields get."
MESSAGES: Final = (
    *(NOT_KNOWN, FIRST_AND_LAST, NOT_KNOWN_HERE, IDLE_HERE, NO_BALANCE, NO_BALANCES, NO_CANAL, UNKNOWN_HERE),
    *(WORST_MONTH, UNNEEDED.label, MORE_CANALS, TEN_DAYS, ESTIMATED),
)


@dataclass(frozen=True, slots=True)
class Part:
    """What a third of a canal gets: 0-1, None where it is not known or nothing is needed; words and colour."""

    share: float | None
    words: str
    colour: str
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A canal, or a rule, in one period: head, middle and tail, and a sentence."""

    name: str
    parts: tuple[Part, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a choice: code, words, whether it is the chosen one, whether a balance of it is published."""

    code: str
    words: str
    chosen: bool
    published: bool


def tell_part(share: float, lang: Language, *, idle: bool = False) -> Part:
    """Return a share in parts of ten, never more than it is; NaN where it is not known."""
    if idle:
        return Part(None, "–", UNNEEDED.colour, idle=True)
    if math.isnan(share):
        return Part(None, translate(NOT_KNOWN, lang), LEGEND["unknown"].colour)
    look = LEGEND["enough" if share >= ENOUGH else "fair" if share >= FAIR else "short" if share >= SHORT else "scarce"]
    tenths = math.floor(share * 100 + 1e-6) / 10
    return Part(share, number(tenths, lang, digits=int(tenths % 1 > 0)), look.colour)


def tell_canal(share: CanalShare, period: int, lang: Language) -> Row:
    """Return what a canal says in a period."""
    idle = bool(share.idle[period])
    parts = tuple(tell_part(float(value), lang, idle=idle) for value in share.thirds[period])
    if idle:
        says = translate(IDLE_HERE, lang)
    elif parts[0].share is None:
        says = translate(NOT_KNOWN_HERE, lang).format(count=number(int(share.unknown[period]), lang))
    else:
        says = translate(FIRST_AND_LAST, lang).format(head=parts[0].words, tail=parts[2].words)
    return Row(share.canal, parts, says)


def tell_more(shown: int, count: int, lang: Language) -> str | None:
    """Return that there are more canals than are shown; None where there are not."""
    if shown == count:
        return None
    return translate(MORE_CANALS, lang).format(shown=number(shown, lang), count=number(count, lang))


def tell_rule(rule: str, shares: Sequence[CanalShare], period: int, alike: Collection[str], lang: Language) -> Row:
    """Return what a rule gives to the fields of canals in a period; over those that every rule can be compared by."""
    idle = bool(shares) and all(one.idle[period] for one in shares)
    parts = tuple(tell_part(float(value), lang, idle=idle) for value in mean_thirds(shares, period, alike))
    says = translate(IDLE_HERE, lang) if idle else ""
    if parts[0].share is not None:
        says = translate(FIRST_AND_LAST, lang).format(head=parts[0].words, tail=parts[2].words)
    return Row(translate(CODES[rule], lang), parts, says or translate(UNKNOWN_HERE, lang))


def tell_choices(year: str, rule: str, month: int, published: set[tuple[str, str]], lang: Language) -> dict[str, Any]:
    """Return the choices of the page: kinds of year, rules of sharing, and periods."""
    return {
        "year": [
            Choice(one, translate(CODES[one], lang), one == year, any(of == one for of, _ in published))
            for one in YEAR_TYPES
        ],
        "rule": [Choice(one, translate(CODES[one], lang), one == rule, (year, one) in published) for one in RULES],
        "month": [
            Choice(str(period), name, period == month, published=True)
            for period, name in zip(PERIODS, name_periods(lang), strict=True)
        ],
    }


def tell_losses(reaches: Sequence[Mapping[str, Any]], lang: Language) -> list[dict[str, Any]]:
    """Return reaches with what they lose, take in at most, and give to the land beyond in its worst month."""
    most = max((row["lost_m3"] or 0.0 for row in reaches), default=0.0)
    return [
        {
            "code": row["code"],
            "lost": None if row["lost_m3"] is None else number(row["lost_m3"], lang),
            "of_most": 0.0 if not most or row["lost_m3"] is None else row["lost_m3"] / most,
            "flow": None if row["flow_m3_s"] is None else number(row["flow_m3_s"], lang, digits=3),
            "part": tell_part(math.nan if row["ratio"] is None else row["ratio"], lang),
        }
        for row in reaches
    ]


def tell_supply(areas: Sequence[Mapping[str, Any]], lang: Language) -> list[dict[str, Any]]:
    """Return what all areas of a canal need and get in each period, m3/s, from rows that staff are told.

    What is not known of one area is not known of the canal.
    """
    names = name_periods(lang)
    found: list[dict[str, Any]] = []
    for place, period in enumerate(areas[0]["periods"] if areas else ()):
        rows = [area["periods"][place] for area in areas]
        need, got, best = (_sum(rows, key) for key in ("need_m3_s", "delivered_m3_s", "delivered_best_m3_s"))
        name = names[period["month"]]
        if period["part"]:
            name = translate(TEN_DAYS, lang).format(month=name, part=period["part"])
        found.append({"name": name, "need": need, "got": got, "best": best})
    most = max((one["need"] or 0.0 for one in found), default=0.0)
    for one in found:
        one["shares"] = [0.0 if not most or one[key] is None else one[key] / most for key in ("need", "got", "best")]
    return found


def _sum(rows: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = [row[key] for row in rows]
    return None if any(value is None for value in values) else float(sum(values))


def tell_areas(areas: Sequence[Mapping[str, Any]], lang: Language) -> list[dict[str, Any]]:
    """Return areas with their worst month and what they get in it."""
    names = name_periods(lang)
    return [
        {
            "code": row["code"],
            "month": names[row["worst_month"]] if row["worst_month"] else "–",
            "part": tell_part(math.nan if row["ratio"] is None else row["ratio"], lang),
            "need": "–" if row["need_m3"] is None else number(row["need_m3"], lang),
        }
        for row in sorted(areas, key=lambda row: (row["distance_m"] is None, row["distance_m"] or 0.0, row["code"]))
    ]


def title_of(year: str, rule: str, month: int, lang: Language) -> str:
    """Return what is shown in a sentence: period, kind of year, rule."""
    name = name_periods(lang)[month]
    said = translate(CODES[year], lang), translate(CODES[rule], lang)
    return f"{name[:1].upper()}{name[1:]}; {said[0]}; {said[1]}" if month != WORST else f"{said[0]}; {said[1]}; {name}"
