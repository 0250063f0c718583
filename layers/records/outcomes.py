"""What a result shows, declared once: the third registry beside layers and criteria.

Columns of results, properties of plots with their order and headings, views, filters, message ids and what tiles carry
follow from ``OUTCOMES``. The value itself is computed by ``geo.suitability.assess``, under the same name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ARRAY, REAL, Boolean, Column, Integer, SmallInteger, String
from sqlalchemy.types import TypeEngine

from geo.contract.classes import CLASSES, MINES, OUTLOOKS
from geo.contract.shut_land import REASONS, RECORD_STATES
from geo.criteria import LAND_CRITERIA
from geo.household_criteria import FIT_CRITERIA
from geo.measures.water import BASES
from layers.records.outcome import Kept, Outcome

UNJUDGED = "NE"  # class of a plot that no served run has judged


_CLASS, _DRAWS = String(2), Kept.DRAWS
RECORD = "none = nothing in the district, outside = no mapping holds the plot, recorded; never safe by itself"


def _inner(name: str, title: str, column: TypeEngine[Any], **more: Any) -> Outcome:
    """What results are drawn and explained from again; nobody is shown it."""
    return Outcome(name, title, column, shown=False, in_view=False, **more)


OUTCOMES: tuple[Outcome, ...] = (
    Outcome(
        "score",
        "Score 0-100",
        REAL(),
        comment="Score 0-100, unrounded",
        empty="not evaluated or excluded",
        leads=True,
        rounded_down=True,
        in_tile=True,
    ),
    Outcome("score_low", "Lowest score the unknown values allow", REAL(), leads=True, rounded_down=True),
    Outcome("score_high", "Highest score the unknown values allow", REAL(), leads=True, rounded_down=True),
    Outcome(
        "class",
        "Suitability class",
        _CLASS,
        comment="S1 S2 S3 N1 N2, or NE not evaluated",
        required=True,
        leads=True,
        missing=UNJUDGED,
        codes=CLASSES,
        in_tile=True,
    ),
    Outcome(
        "subclass",
        "Class with what limits it, worst first",
        String(8),
        comment="Class with up to three letters, worst first",
        leads=True,
        in_tile=True,
    ),
    Outcome("limiting", "Criterion that limits most", String(), leads=True, in_tile=True),
    Outcome(
        "potential_score",
        "Score after the scheme's improvements",
        REAL(),
        leads=True,
        rounded_down=True,
        on_offer=True,
    ),
    Outcome(
        "potential_class", "Class after the scheme's improvements", _CLASS, leads=True, codes=CLASSES, on_offer=True
    ),
    Outcome(
        "confidence", "Confidence, A surveyed to D coarse", String(1), comment="A surveyed to D coarse", leads=True
    ),
    Outcome("run", "Scoring run", Integer(), kept=Kept.RUN, leads=True),
    Outcome(
        "class_low",
        "Class at the lowest score",
        _CLASS,
        comment="Class at score_low",
        required=True,
        leads=True,
        codes=CLASSES,
    ),
    Outcome(
        "class_high",
        "Class at the highest score",
        _CLASS,
        comment="Class at score_high",
        required=True,
        leads=True,
        codes=CLASSES,
    ),
    Outcome(
        "not_assessed",
        "Criteria this run could not assess",
        ARRAY(String),
        comment="Criteria this run could not assess here",
        required=True,
        leads=True,
    ),
    Outcome(
        "settled",
        "At most two classes are possible",
        Boolean(),
        comment="At most two classes are possible",
        empty="scored by the earlier rule",
        leads=True,
        filter=True,
    ),
    Outcome("known_weight_pct", "Weight that is known", SmallInteger(), unit="%", leads=True),
    Outcome(
        "score_known",
        "Score of what is known alone",
        REAL(),
        comment="Score 0-100 of what is known alone, where more has to be asked; for order only, never a class",
        leads=True,
        rounded_down=True,
    ),
    Outcome(
        "outlook",
        "Outlook by what is known",
        String(),
        comment="likely, open or unlikely by what is known, where more has to be asked",
        leads=True,
        filter=True,
        codes=OUTLOOKS,
        in_tile=True,
    ),
    Outcome(
        "ask_first",
        "What to ask first",
        String(),
        comment="Criterion to ask about first, or mines, where more has to be asked",
        leads=True,
        filter=True,
        codes=(*(c.id for c in LAND_CRITERIA), MINES),
        in_tile=True,
    ),
    Outcome(
        "held_pct",
        "Draws in the class or a better one, of 100",
        SmallInteger(),
        comment="Percent of the draws in the class or a better one, rounded down",
        kept=_DRAWS,
        leads=True,
    ),
    _inner(
        "memberships_high",
        "High ends of memberships",
        ARRAY(REAL),
        comment="High ends of memberships, as memberships where none is an interval",
        empty="by the earlier rule",
    ),
    _inner(
        "loose",
        "Criteria that hold the class one less",
        Integer(),
        comment="Criteria of the run, as bits, that hold the class one less",
    ),
    Outcome(
        "class_cap",
        "Best class hard limits allow",
        _CLASS,
        empty="not kept",
        shown=False,
    ),
    Outcome("irrigated", "In a command area or recorded as irrigated", Boolean(), recorded=True),
    Outcome(
        "shut_by",
        "What shuts the plot",
        String(),
        comment="Kind of area that shuts the plot",
        empty="none, or not kept",
        filter=True,
        codes=REASONS,
        in_tile=True,
    ),
    Outcome(
        "shut_from_year",
        "Year the planned reservoir takes the plot",
        SmallInteger(),
        comment="Year from which a planned reservoir takes the plot",
        empty="none, no year on record, or not kept",
    ),
    Outcome("water_month", "Month in which water is shortest for the reference crop, 1-12", SmallInteger()),
    Outcome("water_short_from", "First month in which the reference crop lacks water, 1-12", SmallInteger()),
    Outcome("second_crop_water", "Water for a second crop, July-September", REAL(), unit="ratio"),
    Outcome(
        "water_basis",
        "How the water adequacy was obtained",
        String(),
        comment="surveyed, loaded, unknown: on record; balance: computed from estimated deliveries",
        empty="water adequacy unknown, or not kept",
        codes=BASES,
    ),
    Outcome(
        "water_computed",
        "Water adequacy by the water balance, where a ratio on record stands",
        REAL(),
        unit="ratio",
        empty="none is computed, the computed one stands itself, or not kept",
    ),
    Outcome("mines_record", "What is on record of mines here", String(), comment=RECORD, codes=RECORD_STATES),
    Outcome("shut_land_record", "What is on record of other shut land", String(), comment=RECORD, codes=RECORD_STATES),
    Outcome("hazard_free", "All hazard levels known and none or residual", Boolean()),
    Outcome(
        "robust_class",
        "Class in most draws of weights and errors",
        _CLASS,
        comment="Class drawn most, the better of equals",
        required=True,
        kept=_DRAWS,
        codes=CLASSES,
    ),
    Outcome(
        "robust_share",
        "Share of draws in that class, 0-1",
        REAL(),
        comment="Share of the draws in that class, 0-1",
        required=True,
        kept=_DRAWS,
    ),
    Outcome(
        "flagged", "Fewer than 70 of 100 draws are in one class", Boolean(), required=True, kept=_DRAWS, shown=False
    ),
    Outcome(
        "top_share",
        "Share of draws among the best of the district, 0-1",
        REAL(),
        comment="Share of the draws among the best of the district, 0-1",
        required=True,
        kept=_DRAWS,
    ),
    Outcome("top_of", "How many plots count as the best of the district", Integer(), required=True, kept=_DRAWS),
    Outcome(
        "shares", "Share of the draws in S1 S2 S3 N1 N2 NE, 0-1", ARRAY(REAL), required=True, kept=_DRAWS, shown=False
    ),
    Outcome(
        "crops",
        "Crops that are S1 or S2 here, best first",
        ARRAY(String),
        comment="Crops that are S1 or S2 here, best first",
        empty="not ranked",
    ),
    Outcome(
        "crop_classes",
        "Class of each of these crops, in their order",
        ARRAY(String),
        comment="Class of each crop, in the order of crops",
        empty="not kept",
    ),
    Outcome(
        "crops_not_known",
        "What decides on crops and is not known here",
        ARRAY(String),
        comment="What decides on crops and is not known here",
        empty="not kept",
    ),
    Outcome(
        "crops_apart",
        "Crops that might suit, limits not known",
        ARRAY(String),
        comment="Crops that would suit but have no known limits of something that decides",
        empty="not kept",
    ),
    _inner("memberships", "Membership per criterion of the run, NaN unknown", ARRAY(REAL), required=True),
    _inner("evidence", "Confidence letter per criterion of the run, - unknown", String(), required=True),
    _inner(
        "membership_tables",
        "Membership table per criterion of the run",
        String(),
        comment="Number of the membership table per criterion of the run, a digit or letter each",
        empty="not kept",
    ),
    *(Outcome(c.id, c.title, REAL(), unit=c.unit, filter=True) for c in LAND_CRITERIA),
    *(Outcome(c.instead.id, c.instead.title, REAL(), unit=c.instead.unit) for c in LAND_CRITERIA if c.instead),
)

OUTCOME_BY_NAME = {outcome.name: outcome for outcome in OUTCOMES}

# What the fit of a kind of household says of a plot; for staff only, on every surface.
FIT_OUTCOMES: tuple[Outcome, ...] = (
    Outcome(
        "light",
        "Household fit: green, amber, red, or unknown",
        String(),
        comment="green, amber or red = support needed first, or unknown",
        required=True,
        kept=Kept.FIT,
    ),
    *(
        Outcome(
            f"{group}_{end}",
            f"Fit of {words} at {at}, 0-1",
            REAL(),
            comment=f"{extreme} membership of {group} the unknown values allow",
            required=True,
            kept=Kept.FIT,
        )
        for group, words in (("labour", "labour"), ("tenure", "land rights"))
        for end, at, extreme in (("low", "worst", "Lowest"), ("high", "best", "Highest"))
    ),
    Outcome(
        "area_alone_ha",
        "Area of the reference crop that can be run alone",
        REAL(),
        unit="ha",
        comment="Area of the reference crop the household can run alone [ha]",
        kept=Kept.FIT,
    ),
    Outcome(
        "actions",
        "Steps that would help",
        ARRAY(String),
        comment="Steps that would help, the most pressing first",
        required=True,
        kept=Kept.FIT,
    ),
    *(Outcome(c.id, c.title, REAL(), unit=c.unit, kept=Kept.FIT) for c in FIT_CRITERIA),
)


def columns_of(kept: Kept) -> Iterator[Column[Any]]:
    """Return new columns for all that is kept in one table, in the order of the declarations."""
    return (outcome.as_column() for outcome in (*OUTCOMES, *FIT_OUTCOMES) if outcome.kept is kept)
