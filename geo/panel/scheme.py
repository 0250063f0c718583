"""Schemes: the weights, knots, limits and risk attitude a panel agreed on, each a dated and signed TOML file.

A scheme says how to judge, never what is there. It must place every land criterion, as weighed or as ``unweighed``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from geo.contract.criterion import Criterion, HardLimit
from geo.contract.memberships import ByClass, Knots, Membership, Probability
from geo.criteria import LAND_CRITERIA
from geo.criteria.water import CANAL_CONDITION
from geo.errors import SchemeError, SuitabilityError
from geo.household_criteria import FIT_CRITERIA, FIT_GROUPS
from geo.panel.scheme_keys import GroupMembers, SchemeFile, weights_of
from geo.panel.weights import RandomIndexRow, normalised
from geo.strict_toml import list_shipped, parse_toml, read_shipped_or_file

WEIGHS_CONDITION = "The scheme weighs the condition of the canal, which the water that arrives follows already."
LAND_GROUPS = ("water", "hazard", "terrain", "soil", "climate", "access")
DEFAULT_SCHEME = "default"


@dataclass(frozen=True, slots=True)
class Group:
    """Criteria of one group.

    weights : criterion id -> weight within the group, sums to 1. cr : consistency ratio of the judgements behind the
    weights, None where weights were given. minimum : the worst member is the group's score; then weights say only how
    much of the judgement a member carries. gates : members the group cannot be better than.
    """

    weights: Mapping[str, float]
    cr: float | None = None
    minimum: bool = False
    gates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Improvement:
    """A measured value that the potential state sets: criterion ``criterion`` at ``value``, where it is worse."""

    criterion: str
    value: float


@dataclass(frozen=True)
class Scheme:
    """How plots are judged.

    name, version, panel, date, note : who agreed on it and when. land_use : what is judged. reference_crops : district
    pattern -> crop. salt_gathers : patterns of districts where salt may gather anywhere. orness : risk attitude 0-1,
    below 0.5 the poor groups count more. group_weights : all groups, fit groups included, sum 1. group_cr : consistency
    ratio of the judgements behind them, None where weights were given. random_index : row every ratio is measured
    against. groups : members of each land group. fit_groups : members of labour and tenure, those of the default scheme
    where the file says nothing. unweighed : measured and shown, no weight. knots : (criterion, table) -> membership
    that replaces the declared one. bounds : (criterion, table) -> hard limit that replaces the declared one.
    improvements : what the potential state changes. text : the file, whole.
    """

    name: str
    version: str
    panel: str
    date: date
    note: str
    land_use: str
    reference_crops: Mapping[str, str]
    salt_gathers: tuple[str, ...]
    orness: float
    group_weights: Mapping[str, float]
    group_cr: float | None
    random_index: RandomIndexRow
    groups: Mapping[str, Group]
    fit_groups: Mapping[str, Group]
    unweighed: tuple[str, ...]
    knots: Mapping[tuple[str, str], Membership]
    bounds: Mapping[tuple[str, str], float]
    improvements: tuple[Improvement, ...]
    text: str

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is to be said of results by this scheme, message ids."""
        return () if CANAL_CONDITION.id in self.unweighed else (WEIGHS_CONDITION,)

    @property
    def alpha(self) -> float:
        """Exponent of the quantifier r**alpha; orness = 1 / (1 + alpha) (Yager 1988)."""
        return 1.0 / self.orness - 1.0

    @cached_property
    def land_weights(self) -> dict[str, float]:
        """Return the weights of the land groups: the judged weights without labour and tenure, not solved again.

        Returns
        -------
        group -> weight, sum 1
        """
        shares = normalised([self.group_weights[group] for group in LAND_GROUPS])
        return dict(zip(LAND_GROUPS, shares.tolist(), strict=True))

    def crop_of(self, district: str | None) -> str:
        """Return the reference crop of a district: of the patterns that fit its code, the longest decides.

        Parameters
        ----------
        district : code; None, or one that no pattern fits, has the default

        Returns
        -------
        crop id
        """
        code = district or ""
        fitting = [pattern for pattern in self.reference_crops if pattern != "default" and fnmatchcase(code, pattern)]
        return self.reference_crops[max(fitting, key=len, default="default")]

    def salt_gathers_in(self, district: str | None) -> bool:
        """Return whether salt may gather on any ground of a district, so that none is presumed to be free of it.

        Parameters
        ----------
        district : code, or None

        Returns
        -------
        bool
        """
        return any(fnmatchcase(district or "", pattern) for pattern in self.salt_gathers)

    def memberships(self, criterion: Criterion) -> tuple[Membership, ...]:
        """Return the membership tables of a criterion with this scheme's knots.

        Parameters
        ----------
        criterion : as declared

        Returns
        -------
        a membership for each of its tables
        """
        first = self.knots.get((criterion.id, criterion.tables[0])) if criterion.first_stands_for_all else None
        return tuple(
            self.knots.get((criterion.id, table), first or declared)
            for table, declared in zip(criterion.tables, criterion.memberships, strict=True)
        )

    def limits(self, criterion: Criterion) -> tuple[HardLimit, ...]:
        """Return the hard limits of a criterion with this scheme's bounds.

        Parameters
        ----------
        criterion : as declared

        Returns
        -------
        its limits, in the order declared
        """
        return tuple(self._limit(criterion, limit) for limit in criterion.limits)

    def _limit(self, criterion: Criterion, limit: HardLimit) -> HardLimit:
        table = _table_of(criterion, limit)
        bound = None if table is None else self.bounds.get((criterion.id, table))
        if bound is None:
            return limit
        return replace(limit, below=bound) if limit.below is not None else replace(limit, above=bound)


