"""Land suitability of plots: exclusions, memberships, score, class and what limits it (domain reference 3.6).

Nothing here averages over plots: each plot is judged by its own values, so neither the order nor the company of the
plots changes a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.contract.classes import CLASS_LIMITS, CLASSES, MINES, N2, NE, OUTLOOKS, ROUNDING, S2, S3
from geo.contract.criterion import Block, Flags, Judgement, Measured
from geo.contract.nearby import Nearby
from geo.contract.shut_land import REASONS, RECORD_STATES
from geo.criteria import BY_ID, LAND_CRITERIA
from geo.criteria.water import CANAL_CONDITION, WATER_ADEQUACY
from geo.measures.exclusion import Excluded
from geo.measures.water import BASES, COMPUTED_WATER, WATER_BASIS
from geo.measures.water_by_month import SECOND_CROP, SHORT_FROM, WATER_MONTH
from geo.panel.scheme import Scheme
from geo.suitability.combination import Aggregate, Codes, Floats, Weighting, aggregate, weighting
from geo.suitability.crop_choice import crop_lists
from geo.suitability.findings import Findings, find
from geo.suitability.kept_columns import EVIDENCE_LETTERS, evidence_text, kept_values, named, tables_text, whole_numbers
from geo.suitability.model import NOTHING
from geo.suitability.questions import ask_first
from geo.suitability.rating import Rated, confidence, rate
from geo.suitability.shown import stored_score, subclass_name

MOST_SETTLED = 2  # classes a plot may be of and still be settled; domain reference 3.6 step 2
HAZARD_LEVELS = tuple(criterion.id for criterion in LAND_CRITERIA if criterion.code in ("H1", "H2", "H3"))
UNLIKELY = OUTLOOKS.index("unlikely")
RESIDUAL = 1  # hazard level up to which land counts as free of hazard

_IDS = tuple(criterion.id for criterion in LAND_CRITERIA)


@dataclass(frozen=True, slots=True)
class Suitability:
    """Land suitability of n plots.

    score, score_low, score_high : float64 (n,), 0-100, unrounded; NaN where the plot is excluded or not evaluated.
    classes, class_low, class_high : int8 (n,), index into ``CLASSES``; the range stands on plots not evaluated too.
    settled : bool (n,), at most two classes are possible. limiting : int8 (n,), index into ``LAND_CRITERIA`` of the
    criterion that limits most, -1 none. confidence : int8 (n,), 0..3 = A..D, -1 for excluded plots. class_cap : int8
    (n,), best class that hard limits allow, whatever the score. score_known : float64 (n,), 0-100, of what is known
    alone, and outlook : int8 (n,), index into ``OUTLOOKS``; NaN and -1 where the class is settled. excluded : land that
    is shut, with the reason. combined : group scores and what the other caps rest on. rated : memberships and hard
    limits. weights : of the scheme. not_assessed : criterion id -> why it could not be measured at all.
    """

    score: Floats
    score_low: Floats
    score_high: Floats
    classes: Codes
    class_low: Codes
    class_high: Codes
    settled: Flags
    limiting: Codes
    confidence: Codes
    class_cap: Codes
    score_known: Floats
    outlook: Codes
    excluded: Excluded
    combined: Aggregate
    rated: Rated
    weights: Weighting
    not_assessed: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.score)

    @property
    def shut(self) -> Flags:
        """True where land is excluded, by an area or by a hard limit."""
        return np.asarray(np.isnan(self.score) & (self.classes == N2))

    @property
    def open_question(self) -> Flags:
        """True where more has to be known: not evaluated, or of more than two possible classes."""
        return np.asarray((self.classes == NE) | ~self.settled)

    def subclass(self) -> NDArray[np.object_]:
        """Return the class with its letters, such as S3wh.

        Returns
        -------
        Text, object (n,): up to three groups below 0.75, worst first; x where the plot is excluded.
        """
        excluded = self.shut
        letters = np.where(np.isnan(self.score), 0, self.combined.letters).astype(np.int64)
        codes = (letters * len(CLASSES) + self.classes) * 2 + excluded
        used = np.flatnonzero(np.bincount(codes, minlength=1))
        names = np.empty(int(used.max(initial=0)) + 1, dtype=object)
        for code in used.tolist():
            letters_code, class_code = divmod(code // 2, len(CLASSES))
            names[code] = subclass_name(class_code, letters_code, excluded=code % 2 == 1)
        return np.asarray(names[codes])

    def to_frame(self) -> pd.DataFrame:
        """Return the results as a table in the columns results are kept in.

        Returns
        -------
        DataFrame of n rows, None or NaN unknown. Scores are float32 rounded down to four decimals, so that a stored
        score never lies in a better class than the class beside it.
        """
        return pd.DataFrame(
            {
                "score": stored_score(self.score),
                "score_low": stored_score(self.score_low),
                "score_high": stored_score(self.score_high),
                "class": named(CLASSES, self.classes),
                "class_low": named(CLASSES, self.class_low),
                "class_high": named(CLASSES, self.class_high),
                "subclass": self.subclass(),
                "limiting": named(_IDS, self.limiting),
                "confidence": named(tuple(EVIDENCE_LETTERS), self.confidence),
                "class_cap": named(CLASSES, self.class_cap),
                "shut_by": named(REASONS, self.excluded.reason),
                "shut_from_year": whole_numbers(_or_nan(self.excluded.from_year)),
                "not_assessed": [list(self.not_assessed)] * len(self),
                "settled": self.settled,
                "known_weight_pct": _known_pct(self),
                "score_known": stored_score(self.score_known),
                "outlook": named(OUTLOOKS, self.outlook),
                "memberships": list(np.ascontiguousarray(self.rated.memberships.T, dtype=np.float32)),
                "memberships_high": list(np.ascontiguousarray(self.rated.highest.T, dtype=np.float32)),
                "loose": self.rated.loose,
                "evidence": evidence_text(self.rated.evidence),
                "membership_tables": tables_text(self.rated.tables),
            }
        )


def _or_nan(years: NDArray[np.int16]) -> Floats:
    return np.where(years > 0, years, np.nan)


def classify(memberships: Floats) -> Codes:
    """Return the class of each score; a limit belongs to the better class.

    Parameters
    ----------
    memberships : float64, scores 0-1, no NaN.

    Returns
    -------
    int8 of the same shape, index into ``CLASSES``.
    """
    classes = np.zeros(memberships.shape, dtype=np.int8)
    for limit in CLASS_LIMITS:
        classes += memberships < limit - ROUNDING
    return classes


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that is found out about n plots: measured values, suitability as the land is and as it could be.

    findings : measured values and all that no scheme decides. land : suitability now. potential : after the scheme's
    improvements. asked : int8 (n,), what to ask first, see ``geo.suitability.questions.ask_first``.
    """

    findings: Findings
    land: Suitability
    potential: Suitability
    asked: Codes

    @property
    def hazard_free(self) -> Flags:
        """Whether every hazard level is known and none or residual, bool (n,)."""
        levels = [self.findings.values[name].value for name in HAZARD_LEVELS]
        return np.asarray(np.all([level <= RESIDUAL for level in levels], axis=0))

    @property
    def not_assessed(self) -> Mapping[str, str]:
        """Criterion id -> why it could not be measured at all."""
        return self.land.not_assessed

    def to_frame(self) -> pd.DataFrame:
        """Return the results with one column per land criterion holding its value.

        Returns
        -------
        DataFrame of n rows; values float32 in the criterion's unit, NaN unknown.
        """
        frame = self.land.to_frame()
        frame["ask_first"] = named((*_IDS, MINES), self.asked)
        frame["potential_score"] = stored_score(self.potential.score)
        frame["potential_class"] = named(CLASSES, self.potential.classes)
        judged = ~np.isnan(self.land.score)  # no crops on land that is shut or could not be judged
        for name, lists in crop_lists(self.findings.crop_ranks, self.findings.crops_unknown, judged).items():
            frame[name] = lists
        beside = self.findings.values[WATER_ADEQUACY.id].beside
        unknown = np.full(len(frame), np.nan)
        frame["water_month"] = whole_numbers(beside.get(WATER_MONTH, unknown))
        frame["water_short_from"] = whole_numbers(beside.get(SHORT_FROM, unknown))
        frame["second_crop_water"] = beside.get(SECOND_CROP, unknown).astype(np.float32)
        frame["water_basis"] = named(BASES, np.nan_to_num(beside.get(WATER_BASIS, unknown), nan=-1.0).astype(np.int8))
        frame["water_computed"] = beside.get(COMPUTED_WATER, unknown).astype(np.float32)
        frame["mines_record"] = named(RECORD_STATES, self.findings.records.mines)
        frame["shut_land_record"] = named(RECORD_STATES, self.findings.records.shut_land)
        frame["irrigated"] = self.findings.irrigated
        frame["hazard_free"] = self.hazard_free
        values = dict(kept for criterion in LAND_CRITERIA for kept in kept_values(criterion, self.findings.values))
        return pd.concat([frame, pd.DataFrame(values)], axis=1)


