"""Land suitability of plots: exclusions, memberships, score, class and what limits it (domain reference 3.6).

Nothing here averages over plots: each plot is judged by its own values, so neither the order nor the company of the
plots changes a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.contract.criterion import Block, D, Flags, Judgement, Measured
from geo.contract.nearby import Nearby
from geo.criteria import BY_ID, CANAL_CONDITION, LAND_CRITERIA, WATER_ADEQUACY
from geo.measures.exclusion import Excluded
from geo.panel.scheme import Scheme
from geo.suitability.combination import LETTER_BASE, NOTHING, Aggregate, Codes, Floats, Weighting, aggregate, weighting
from geo.suitability.crop_choice import crop_lists
from geo.suitability.findings import Findings, find
from geo.suitability.model import CLASS_LIMITS, CLASSES, LETTERS, N2, NE, ROUNDING, S2
from geo.suitability.rating import Rated, rate
from geo.suitability.shown import stored_score

HEAVIEST = 3  # criteria whose worst evidence is the confidence of a result
HAZARD_LEVELS = tuple(criterion.id for criterion in LAND_CRITERIA if criterion.code in ("H1", "H2", "H3"))
RESIDUAL = 1  # hazard level up to which land counts as free of hazard
EVIDENCE_LETTERS = "ABCD"
UNKNOWN_EVIDENCE = "-"

_IDS = tuple(criterion.id for criterion in LAND_CRITERIA)


@dataclass(frozen=True, slots=True)
class Suitability:
    """Land suitability of n plots.

    score, score_low, score_high : float64 (n,), 0-100, unrounded; NaN where the plot is excluded or not evaluated.
    classes, class_low, class_high : int8 (n,), index into ``CLASSES``. limiting : int8 (n,), index into
    ``LAND_CRITERIA`` of the criterion that limits most, -1 none. confidence : int8 (n,), 0..3 = A..D, -1 for excluded
    plots. class_cap : int8 (n,), best class that hard limits and what was not assessed allow, whatever the score.
    excluded : land that is shut, with the reason. combined : group scores and what the other caps rest on.
    rated : memberships and hard limits. weights : weights of the assessed criteria.
    not_assessed : criterion id -> why it could not be measured at all.
    """

    score: Floats
    score_low: Floats
    score_high: Floats
    classes: Codes
    class_low: Codes
    class_high: Codes
    limiting: Codes
    confidence: Codes
    class_cap: Codes
    excluded: Excluded
    combined: Aggregate
    rated: Rated
    weights: Weighting
    not_assessed: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.score)

    def subclass(self) -> NDArray[np.object_]:
        """Return the class with its letters, such as S3wh: up to three groups below 0.75, worst first."""
        excluded = np.isnan(self.score) & (self.classes == N2)
        letters = np.where(np.isnan(self.score), 0, self.combined.letters).astype(np.int64)
        codes = (letters * len(CLASSES) + self.classes) * 2 + excluded
        used = np.flatnonzero(np.bincount(codes, minlength=1))
        names = np.empty(int(used.max(initial=0)) + 1, dtype=object)
        for code in used.tolist():
            letters_code, class_code = divmod(code // 2, len(CLASSES))
            names[code] = _subclass_name(class_code, letters_code, excluded=code % 2 == 1)
        return np.asarray(names[codes])

    def to_frame(self) -> pd.DataFrame:
        """Return the results as a table of n rows in the columns results are kept in.

        Scores are float32 rounded down to four decimals, so that a stored score never lies in a better class than
        the class beside it.
        """
        return pd.DataFrame(
            {
                "score": stored_score(self.score),
                "score_low": stored_score(self.score_low),
                "score_high": stored_score(self.score_high),
                "class": _named(CLASSES, self.classes),
                "class_low": _named(CLASSES, self.class_low),
                "class_high": _named(CLASSES, self.class_high),
                "subclass": self.subclass(),
                "limiting": _named(_IDS, self.limiting),
                "confidence": _named(tuple(EVIDENCE_LETTERS), self.confidence),
                "class_cap": _named(CLASSES, self.class_cap),
                "not_assessed": [list(self.not_assessed)] * len(self),
                "memberships": list(np.ascontiguousarray(self.rated.memberships.T, dtype=np.float32)),
                "evidence": _evidence_text(self.rated.evidence),
            }
        )


def classify(memberships: Floats) -> Codes:
    """Return the class of each score on the membership scale, index into ``CLASSES``; limits belong to the better."""
    classes = np.zeros(memberships.shape, dtype=np.int8)
    for limit in CLASS_LIMITS:
        classes += memberships < limit - ROUNDING
    return classes


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that is found out about n plots: measured values, suitability as the land is and as it could be.

    findings : measured values and all that no scheme decides. land : suitability now. potential : after the scheme's
    improvements.
    """

    findings: Findings
    land: Suitability
    potential: Suitability

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
        """Return the results with one column per land criterion holding its value, float32, NaN unknown."""
        frame = self.land.to_frame()
        frame["potential_score"] = stored_score(self.potential.score)
        frame["potential_class"] = _named(CLASSES, self.potential.classes)
        judged = ~np.isnan(self.land.score)  # no crops on land that is shut or could not be judged
        for name, lists in crop_lists(self.findings.crop_ranks, self.findings.crops_unknown, judged).items():
            frame[name] = lists
        frame["irrigated"] = self.findings.irrigated
        frame["hazard_free"] = self.hazard_free
        values = {name: self.findings.values[name].value.astype(np.float32) for name in _IDS}
        return pd.concat([frame, pd.DataFrame(values)], axis=1)


