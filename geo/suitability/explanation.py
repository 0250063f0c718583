"""Why a plot has its class: values, memberships, weights, what limits it, what holds the class down, what is unknown.

Everything is computed from the result that was kept, so an explanation never disagrees with the map. Sentences are
message ids in plain English with named places, ready for gettext: ``{"text": id, "args": {...}}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.contract.classes import CLASS_LIMITS, CLASSES, N2, NE, ROUNDING, S2
from geo.contract.criterion import Criterion, HardLimit, Measured
from geo.contract.memberships import ByClass, Knots, Lower, Probability
from geo.criteria import BY_ID, LAND_CRITERIA
from geo.panel.scheme import LAND_GROUPS, WEIGHS_CONDITION, Scheme
from geo.suitability.assess import classify
from geo.suitability.combination import Aggregate, Floats, Weighting, aggregate, owa, weighting
from geo.suitability.kept_columns import UNKNOWN_EVIDENCE
from geo.suitability.model import NOTHING
from geo.suitability.rating import EXCLUDING
from geo.suitability.shown import shown_score

GROUP_TITLES = {
    "water": "Water",
    "hazard": "Natural hazards",
    "terrain": "Terrain",
    "soil": "Soil",
    "climate": "Climate",
    "access": "Access",
}
NOTHING_LIMITS = "Nothing holds this plot back."
NOT_KNOWN_LIMITS = "Not known here, and counted as if it were poor: {criterion}."
IS_EXCLUDED = "The plot is shut to this use: {reason}."
CLOSED = {
    "mine_confirmed": "mines or unexploded ordnance are confirmed there or close by",
    "mine_suspected": "mines or unexploded ordnance are suspected there or close by",
    "inundation": "a planned reservoir will flood it",
    "river_bed": "it lies in a river bed",
    "water_body": "it lies under water",
    "built_up": "it is built up",
    "protected": "it lies in a protected forest or reserve",
    "border_strip": "it lies in the border strip",
}
CLOSED_AREA = "it lies in an area closed to farming"
IS_NOT_EVALUATED = "Too little is known to judge this plot."
HELD_BY_WORST = "The class is held at {class} by this, whatever else is good: {criterion}."
HELD_BY_UNKNOWN = "The class is held at {class} until this is known: {criterion}."
HELD_BY_LIMIT = "The class is held at {class}: {reason}."
ALSO_UNKNOWN = "Not known here: {criteria}."
WARNING = "Take care: {reason}."

MESSAGES = (
    *(criterion.poor for criterion in LAND_CRITERIA),
    *dict.fromkeys(c.measuring.how for c in LAND_CRITERIA if c.measuring is not None),
    *CLOSED.values(),
    *GROUP_TITLES.values(),
    *(NOTHING_LIMITS, NOT_KNOWN_LIMITS, IS_EXCLUDED, CLOSED_AREA, IS_NOT_EVALUATED, ALSO_UNKNOWN, WARNING),
    *(HELD_BY_WORST, HELD_BY_UNKNOWN, HELD_BY_LIMIT, WEIGHS_CONDITION),
)

_IDS = tuple(criterion.id for criterion in LAND_CRITERIA)

Said = dict[str, Any]


def explain(
    row: Mapping[str, Any],
    scheme: Scheme,
    *,
    order: Sequence[str] = _IDS,
    not_assessed: Mapping[str, str] | None = None,
    closed_by: str | None = None,
) -> dict[str, Any]:
    """Return the explanation of one plot's result, ready for JSON.

    Parameters
    ----------
    row : the kept result: class, subclass, score, score_low, score_high, class_low, class_high, limiting, confidence,
        potential_class, potential_score, not_assessed, memberships, evidence, what to ask, and a value per criterion;
        None or NaN = unknown.
    scheme : of its run.
    order : criteria of ``memberships`` and ``evidence``, as the run had them.
    not_assessed : criterion id -> why it could not be assessed where the plot lies.
    closed_by : of ``geo.contract.shut_land.REASONS`` where an area excludes the plot and it is known which.

    Returns
    -------
    dict : ``says`` (sentences, the most important first), ``limiting``, ``caps``, ``excluded``, ``groups`` (score
    0-100, weight, points they bring to the score and points they cost), ``criteria`` (value, membership, weight, points
    gained at full membership, evidence), ``unknown``, ``not_assessed``, ``confidence``, ``potential``, ``scheme``.
    """
    memberships = _kept(row["memberships"], order)
    missing = {name: (not_assessed or {}).get(name, "") for name in row["not_assessed"] or ()}
    highest = memberships if row.get("memberships_high") is None else _kept(row["memberships_high"], order)
    weights = weighting(scheme)
    loose = _kept_bits(row.get("loose"), order)
    found = aggregate(memberships[:, np.newaxis], weights, highest=highest[:, np.newaxis], loose=loose)
    judged = CLASSES.index(row["class"])
    excluded = judged == N2 and _number(row.get("score")) is None
    caps = [] if judged == NE or excluded else _caps(row, scheme, found)
    unknown = [_IDS[k] for k in weights.active.tolist() if np.isnan(memberships[k])]
    exclusion = _exclusion(row, scheme, closed_by) if excluded else None
    good = {name for name, value in zip(_IDS, memberships.tolist(), strict=True) if value >= CLASS_LIMITS[0] - ROUNDING}
    says = list(_said(row, scheme, judged, exclusion, caps, unknown, good))
    limiting = BY_ID.get(_text(row.get("limiting")) or "")
    return {
        "class": row["class"],
        "subclass": row["subclass"],
        "score": _shown(row.get("score")),
        "score_low": _shown(row.get("score_low")),
        "score_high": _shown(row.get("score_high")),
        "class_low": row["class_low"],
        "class_high": row["class_high"],
        "settled": row.get("settled"),
        "known_weight_pct": row.get("known_weight_pct"),
        "score_known": _shown(row.get("score_known")),
        "outlook": _text(row.get("outlook")),
        "ask_first": _text(row.get("ask_first")),
        "says": says,
        "limiting": None if limiting is None else {"criterion": limiting.id, "title": limiting.title},
        "caps": caps,
        "excluded": exclusion,
        "groups": _groups(scheme, weights, found),
        "criteria": _criteria(row, scheme, order, (memberships, highest), weights, found, missing),
        "unknown": unknown,
        "not_assessed": missing,
        "confidence": _text(row.get("confidence")),
        "potential": {
            "class": _text(row.get("potential_class")),
            "score": _shown(row.get("potential_score")),
            "improvements": [{"criterion": item.criterion, "value": item.value} for item in scheme.improvements],
        },
        "scheme": {
            "name": scheme.name,
            "version": scheme.version,
            "panel": scheme.panel,
            "date": scheme.date.isoformat(),
            "land_use": scheme.land_use,
            "orness": scheme.orness,
            "random_index": scheme.random_index,
        },
    }


def _said(
    row: Mapping[str, Any],
    scheme: Scheme,
    judged: int,
    exclusion: Said | None,
    caps: list[Said],
    unknown: list[str],
    good: set[str],
) -> Iterator[Said]:
    """Sentences a reader needs, the most important first; ``good`` are the criteria known to be in their S1 range."""
    limiting = _text(row.get("limiting"))
    if exclusion is not None:
        yield _say(IS_EXCLUDED, reason=exclusion["text"])
        return
    if judged == NE:
        yield _say(IS_NOT_EVALUATED)
    elif len(good) == len(_IDS):
        yield _say(NOTHING_LIMITS)
    elif limiting in unknown:
        yield _say(NOT_KNOWN_LIMITS, criterion=BY_ID[limiting].title)
    elif limiting in BY_ID and limiting not in good:
        yield _say(BY_ID[limiting].poor)
    yield from (cap["says"] for cap in caps)
    for criterion in LAND_CRITERIA:
        yield from (
            _say(WARNING, reason=limit.text)
            for limit in scheme.limits(criterion)
            if limit.kind == "warning" and limit.where is None and _reached(limit, row, criterion)
        )
    others = [BY_ID[name].title for name in unknown if name != limiting]
    if others:
        yield _say(ALSO_UNKNOWN, criteria=others)
    yield from map(_say, scheme.notes)


def _caps(row: Mapping[str, Any], scheme: Scheme, found: Aggregate) -> list[Said]:
    """Return what keeps the class below that of the score, the strictest first."""
    by_score, judged = int(classify(found.low)[0]), CLASSES.index(row["class"])
    held: list[tuple[int, Said]] = []
    allowed = int(found.held[0])
    if allowed > by_score:
        held.append((allowed, _cap(HELD_BY_WORST, allowed, _IDS[found.held_by[0]])))
    if by_score < S2 and found.unknown_by[0] != NOTHING:
        held.append((S2, _cap(HELD_BY_UNKNOWN, S2, _IDS[found.unknown_by[0]])))
    by_limit = _class_code(row.get("class_cap"), otherwise=judged)
    if by_limit > max([by_score, *(cap for cap, _ in held)]):
        # The notes a limit rests on are not kept, but a limit that sets the class is the limiting criterion's.
        criterion = BY_ID.get(_text(row.get("limiting")) or "")
        limits = [] if criterion is None else [item for item in scheme.limits(criterion) if item.no_better_than]
        if criterion is not None and limits:
            held.append((by_limit, _cap(HELD_BY_LIMIT, by_limit, criterion.id, reason=limits[0].text)))
    return [cap for _, cap in sorted(held, key=lambda pair: -pair[0])]


def _class_code(name: Any, *, otherwise: int) -> int:
    """Index of a class that was kept; ``otherwise`` for a run that did not keep it."""
    return CLASSES.index(name) if isinstance(name, str) else otherwise


def _cap(text: str, code: int, criterion: str | None, **args: Any) -> Said:
    title = {} if criterion is None or "{criterion}" not in text else {"criterion": BY_ID[criterion].title}
    says = _say(text, **{"class": CLASSES[code]}, **title, **args)
    return {"no_better_than": CLASSES[code], "criterion": criterion, "says": says}


def _exclusion(row: Mapping[str, Any], scheme: Scheme, closed_by: str | None) -> Said:
    """Return the criterion and the words of the hard limit that excludes a plot; no criterion for a closed area."""
    criterion = BY_ID.get(_text(row.get("limiting")) or "")
    if criterion is None:
        return {"criterion": None, "text": CLOSED.get(closed_by or "", CLOSED_AREA)}
    return {"criterion": criterion.id, "text": reached_limit(criterion, row, scheme.limits(criterion))}


def reached_limit(criterion: Criterion, row: Mapping[str, Any], limits: Sequence[HardLimit] | None = None) -> str:
    """Return the words of the hard limit by which a criterion excludes a plot.

    Parameters
    ----------
    criterion : that excludes it.
    row : the kept result; its value decides which of several limits is meant.
    limits : a scheme's own; None = those declared.

    Returns
    -------
    Message id.
    """
    excluding = [limit for limit in limits or criterion.limits if limit.kind in (*EXCLUDING, "override")]
    reached = [limit for limit in excluding if _reached(limit, row, criterion)]
    first = (reached or excluding or list(criterion.limits))[0]
    if len(reached) > 1 and all(limit.where is not None for limit in reached):
        return first.text_without_note or first.text
    return first.text


def _reached(limit: HardLimit, row: Mapping[str, Any], criterion: Criterion) -> bool:
    """Whether a kept value lies beyond a limit's bound; notes and tables are not kept and taken to hold."""
    value = _number(row.get(criterion.id))
    if value is None or (limit.below is None and limit.above is None):
        return False
    measured = Measured(
        np.array([value]),
        table=np.array(limit.tables[:1] or (0,), dtype=np.int8),
        notes={} if limit.where is None else {limit.where: np.ones(1, dtype=bool)},
    )
    return bool(limit.reached(measured)[0])