def _table_of(criterion: Criterion, limit: HardLimit) -> str | None:
    """Return the name a scheme calls a limit by: its membership table; None when it has no bound to change."""
    if limit.where is not None or (limit.below is None and limit.above is None):
        return None
    return criterion.tables[limit.tables[0] if limit.tables else 0]


def load_scheme(name_or_path: str | Path = DEFAULT_SCHEME) -> Scheme:
    """Return a shipped scheme by its name, or the scheme in a TOML file.

    Parameters
    ----------
    name_or_path : name of a shipped scheme, or path of a file

    Returns
    -------
    scheme, checked

    Raises
    ------
    SchemeError : there is no such scheme or file, or it does not hold together; names file and key.
    """
    text, source = read_shipped_or_file(name_or_path, folder="schemes", thing="scheme")
    return parse_scheme(text, source=source)


def shipped_schemes() -> tuple[str, ...]:
    """Return the names of the schemes that come with the package.

    Returns
    -------
    names in alphabetical order
    """
    return list_shipped("schemes")


def parse_scheme(text: str, *, source: str, judged: Collection[str] | None = None) -> Scheme:
    """Return the scheme a TOML text describes.

    Parameters
    ----------
    text : the file, whole
    source : name of the file, for messages
    judged : criteria of the run a scheme was kept with; those declared since weigh nothing in it. None = all there are

    Returns
    -------
    scheme, checked

    Raises
    ------
    SchemeError : unknown or missing keys, a criterion that is neither weighed nor unweighed, judgements with a
        consistency ratio of 0.10 or more, knots that do not run the criterion's way; names file and key.
    """
    file = parse_toml(SchemeFile, text, source=source)
    try:
        if judged is not None:
            new = [c.id for c in LAND_CRITERIA if c.id not in (*judged, *file.unweighed)]
            groups = {
                name: members.model_copy(update={"gates": [gate for gate in members.gates if gate not in new]})
                for name, members in file.criteria.items()
            }
            file = file.model_copy(update={"unweighed": [*file.unweighed, *new], "criteria": groups})
        return _checked(file, text, source)
    except SuitabilityError as error:
        raise SchemeError(str(error) if str(error).startswith(source) else f"{source}: {error}") from None


