"""Every criterion of a household fit, labour (F) and tenure (L), in the order of domain reference section 4.

They stand beside ``LAND_CRITERIA`` and are never mixed with them: they are measured for a household profile, and what
they read of papers and disputes is for staff only. All knots are defaults to calibrate.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from geo.contract.columns import evidence_by_age, is_recorded, numbers, season_age_years, texts
from geo.contract.criterion import B, Block, Criterion, D, Floats, HardLimit, Measured
from geo.contract.declared import CALIBRATE, ClassCap
from geo.contract.memberships import ByClass, Knots
from geo.contract.reasons import NO_WATER_RECORDS
from geo.errors import NotAssessed
from geo.household.labour import demand_days_ha, labour_balance, labour_of
from geo.household.profile import Profile
from geo.household.tenure import RIGHT_CLASSES, right_numbers
from geo.measures.access import MOST_WALK_MIN
from geo.measures.surveys import LAYER as SURVEYS
from geo.measures.surveys import PLOT_SURVEYS, surveyed
from geo.measures.water import COMMAND_AREAS, OUTSIDE, command_area

FIT_GROUPS = ("labour", "tenure")  # reported beside the land score, never in it
NO_CAP = ClassCap()  # a fit never holds the class of land
CARE_WALK_LIMIT_MIN = 120.0  # min one way with care duties, then red; domain reference 4, A1
NO_TURNS = "no turns: recorded as not irrigated"


@dataclass(frozen=True, slots=True, eq=False)
class HouseholdBlock(Block):
    """Plots judged for one kind of household.

    ``plots`` also carries area_ha and, where staff recorded them, right_class, missing_documents and disputes.
    profile : the kind of household. walk_minutes : minutes from home one way, as measured for the land, float64 (n,).
    """

    profile: Profile = field(kw_only=True)
    walk_minutes: Floats = field(kw_only=True)


def profile_of(block: Block) -> Profile:
    """Return the kind of household a block is judged for.

    Parameters
    ----------
    block : plots and what lies around them.

    Returns
    -------
    Profile of the block.

    Raises
    ------
    NotAssessed : it is judged for none.
    """
    if not isinstance(block, HouseholdBlock):
        raise NotAssessed("it is computed for a household profile")
    return block.profile


def balance_of_labour(block: Block, _: Criterion) -> Measured:
    """Return workdays of the household over workdays the plot asks for in the worst month.

    The whole plot carries the reference crop; a crop without a row of labour in its zone leaves the balance unknown.

    Parameters
    ----------
    block : n plots with ``area_ha`` and ``district``, judged for a household.

    Returns
    -------
    Measured, ratio, NaN unknown.
    """
    profile = profile_of(block)
    area_ha = numbers(block.plots, "area_ha")
    balance = np.full(len(block), np.nan)
    for here, work in labour_of(block.judgement.crop, texts(block.plots, "district")):
        if work is not None:
            demand_ha = demand_days_ha(work, tractor=profile.tractor)
            balance[here] = labour_balance(profile.supply_days, demand_ha, area_ha[here])
    return Measured(balance)


def share_of_heavy_turns(block: Block, _: Criterion) -> Measured:
    """Return the share of water turns at night or with heavy gate work: of the plot, else of its command area.

    A plot that is recorded as not irrigated and lies in no command area has no turns, and so none that are heavy.

    Parameters
    ----------
    block : n plots with command areas or plot surveys around them.

    Returns
    -------
    Measured, %, NaN unknown, with a note where there are no turns.

    Raises
    ------
    NotAssessed : neither command areas nor plot surveys are loaded.
    """
    if "command_areas" not in block.nearby and SURVEYS not in block.nearby:
        raise NotAssessed(NO_WATER_RECORDS)
    survey = surveyed(block, "heavy_turns_pct")
    value, evidence = survey.value.copy(), survey.evidence.copy()
    row = block.once(command_area)
    if "command_areas" in block.nearby:
        areas = block.layer("command_areas")
        dated = evidence_by_age(season_age_years(texts(areas, "sdr_date"), block.judgement.as_of))
        use = np.isnan(value) & (row != OUTSIDE)
        value[use], evidence[use] = numbers(areas, "heavy_turns_pct")[row[use]], dated[row[use]]
    dry = np.isnan(value) & (row == OUTSIDE) & is_recorded(block.plots, "irrigated", False)
    value[dry], evidence[dry] = 0.0, B
    return Measured(value, evidence=np.where(np.isnan(value), D, evidence).astype(np.int8), notes={NO_TURNS: dry})


def class_of_right(block: Block, _: Criterion) -> Measured:
    """Return the number of the right class on record, 4 for O4.

    Parameters
    ----------
    block : n plots with ``right_class``.

    Returns
    -------
    Measured, 1-12, NaN where none is recorded.
    """
    return Measured(right_numbers(texts(block.plots, "right_class")), evidence=np.full(len(block), B, dtype=np.int8))


def steps_of_documents(block: Block, _: Criterion) -> Measured:
    """Return documents missing plus open disputes.

    Parameters
    ----------
    block : n plots with ``missing_documents`` and ``disputes``.

    Returns
    -------
    Measured, count, NaN where either is not recorded.
    """
    steps = numbers(block.plots, "missing_documents") + numbers(block.plots, "disputes")
    return Measured(steps, evidence=np.full(len(block), B, dtype=np.int8))


LABOUR_BALANCE = Criterion(
    id="labour_balance",
    code="F1",
    group="labour",
    letter="l",
    title="Hands for the work of the hardest month",
    unit="ratio",
    better="more",
    needs=(),
    measure=balance_of_labour,
    memberships=(Knots(1.2, 1.0, 0.8, 0.6, 0.4),),
    poor="There are too few hands for the work of the hardest month.",
    measuring=None,
    cap=NO_CAP,
    basis=CALIBRATE,
)
HEAVY_TURNS = Criterion(
    id="heavy_turns",
    code="F2",
    group="labour",
    letter="l",
    title="Water turns at night or with heavy gate work",
    unit="%",
    better="less",
    needs=(PLOT_SURVEYS, COMMAND_AREAS),
    measure=share_of_heavy_turns,
    memberships=(Knots(0.0, 10.0, 30.0, 60.0, 90.0),),
    poor="Water often comes at night or behind gates that are heavy to move.",
    measuring=None,
    cap=NO_CAP,
    basis="women's difficulty in water access; default to calibrate",
)
RIGHT_CLASS = Criterion(
    id="right_class",
    code="L1",
    group="tenure",
    letter="o",
    title="Security of the right to use the land",
    unit="class",
    better="more",
    needs=(),
    measure=class_of_right,
    memberships=(ByClass({right.number: right.membership for right in RIGHT_CLASSES}),),
    limits=(HardLimit("red_light", "no right, or under dispute: ask legal aid before any investment", above=11.5),),
    poor="The right to use the land is not secure.",
    measuring=None,
    cap=NO_CAP,
    basis="default to calibrate; to be reviewed by a land lawyer before use",
    levels=("", *(right.code for right in RIGHT_CLASSES)),
)
DOCUMENT_STEPS = Criterion(
    id="document_steps",
    code="L2",
    group="tenure",
    letter="o",
    title="Documents to complete and disputes to settle",
    unit="count",
    better="less",
    needs=(),
    measure=steps_of_documents,
    memberships=(Knots(0.0, 1.0, 2.0, 3.0, 4.0),),
    poor="Papers are missing or a dispute is open.",
    measuring=None,
    cap=NO_CAP,
    basis=CALIBRATE,
)

FIT_CRITERIA: tuple[Criterion, ...] = (LABOUR_BALANCE, HEAVY_TURNS, RIGHT_CLASS, DOCUMENT_STEPS)

FIT_BY_ID = {criterion.id: criterion for criterion in FIT_CRITERIA}

# A limit on the walk that holds for a household with care duties only; the walk itself is judged with the land.
WALK = "walk_minutes"
CARE_WALK = HardLimit(
    "red_light", "more than two hours' walk one way, with children or elders waiting", above=CARE_WALK_LIMIT_MIN
)


def own_walk(minutes: Floats, profile: Profile) -> Measured:
    """Return the walk at the household's own pace from the minutes of an adult without load.

    Walks that were not told apart, being of two hours or more, are longer than any limit.

    Parameters
    ----------
    minutes : float64 (n,), one way from home, NaN unknown.
    profile : its walking factor.

    Returns
    -------
    Measured of n plots, minutes one way, infinite beyond ``MOST_WALK_MIN``, NaN unknown.
    """
    return Measured(np.where(minutes >= MOST_WALK_MIN, np.inf, minutes / profile.walking_factor))
