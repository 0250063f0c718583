"""Parts of the declaration of a criterion: how far it holds the class, what its unknown may be, how it is found out."""

from __future__ import annotations

from dataclasses import dataclass

CALIBRATE = "default to calibrate"  # basis of knots that no source names


@dataclass(frozen=True, slots=True)
class ClassCap:
    """How far a criterion holds the class of a plot down, whatever the score; domain reference 3.6 steps 2 and 6.

    own : classes a plot may be better than the class of this criterion's own membership; None = it holds none.
    loose_tables : membership tables for which it holds one class less. loose_from_grid : it holds one class less where
    its value comes with a standard error, from a grid; such a value does not count for its group either.
    with_group : classes a plot may be better than the mean of its group's known members; alike for all members of a
    group. decisive : no class is better than S2 while the criterion weighs and is unknown. required : no class at all
    while it is unknown.
    """

    own: int | None = None
    loose_tables: tuple[int, ...] = ()
    loose_from_grid: bool = False
    with_group: int | None = None
    decisive: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Presumed:
    """What the membership of an unknown value lies between where a note of its measure holds; evidence D."""

    where: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measuring:
    """How an unknown value is found out on one plot, as a sentence, and what that costs [USD a plot]."""

    how: str
    usd: float


@dataclass(frozen=True, slots=True)
class Instead:
    """What a value is where one membership table rates another quantity: kept and told under a name of its own.

    table : number of the table. id : public name. title, unit : of that quantity.
    """

    table: int
    id: str
    title: str
    unit: str