def _checked(file: SchemeFile, text: str, source: str) -> Scheme:
    criteria = {criterion.id: criterion for criterion in LAND_CRITERIA}
    if "default" not in file.reference_crop:
        raise SchemeError(f"{source}: reference_crop.default: this key is missing")
    group_weights, group_cr = weights_of(
        file.groups, (*LAND_GROUPS, *FIT_GROUPS), f"{source}: groups", file.random_index
    )
    if set(file.criteria) - set(FIT_GROUPS) != set(LAND_GROUPS):
        raise SchemeError(f"{source}: criteria: expected exactly the groups {', '.join(LAND_GROUPS)}")
    groups = {
        name: _group(file.criteria[name], name, criteria, file.unweighed, f"{source}: criteria.{name}", file)
        for name in LAND_GROUPS
    }
    fit_criteria = {criterion.id: criterion for criterion in FIT_CRITERIA}
    fit_groups = {
        name: _group(file.criteria[name], name, fit_criteria, (), f"{source}: criteria.{name}", file)
        if name in file.criteria
        else load_scheme().fit_groups[name]
        for name in FIT_GROUPS
    }
    for name in file.unweighed:
        if name not in criteria:
            raise SchemeError(f"{source}: unweighed: there is no land criterion '{name}'")
    for improvement in file.improvement:
        if improvement.criterion not in criteria:
            raise SchemeError(f"{source}: improvement: there is no land criterion '{improvement.criterion}'")
    return Scheme(
        name=file.name,
        version=file.version,
        panel=file.panel,
        date=file.date,
        note=file.note,
        land_use=file.land_use,
        reference_crops=file.reference_crop,
        salt_gathers=tuple(file.salt_gathers),
        orness=file.orness,
        group_weights=group_weights,
        group_cr=group_cr,
        random_index=file.random_index,
        groups=groups,
        fit_groups=fit_groups,
        unweighed=tuple(file.unweighed),
        knots=_knots(file, criteria, source),
        bounds=_bounds(file, criteria, source),
        improvements=tuple(Improvement(item.criterion, item.value) for item in file.improvement),
        text=text,
    )


def _group(
    members: GroupMembers,
    name: str,
    criteria: Mapping[str, Criterion],
    unweighed: Sequence[str],
    where: str,
    file: SchemeFile,
) -> Group:
    expected = [c.id for c in criteria.values() if c.group == name and c.id not in unweighed]
    if not expected:
        raise SchemeError(f"{where}: at least one criterion of the group must be weighed")
    for gate in members.gates:
        if gate not in expected:
            raise SchemeError(f"{where}.gates: '{gate}' is not a weighed criterion of this group")
    within, cr = weights_of(members, expected, where, file.random_index)
    return Group(
        weights=within,
        cr=cr,
        minimum=members.combine == "minimum",
        gates=tuple(members.gates),
    )


def _tabled(
    entries: Mapping[str, Mapping[str, Any]], criteria: Mapping[str, Criterion], where: str
) -> list[tuple[Criterion, str, Any, str]]:
    """Return (criterion, table, entry, key) of a mapping criterion -> table -> entry."""
    found = []
    for name, tables in entries.items():
        if name not in criteria:
            raise SchemeError(f"{where}.{name}: there is no such land criterion")
        for table, entry in tables.items():
            if table not in criteria[name].tables:
                expected = ", ".join(criteria[name].tables)
                raise SchemeError(f"{where}.{name}.{table}: expected one of the tables {expected}")
            found.append((criteria[name], table, entry, f"{where}.{name}.{table}"))
    return found


def _knots(file: SchemeFile, criteria: Mapping[str, Criterion], source: str) -> dict[tuple[str, str], Membership]:
    """Return the memberships a scheme replaces: five knots, or for graded values the membership of each level."""
    replaced: dict[tuple[str, str], Membership] = {}
    for criterion, table, values, key in _tabled(file.knots, criteria, f"{source}: knots"):
        declared = criterion.memberships[criterion.tables.index(table)]
        if isinstance(declared, ByClass):
            if sorted(values, reverse=True) != values or not (values[0] <= 1.0 and values[-1] >= 0.0):
                raise SchemeError(f"{key}: memberships of levels none to high must fall and stay within 0 and 1")
            replaced[criterion.id, table] = ByClass(dict(enumerate(values)))
            continue
        try:
            knots = Knots(*values)
        except SuitabilityError as error:
            raise SchemeError(f"{key}: {error}") from None
        # One table of a criterion may rate another quantity than the rest.
        better = declared.better if isinstance(declared, Knots) else criterion.better
        if knots.better != better:
            raise SchemeError(f"{key}: the first value is the best one, and here {better} is better")
        replaced[criterion.id, table] = Probability(knots) if isinstance(declared, Probability) else knots
    return replaced


def _bounds(file: SchemeFile, criteria: Mapping[str, Criterion], source: str) -> dict[tuple[str, str], float]:
    replaced: dict[tuple[str, str], float] = {}
    for criterion, table, bound, key in _tabled(file.limits, criteria, f"{source}: limits"):
        if table not in {_table_of(criterion, limit) for limit in criterion.limits}:
            raise SchemeError(f"{key}: this criterion has no hard limit here to replace")
        replaced[criterion.id, table] = bound
    return replaced
