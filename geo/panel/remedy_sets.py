"""Remedies and the cheapest set of them, whatever is rated: land as a class, household fit as a light.

Every subset of the remedies that apply is one column of one rating: 12 remedies are 4,096 columns, rated in one call,
so the cheapest set is found exactly and nothing is assumed about how remedies add up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from geo.contract.criterion import Measured
from geo.errors import SchemeError
from geo.strict_toml import StrictModel, parse_toml

Floats = NDArray[np.float64]
Applied = NDArray[np.bool_]
Values = Mapping[str, Measured]

MOST_REMEDIES = 12  # remedies weighed at once; 2**12 sets are rated in a few milliseconds
KINDS = ("scale", "add", "at_most", "at_least", "becomes", "table")  # effects that need nothing but their amount

# An effect that is computed: changes the values in place where it is applied, bool (n,).
Change = Callable[[dict[str, Measured], Applied], None]


class Effect(StrictModel):
    """How one value changes: kind and amount, held between ``least`` and ``most``."""

    criterion: str
    kind: str
    amount: float = 0.0
    least: float | None = None
    most: float | None = None


class Remedy(StrictModel):
    """One thing that can be done: what it changes, what it costs [USD], who does it, and where it applies.

    ``where`` names facts that all have to be known and true. ``shared``: a work of many plots, never of one household.
    """

    id: str
    title: str
    cost_fixed: Annotated[float, Field(ge=0)]
    cost_per_ha: Annotated[float, Field(ge=0)]
    who: str
    where: tuple[str, ...] = ()
    shared: bool = False
    effects: tuple[Effect, ...]

    def cost_usd(self, area_ha: float) -> float:
        """Return the cost on a plot.

        Parameters
        ----------
        area_ha : of the plot, ha

        Returns
        -------
        USD
        """
        return self.cost_fixed + self.cost_per_ha * area_ha


class Remedies(StrictModel):
    """The remedies of one catalogue, with version and panel."""

    version: str
    panel: str
    date: object
    remedy: tuple[Remedy, ...]


Found = TypeVar("Found", bound=Remedies)


def parse_remedies(
    form: type[Found], text: str, *, source: str, criteria: Collection[str], computed: Collection[str]
) -> Found:
    """Return the catalogue a TOML text describes.

    Parameters
    ----------
    form : kind of catalogue
    text : the file, whole
    source : name of the file, for messages
    criteria : ids effects may name
    computed : kinds of effect beside ``KINDS``

    Returns
    -------
    catalogue of that kind

    Raises
    ------
    SchemeError : not TOML, an unknown key, criterion or kind of effect; names ``source`` and the key.
    """
    found = parse_toml(form, text, source=source)
    kinds = (*KINDS, *computed)
    for remedy in found.remedy:
        for effect in remedy.effects:
            require_criterion(effect.criterion, criteria, source)
            if effect.kind not in kinds:
                raise SchemeError(f"{source}: {remedy.id}: the effect '{effect.kind}' is not one of {', '.join(kinds)}")
    return found


def require_criterion(name: str, criteria: Collection[str], source: str) -> None:
    """Refuse a criterion that a catalogue may not name.

    Parameters
    ----------
    name : criterion id
    criteria : ids it may name
    source : name of the file, for messages

    Raises
    ------
    SchemeError : names ``source``.
    """
    if name not in criteria:
        raise SchemeError(f"{source}: there is no such criterion '{name}'")


def applicable(
    values: Values, facts: Collection[str], remedies: Sequence[Remedy], computed: Mapping[str, Change]
) -> list[Remedy]:
    """Return the remedies that can change a known value of one plot.

    Parameters
    ----------
    values : criterion id -> what was measured of the plot
    facts : what is known and true of it
    remedies : those of a catalogue
    computed : kind of effect -> how it changes values

    Returns
    -------
    at most ``MOST_REMEDIES``, cheapest on a hectare first
    """
    found = [
        remedy
        for remedy in remedies
        if set(remedy.where) <= set(facts) and any(_changes(values, effect, computed) for effect in remedy.effects)
    ]
    return sorted(found, key=lambda remedy: remedy.cost_usd(1.0))[:MOST_REMEDIES]


def every_set(count: int) -> Applied:
    """Return every subset of some remedies.

    Parameters
    ----------
    count : how many remedies there are

    Returns
    -------
    bool (2**count, count); the first is the empty one
    """
    return (np.arange(2**count)[:, np.newaxis] >> np.arange(count) & 1).astype(bool)


def changed(
    values: Values, remedies: Sequence[Remedy], chosen: Applied, computed: Mapping[str, Change]
) -> dict[str, Measured]:
    """Return the values of one plot under sets of remedies.

    Parameters
    ----------
    values : criterion id -> what was measured of the plot
    remedies : k remedies
    chosen : bool (m, k), the sets
    computed : kind of effect -> how it changes values

    Returns
    -------
    criterion id -> values (m,)
    """
    result = {name: repeated(measured, len(chosen)) for name, measured in values.items()}
    for column, remedy in enumerate(remedies):
        for effect in remedy.effects:
            _apply(result, effect, chosen[:, column], computed)
    return result


def cheapest(remedies: Sequence[Remedy], chosen: Applied, lifts: Applied, merit: Floats, area_ha: float) -> int | None:
    """Return the cheapest set that lifts.

    Of equally cheap ones the one of the greatest merit, then the one of fewest remedies.

    Parameters
    ----------
    remedies : k remedies
    chosen : bool (m, k), the sets
    lifts : bool (m,), the set lifts what is rated
    merit : float64 (m,), the greater the better
    area_ha : of the plot, ha

    Returns
    -------
    row of the set, None if no set lifts
    """
    if not lifts.any():
        return None
    order = np.lexsort((chosen.sum(axis=1), -merit, costs_usd(remedies, chosen, area_ha)))
    return int(order[lifts[order]][0])


def costs_usd(remedies: Sequence[Remedy], chosen: Applied, area_ha: float) -> Floats:
    """Return the cost of each set.

    Parameters
    ----------
    remedies : k remedies
    chosen : bool (m, k), the sets
    area_ha : of the plot, ha

    Returns
    -------
    float64 (m,), USD
    """
    return np.asarray(chosen @ np.array([remedy.cost_usd(area_ha) for remedy in remedies]))


def repeated(measured: Measured, times: int) -> Measured:
    """Return one plot's measurement several times over, with arrays of its own.

    Parameters
    ----------
    measured : of one plot
    times : how often

    Returns
    -------
    measurement of as many plots
    """
    return replace(
        measured,
        value=np.repeat(measured.value[:1], times),
        table=None if measured.table is None else np.repeat(measured.table[:1], times),
        sigma=None if measured.sigma is None else np.repeat(measured.sigma[:1], times),
        evidence=None if measured.evidence is None else np.repeat(measured.evidence[:1], times),
        notes={name: np.repeat(flags[:1], times) for name, flags in measured.notes.items()},
        worst=None if measured.worst is None else np.repeat(measured.worst[:1], times),
        best=None if measured.best is None else np.repeat(measured.best[:1], times),
        beside={name: np.repeat(numbers[:1], times) for name, numbers in measured.beside.items()},
    )


def _changes(values: Values, effect: Effect, computed: Mapping[str, Change]) -> bool:
    """Whether an effect would change the value of one plot; an unknown value cannot be changed."""
    once = {name: repeated(measured, 1) for name, measured in values.items()}
    if once[effect.criterion].not_assessed is not None or np.isnan(once[effect.criterion].value[0]):
        return False
    before = once[effect.criterion]
    _apply(once, effect, np.ones(1, dtype=bool), computed)
    after = once[effect.criterion]
    same_table = np.array_equal(
        before.table if before.table is not None else [0], after.table if after.table is not None else [0]
    )
    return not (same_table and before.value[0] == after.value[0])


def _apply(values: dict[str, Measured], effect: Effect, taken: Applied, computed: Mapping[str, Change]) -> None:
    """Change the values where a remedy is taken; scales and sums commute, so the order of remedies does not matter."""
    measured = values[effect.criterion]
    if measured.not_assessed is not None:
        return
    if effect.kind in computed:
        computed[effect.kind](values, taken)
        return
    if effect.kind == "table":
        table = np.zeros(len(measured.value), dtype=np.int8) if measured.table is None else measured.table
        values[effect.criterion] = replace(measured, table=np.where(taken, np.int8(effect.amount), table))
        return
    values[effect.criterion] = measured.with_parts(lambda part: np.where(taken, effect_on(part, effect), part))


def effect_on(value: Floats, effect: Effect) -> Floats:
    """Return values after an effect.

    Parameters
    ----------
    value : of any shape
    effect : of a kind that needs nothing but its amount

    Returns
    -------
    float64 of that shape, NaN where the value is unknown
    """
    after = {
        "scale": value * effect.amount,
        "add": value + effect.amount,
        "at_most": np.minimum(value, effect.amount),
        "at_least": np.maximum(value, effect.amount),
        "becomes": np.where(np.isnan(value), np.nan, effect.amount),
    }[effect.kind]
    if effect.least is not None:
        after = np.maximum(after, np.minimum(value, effect.least))
    if effect.most is not None:
        after = np.minimum(after, np.maximum(value, effect.most))
    return np.asarray(after)