def assess(plots: gpd.GeoDataFrame, nearby: Nearby, judgement: Judgement, scheme: Scheme) -> Assessment:
    """Return values, suitability now and potential suitability of plots.

    Parameters
    ----------
    plots : n rows in EPSG:32642 with plot_id, district, settlement, irrigated, terraced, land_form.
    nearby : layer id -> frame (EPSG:32642) or Grid around the plots.
    judgement : day, land use and reference crops (n,).
    scheme : how to judge.

    Returns
    -------
    Assessment of the n plots, in their order.
    """
    return assess_findings(find(Block(plots, nearby, judgement)), scheme)


def assess_findings(found: Findings, scheme: Scheme) -> Assessment:
    """Return suitability now and potential suitability of plots from what was found out about them.

    Parameters
    ----------
    found : of n plots.
    scheme : how to judge.

    Returns
    -------
    Assessment of the n plots.
    """
    land = evaluate(found.values, found.excluded, scheme, without_water=found.without_water)
    return Assessment(
        findings=found,
        land=land,
        potential=evaluate(improved(found, scheme), found.excluded, scheme),
        asked=ask_first(land, scheme, mines=found.mines_unanswered),
    )


def improved(found: Findings, scheme: Scheme) -> dict[str, Measured]:
    """Return the values after the scheme's improvements; what is unknown stays unknown.

    Parameters
    ----------
    found : of n plots.
    scheme : its improvements.

    Returns
    -------
    Criterion id -> Measured of n plots.

    Notes
    -----
    A canal repair also brings more water: the supply-demand ratio grows by the conveyance gained.
    """
    result = dict(found.values)
    for change in scheme.improvements:
        before = result[change.criterion]
        worse = before.value > change.value if BY_ID[change.criterion].better == "less" else before.value < change.value
        result[change.criterion] = replace(before, value=np.where(worse, change.value, before.value))
        if change.criterion == CANAL_CONDITION.id and (gain := found.repair_gain.get(round(change.value))) is not None:
            water = result[WATER_ADEQUACY.id]
            result[WATER_ADEQUACY.id] = water.with_parts(partial(np.multiply, gain))
    return result