def assess(plots: gpd.GeoDataFrame, nearby: Nearby, judgement: Judgement, scheme: Scheme) -> Assessment:
    """Return values, suitability now and potential suitability of plots.

    Parameters
    ----------
    plots : n rows in EPSG:32642 with plot_id, district, settlement, irrigated, terraced, land_form. nearby : layer id
    -> frame (EPSG:32642) or Grid around the plots. judgement : day and reference crop. scheme : how to judge.
    """
    return assess_findings(find(Block(plots, nearby, judgement)), scheme)


def assess_findings(found: Findings, scheme: Scheme) -> Assessment:
    """Return suitability now and potential suitability of plots from what was found out about them."""
    return Assessment(
        findings=found,
        land=evaluate(found.values, found.excluded, scheme),
        potential=evaluate(improved(found, scheme), found.excluded, scheme),
    )


def improved(found: Findings, scheme: Scheme) -> dict[str, Measured]:
    """Return the values after the scheme's improvements; what is unknown stays unknown.

    A canal repair also brings more water: the supply-demand ratio grows by the conveyance gained.
    """
    result = dict(found.values)
    for change in scheme.improvements:
        before = result[change.criterion]
        if before.not_assessed is not None:
            continue
        worse = before.value > change.value if BY_ID[change.criterion].better == "less" else before.value < change.value
        result[change.criterion] = replace(before, value=np.where(worse, change.value, before.value))
        if change.criterion == CANAL_CONDITION.id and (gain := found.repair_gain.get(round(change.value))) is not None:
            water = result[WATER_ADEQUACY.id]
            result[WATER_ADEQUACY.id] = replace(water, value=water.value * gain)
    return result


def evaluate(values: Mapping[str, Measured], excluded: Excluded, scheme: Scheme) -> Suitability:
    """Return the suitability of n plots from measured values of every land criterion.

    Parameters
    ----------
    values : criterion id -> Measured of n plots, all of ``LAND_CRITERIA``. excluded : land that is shut.
    scheme : knots, limits, weights and orness.
    """
    missing = {name: str(values[name].not_assessed) for name in _IDS if values[name].not_assessed is not None}
    return classify_plots(rate(values, scheme), excluded, scheme, missing)


