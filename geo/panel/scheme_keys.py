"""Keys of a scheme file and what each may hold, and the weights that a file gives or its judgements lead to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from geo.errors import SchemeError, TableError
from geo.panel.weights import (
    ACCEPTED_CR,
    DEFAULT_RANDOM_INDEX,
    RandomIndexRow,
    Weights,
    normalised,
    reciprocal_matrix,
    weights,
)
from geo.strict_toml import StrictModel

Positive = Annotated[float, Field(gt=0)]
Judgements = list[list[float | str]]


class WeighedNames(StrictModel):
    """Weights as given, or a square table of pairwise judgements in the order of ``names``."""

    weights: dict[str, Positive] | None = None
    names: list[str] | None = None
    judgements: Judgements | None = None


class GroupMembers(WeighedNames):
    """Criteria of one group."""

    combine: Literal["mean", "minimum"] = "mean"
    gates: list[str] = Field(default_factory=list)


class ImprovementRow(StrictModel):
    """A measured value that the potential state sets."""

    criterion: str
    value: float


class SchemeFile(StrictModel):
    """The whole file; ``Scheme`` says what each key means."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    version: str
    panel: str
    date: date
    note: str
    land_use: str
    reference_crop: dict[str, str]
    salt_gathers: list[str] = Field(default_factory=list)
    orness: Annotated[float, Field(gt=0, lt=1)]
    random_index: RandomIndexRow = DEFAULT_RANDOM_INDEX
    groups: WeighedNames
    criteria: dict[str, GroupMembers]
    unweighed: list[str] = Field(default_factory=list)
    knots: dict[str, dict[str, Annotated[list[float], Field(min_length=5, max_length=5)]]] = Field(default_factory=dict)
    limits: dict[str, dict[str, float]] = Field(default_factory=dict)
    improvement: list[ImprovementRow] = Field(default_factory=list)


def weights_of(
    weighed: WeighedNames, expected: Sequence[str], where: str, ri: RandomIndexRow
) -> tuple[dict[str, float], float | None]:
    """Return the weights of a file, given or solved from its judgements.

    Parameters
    ----------
    weighed : the keys
    expected : names that have to be weighed
    where : file and key, for messages
    ri : row of random indices the consistency ratio is measured against

    Returns
    -------
    name -> weight, sum 1, in the order of ``expected``; and the consistency ratio, None where weights are given

    Raises
    ------
    SchemeError : neither weights nor judgements or both, other names than expected, or judgements that are not
        consistent.
    """
    cr = None
    if weighed.weights is not None and weighed.judgements is None and weighed.names is None:
        found = dict(zip(weighed.weights, normalised(list(weighed.weights.values())).tolist(), strict=True))
    elif weighed.weights is None and weighed.judgements is not None and weighed.names is not None:
        solved = _solved(weighed.names, weighed.judgements, where, ri)
        found, cr = dict(zip(weighed.names, solved.weights.tolist(), strict=True)), solved.cr
    else:
        raise SchemeError(f"{where}: give either weights, or names with judgements")
    if set(found) != set(expected) or len(found) != len(expected):
        raise SchemeError(f"{where}: expected exactly {', '.join(expected)}, got {', '.join(found)}")
    return {name: found[name] for name in expected}, cr


def _solved(names: Sequence[str], judgements: Judgements, where: str, ri: RandomIndexRow) -> Weights:
    if len(set(names)) < len(names):
        raise SchemeError(f"{where}.names: a name stands twice")
    cells = [[str(cell) for cell in row] for row in judgements]
    try:
        solved = weights(names, reciprocal_matrix(names, cells, source=f"{where}.judgements"), ri=ri)
    except TableError as error:
        raise SchemeError(str(error) if str(error).startswith(where) else f"{where}.judgements: {error}") from None
    if not solved.consistent:
        raise SchemeError(
            f"{where}.judgements: consistency ratio {solved.cr:.2f} ({ri}) is not below {ACCEPTED_CR:.2f}; "
            "`obod weights` names the judgement to revisit"
        )
    return solved