def _groups(scheme: Scheme, weights: Weighting, found: Aggregate) -> list[dict[str, Any]]:
    """Return each assessed group, the one that costs most points first."""
    present = np.flatnonzero(weights.group_weights > 0.0)
    low = found.group_low[:, 0]
    best_first = present[np.argsort(-low[present], kind="stable")]
    reached = np.minimum(np.cumsum(weights.group_weights[best_first]), 1.0) ** scheme.alpha
    brings = dict(zip(best_first.tolist(), np.diff(reached, prepend=0.0) * low[best_first], strict=True))
    lifted = np.repeat(low[present, np.newaxis], len(present), axis=1)
    np.fill_diagonal(lifted, 1.0)
    costs = owa(lifted, weights.group_weights[present], scheme.alpha) - found.low[0]
    rows = [
        {
            "group": LAND_GROUPS[g],
            "title": GROUP_TITLES[LAND_GROUPS[g]],
            "score": round(100.0 * float(low[g]), 1),
            "score_high": round(100.0 * float(found.group_high[g, 0]), 1),
            "weight": round(float(weights.group_weights[g]), 4),
            "brings": round(100.0 * float(brings[g]), 1),
            "costs": round(100.0 * max(float(cost), 0.0), 1),
        }
        for g, cost in zip(present.tolist(), costs, strict=True)
    ]
    return sorted(rows, key=lambda group: -group["costs"])