def classify_plots(rated: Rated, excluded: Excluded, scheme: Scheme, missing: Mapping[str, str]) -> Suitability:
    """Return the suitability of n plots from their memberships and the hard limits they reach.

    Parameters
    ----------
    rated : memberships of every land criterion. excluded : land that is shut. scheme : weights and orness.
    missing : criterion id -> why it could not be measured at all.
    """
    weights = weighting(scheme, rated.assessed)
    found = aggregate(rated.memberships, weights)
    cap, cap_by = _caps(rated, found, scheme, missing)
    shut = excluded.mask | (rated.excluded_by != NOTHING)
    score = np.where(found.enough & ~shut, 100.0 * found.low, np.nan)
    by_score = classify(found.low)
    limiting = np.where(cap > by_score, cap_by, found.limiting)
    limiting = np.where(found.enough, limiting, NOTHING)

    def final(classes: Codes) -> Codes:
        capped = np.where(found.enough, np.maximum(classes, cap), NE)
        return np.where(shut, N2, capped).astype(np.int8)

    return Suitability(
        score=score,
        score_low=score,
        score_high=np.where(found.enough & ~shut, 100.0 * found.high, np.nan),
        classes=final(by_score),
        class_low=final(by_score),
        class_high=final(classify(found.high)),
        limiting=np.where(shut, np.where(excluded.mask, NOTHING, rated.excluded_by), limiting).astype(np.int8),
        confidence=np.where(shut, NOTHING, _confidence(rated, weights)).astype(np.int8),
        class_cap=np.maximum(rated.cap, S2 if _decisive(missing, scheme) else 0).astype(np.int8),
        excluded=excluded,
        combined=found,
        rated=rated,
        weights=weights,
        not_assessed=missing,
    )


def _caps(rated: Rated, found: Aggregate, scheme: Scheme, missing: Mapping[str, str]) -> tuple[Codes, Codes]:
    """Return the best class each plot may have, and the criterion behind that cap."""
    cap, cap_by = rated.cap.copy(), rated.cap_by.copy()

    def lower(to: Codes, by: Codes) -> None:
        where = to > cap
        cap[where], cap_by[where] = to[where], by[where]

    lower(found.held, found.held_by)
    lower(np.where(found.unknown_by != NOTHING, S2, 0).astype(np.int8), found.unknown_by)
    for k in _decisive(missing, scheme):
        lower(np.full_like(cap, S2), np.full_like(cap_by, k))
    return cap, cap_by


def _decisive(missing: Mapping[str, str], scheme: Scheme) -> list[int]:
    """Return the criteria without which no class is better than S2, of those that could not be assessed."""
    return [
        k
        for k, criterion in enumerate(LAND_CRITERIA)
        if criterion.cap.decisive and criterion.id in missing and criterion.id not in scheme.unweighed
    ]


def _confidence(rated: Rated, weights: Weighting) -> Codes:
    """Return the worst evidence among the three heaviest criteria; an unknown value has the worst."""
    heaviest = np.argsort(-weights.share, kind="stable")[: min(HEAVIEST, len(weights.active))]
    evidence = rated.evidence[heaviest]
    if not len(heaviest):
        return np.full(evidence.shape[1], D, dtype=np.int8)
    return np.asarray(np.where(evidence < 0, D, evidence).max(axis=0), dtype=np.int8)


def _subclass_name(class_code: int, letters: int, *, excluded: bool) -> str:
    name = CLASSES[class_code]
    if excluded:
        return f"{name}x"
    while letters:
        letters, letter = divmod(letters, LETTER_BASE)
        name += LETTERS[letter - 1]
    return name


def _named(names: tuple[str, ...], codes: Codes) -> NDArray[np.object_]:
    return np.array([*names, None], dtype=object)[codes]


def _evidence_text(evidence: Codes) -> list[str]:
    letters = np.frombuffer((EVIDENCE_LETTERS + UNKNOWN_EVIDENCE).encode(), dtype=np.uint8)[evidence.T]
    width = evidence.shape[0]
    return [row.decode() for row in np.ascontiguousarray(letters).view(f"S{width}").reshape(-1).tolist()]