def evaluate(
    values: Mapping[str, Measured], excluded: Excluded, scheme: Scheme, *, without_water: Flags | None = None
) -> Suitability:
    """Return the suitability of n plots from measured values of every land criterion.

    Parameters
    ----------
    values : criterion id -> Measured of n plots, all of ``LAND_CRITERIA``.
    excluded : land that is shut.
    scheme : knots, limits, weights and orness.
    without_water : no water on record could be led to the plot, bool (n,); None = nowhere.

    Returns
    -------
    Suitability of the n plots.
    """
    missing = {name: str(values[name].not_assessed) for name in _IDS if values[name].not_assessed is not None}
    return classify_plots(rate(values, scheme), excluded, scheme, missing, without_water=without_water)


def classify_plots(
    rated: Rated,
    excluded: Excluded,
    scheme: Scheme,
    missing: Mapping[str, str],
    *,
    without_water: Flags | None = None,
) -> Suitability:
    """Return the suitability of n plots from their memberships and the hard limits they reach.

    Parameters
    ----------
    rated : memberships of every land criterion.
    excluded : land that is shut.
    scheme : weights and orness.
    missing : criterion id -> why it could not be measured at all.
    without_water : no water on record could be led to the plot, bool (n,); None = nowhere.

    Returns
    -------
    Suitability of the n plots.

    Notes
    -----
    class = worst of the class of the score, the hard limits and what known values hold it at; domain reference 3.6.
    """
    weights = weighting(scheme)
    found = aggregate(rated.memberships, weights, highest=rated.highest, loose=rated.loose)
    cap, cap_by = _caps(rated, found)
    shut = excluded.mask | (rated.excluded_by != NOTHING)
    judged = found.enough & ~shut
    by_score = classify(found.low)
    limiting = np.where(found.enough, np.where(cap > by_score, cap_by, found.limiting), NOTHING)

    def unless_shut(classes: Codes) -> Codes:
        return np.where(shut, N2, classes).astype(np.int8)

    class_low = unless_shut(np.maximum.reduce([by_score, rated.cap, found.held_low]))
    class_high = unless_shut(np.maximum.reduce([classify(found.high), rated.cap, found.held_high]))
    settled = class_low - class_high < MOST_SETTLED
    asked = ~shut & (~found.enough | ~settled)
    return Suitability(
        score=np.where(judged, 100.0 * found.low, np.nan),
        score_low=np.where(judged, 100.0 * found.low, np.nan),
        score_high=np.where(judged, 100.0 * found.high, np.nan),
        classes=unless_shut(np.where(found.enough, np.maximum(by_score, cap), NE)),
        class_low=class_low,
        class_high=class_high,
        settled=settled,
        limiting=np.where(shut, np.where(excluded.mask, NOTHING, rated.excluded_by), limiting).astype(np.int8),
        confidence=np.where(shut, NOTHING, confidence(rated.evidence, weights.share)).astype(np.int8),
        class_cap=rated.cap,
        score_known=np.where(asked, 100.0 * found.known, np.nan),
        outlook=np.where(asked, _outlook(rated, found, without_water), NOTHING).astype(np.int8),
        excluded=excluded,
        combined=found,
        rated=rated,
        weights=weights,
        not_assessed=missing,
    )