def _criteria(
    row: Mapping[str, Any],
    scheme: Scheme,
    order: Sequence[str],
    interval: tuple[Floats, Floats],
    weights: Weighting,
    found: Aggregate,
    missing: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return each criterion with what it would gain at full membership, in the order of their declaration."""
    memberships, highest = interval
    gains = aggregate(_lifted(memberships, scheme), weights).low - found.low[0]
    letters = dict(zip(order, row["evidence"], strict=True))
    rows = []
    for k, criterion in enumerate(LAND_CRITERIA):
        membership, value = float(memberships[k]), _number(row.get(criterion.id))
        known = not np.isnan(membership)
        evidence = letters.get(criterion.id, UNKNOWN_EVIDENCE)
        rows.append(
            {
                "id": criterion.id,
                "code": criterion.code,
                "title": criterion.title,
                "group": criterion.group,
                "unit": criterion.unit,
                "value": value,
                "level": criterion.levels[round(value)] if criterion.levels and value is not None else None,
                "membership": round(membership, 4) if known else None,
                "membership_high": round(float(highest[k]), 4) if known else None,
                "class": CLASSES[int(classify(np.array([membership]))[0])] if known else None,
                "weight": round(float(weights.share[k]), 4),
                "gain": round(100.0 * max(float(gains[k]), 0.0), 1) if weights.within[k] > 0.0 else 0.0,
                "evidence": None if evidence == UNKNOWN_EVIDENCE else evidence,
                "why_unknown": missing.get(criterion.id),
                "overridden_by": _overridden_by(row, scheme, criterion, membership),
                "knots": _knots(scheme, criterion),
                "basis": criterion.basis,
            }
        )
    return rows


def _lifted(memberships: Floats, scheme: Scheme) -> Floats:
    """Return memberships with one criterion at full membership each, float64 (17, 17).

    Where a group counts its minimum, all its poor members rise together: one at a time, two equals hid each other.
    """
    lifted = np.repeat(memberships[:, np.newaxis], len(_IDS), axis=1)
    for k, criterion in enumerate(LAND_CRITERIA):
        lifted[k, k] = 1.0
        if scheme.groups[criterion.group].minimum and np.nan_to_num(memberships[k]) < CLASS_LIMITS[0]:
            for other, item in enumerate(LAND_CRITERIA):
                if item.group == criterion.group and np.nan_to_num(memberships[other]) < CLASS_LIMITS[0]:
                    lifted[other, k] = 1.0
    return lifted


def _overridden_by(row: Mapping[str, Any], scheme: Scheme, criterion: Criterion, membership: float) -> str | None:
    """Return the criterion that sets this one to 0, whatever was measured: a destroyed canal its water."""
    if membership != 0.0:
        return None
    for other in LAND_CRITERIA:
        if any(limit.overrides == criterion.id and _reached(limit, row, other) for limit in scheme.limits(other)):
            return other.id
    return None


def _knots(scheme: Scheme, criterion: Criterion) -> dict[str, list[float]]:
    """Return the values at membership 1, .75, .50, .25, 0 of each table, or the memberships of each level."""
    tables: dict[str, list[float]] = {}
    for name, membership in zip(criterion.tables, scheme.memberships(criterion), strict=True):
        if isinstance(membership, ByClass):
            tables[name] = [membership.table[code] for code in sorted(membership.table)]
        else:
            knots = membership.surveyed if isinstance(membership, Probability) else membership
            tables[name] = list(knots.values) if isinstance(knots, Knots | Lower) else []
    return tables


def _kept(values: Sequence[float | None], order: Sequence[str]) -> Floats:
    """Return kept memberships in today's order of criteria, float64 (17,), NaN unknown."""
    by_id = dict(zip(order, values, strict=True))
    kept = [by_id.get(name) for name in _IDS]
    return np.array([np.nan if value is None else float(value) for value in kept], dtype=np.float64)


def _kept_bits(bits: Any, order: Sequence[str]) -> NDArray[np.int32]:
    """Return kept bits of criteria in today's order, int32 (1,)."""
    kept = {name for place, name in enumerate(order) if (int(_number(bits) or 0) >> place) & 1}
    return np.array([sum(1 << k for k, name in enumerate(_IDS) if name in kept)], dtype=np.int32)


def _say(text: str, **args: Any) -> Said:
    return {"text": text, "args": args}


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def _shown(value: Any) -> float | None:
    number = _number(value)
    return None if number is None else float(shown_score(np.array([number], dtype=np.float32))[0])


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