def _caps(rated: Rated, found: Aggregate) -> tuple[Codes, Codes]:
    """Return the best class each plot may have, and the criterion behind that cap.

    Of several as low, one that is known stands before one that is not, then the order of the criteria decides.
    """
    both = np.minimum(rated.cap_by, found.held_by)
    by_limit, by_held = rated.cap > found.held, rated.cap < found.held
    cap_by = np.where(by_limit | (rated.cap_by == NOTHING) & ~by_held, rated.cap_by, both)
    cap_by = np.where(by_held | (rated.cap_by == NOTHING), found.held_by, cap_by)
    cap = np.maximum(rated.cap, found.held)
    unknown = (found.unknown_by != NOTHING) & (cap < S2)
    return np.where(unknown, S2, cap).astype(np.int8), np.where(unknown, found.unknown_by, cap_by).astype(np.int8)


def _outlook(rated: Rated, found: Aggregate, without_water: Flags | None) -> Codes:
    """Return what the known values alone promise: index into ``OUTLOOKS``; domain reference 3.6 step 2."""
    nothing_known = np.isnan(found.known)
    promised = np.maximum.reduce([classify(np.nan_to_num(found.known)), rated.cap, found.held])
    outlook = np.where(promised <= S2, 0, np.where(promised == S3, 1, 2))
    outlook = np.where(nothing_known, 1, outlook)
    outlook = np.where(found.firm_water, outlook, np.maximum(outlook, 1))
    return np.where(False if without_water is None else without_water, UNLIKELY, outlook).astype(np.int8)


def _known_pct(land: Suitability) -> NDArray[np.object_]:
    """Return the percent of all weight that is known, rounded down; none for land that is shut."""
    known = np.floor(100.0 * land.combined.known_weight + ROUNDING * 100.0).astype(np.int64)
    result = known.astype(object)
    result[land.shut] = None
    return result
