"""Weights from pairwise judgements: Saaty's analytic hierarchy process, its consistency, and what to revisit.

Saaty, T. L., The Analytic Hierarchy Process, McGraw-Hill 1980: weights are the principal right eigenvector of the
matrix of judgements, CI = (lambda_max - n) / (n - 1) and CR = CI / RI, accepted below 0.10.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import TableError

Floats = NDArray[np.float64]

RandomIndexRow = Literal["saaty-1980", "saaty-2005", "tummala-ling"]
# Mean consistency index of random matrices of n = 1..15 (domain reference 3.3).
RANDOM_INDEX: Mapping[RandomIndexRow, tuple[float, ...]] = {
    "saaty-1980": (0, 0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59),
    "saaty-2005": (0, 0, 0.52, 0.89, 1.11, 1.25, 1.35, 1.40, 1.45, 1.49, 1.52, 1.54, 1.56, 1.58, 1.59),
    "tummala-ling": (
        *(0, 0, 0.5799, 0.8921, 1.1159, 1.2358, 1.3322, 1.3952),
        *(1.4537, 1.4882, 1.5117, 1.5356, 1.5571, 1.5714, 1.5831),
    ),
}
DEFAULT_RANDOM_INDEX: RandomIndexRow = "saaty-2005"
LARGEST = 15  # rows; no random index is published beyond
ACCEPTED_CR = 0.10  # Saaty 1980
ACCEPTED_CR_OF_ONE_PERSON = 0.20  # before judgements of a group are averaged, domain reference 3.3
SAATY_SCALE = range(1, 10)  # 1 equal .. 9 extreme; below the diagonal the reciprocals


@dataclass(frozen=True, slots=True)
class Revisit:
    """The one judgement whose change lowers the consistency ratio most.

    ``row`` against ``column`` was ``given`` and would better be ``suggested`` (1..9); then CR is ``cr_after``.
    """

    row: str
    column: str
    given: float
    suggested: int
    cr_after: float


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of n names with the consistency of the judgements behind them.

    weights : float64 (n,), positive, sum 1. lambda_max : principal eigenvalue. ci, cr : consistency index and
    ratio (0 for n <= 2). ri : name of the random-index row. random_index : its value for n. revisit : set when CR
    is not accepted and a change to a value of Saaty's scale lowers it.
    """

    names: tuple[str, ...]
    weights: Floats
    lambda_max: float
    ci: float
    cr: float
    ri: RandomIndexRow
    random_index: float
    revisit: Revisit | None

    @property
    def consistent(self) -> bool:
        """CR below 0.10."""
        return self.cr < ACCEPTED_CR


def weights(names: Sequence[str], judgements: Floats, *, ri: RandomIndexRow = DEFAULT_RANDOM_INDEX) -> Weights:
    """Return the weights of names from a reciprocal matrix of judgements.

    Parameters
    ----------
    names : n names, n <= 15.
    judgements : float64 (n, n), ``judgements[i, j]`` says how many times i counts as much as j.
    ri : row of ``RANDOM_INDEX``.

    Returns
    -------
    Weights of the n names, sum 1, with their consistency.

    Raises
    ------
    TableError : n is 0 or above 15, or the matrix is not square, positive and reciprocal.

    Notes
    -----
    Weights are the principal right eigenvector; CI = (lambda_max - n) / (n - 1), CR = CI / RI.

    References
    ----------
    Saaty 1980: The Analytic Hierarchy Process. McGraw-Hill.
    """
    matrix = np.asarray(judgements, dtype=np.float64)
    n = len(names)
    if not 1 <= n <= LARGEST:
        raise TableError(f"{n} names cannot be judged in one table: between 1 and {LARGEST} are expected")
    if matrix.shape != (n, n):
        raise TableError(f"{n} names need a table of {n} x {n} judgements, got {' x '.join(map(str, matrix.shape))}")
    if not np.all(np.isfinite(matrix) & (matrix > 0)):
        raise TableError("every judgement must be a positive number")
    if not np.allclose(matrix * matrix.T, 1.0, rtol=0.0, atol=1e-9):
        raise TableError("each judgement must be the reciprocal of the one across the diagonal")
    eigenvalues, eigenvectors = np.linalg.eig(matrix)
    principal = int(np.argmax(eigenvalues.real))
    vector = np.abs(eigenvectors[:, principal].real)
    lambda_max = max(float(eigenvalues[principal].real), float(n))  # n is the minimum; rounding may fall below it
    index = RANDOM_INDEX[ri][n - 1]
    ci = (lambda_max - n) / (n - 1) if n > 1 else 0.0
    cr = ci / index if n > 2 else 0.0
    revisit = _revisit(names, matrix, cr, index) if cr >= ACCEPTED_CR else None
    return Weights(tuple(names), vector / vector.sum(), lambda_max, ci, cr, ri, index, revisit)


def _revisit(names: Sequence[str], matrix: Floats, cr: float, index: float) -> Revisit | None:
    """Return the change to Saaty's scale with the lowest CR; among equals the smallest change, then the first."""
    n = len(names)
    changes = [
        (i, j, value)
        for i, j in permutations(range(n), 2)
        for value in SAATY_SCALE
        if value > 1 or i < j  # "equal" reads the same both ways
    ]
    tried = np.repeat(matrix[np.newaxis], len(changes), axis=0)
    rows, columns, values = (np.array(part) for part in zip(*changes, strict=True))
    which = np.arange(len(changes))
    tried[which, rows, columns] = values
    tried[which, columns, rows] = 1.0 / values
    lambda_max = np.linalg.eigvals(tried).real.max(axis=1)
    ratios = np.maximum(lambda_max - n, 0.0) / (n - 1) / index
    step = np.abs(np.log(values / matrix[rows, columns]))
    best = np.lexsort((which, np.round(step, 9), np.round(ratios, 12)))[0]
    if not ratios[best] < cr:
        return None
    i, j, value = changes[best]
    return Revisit(names[i], names[j], float(matrix[i, j]), value, float(ratios[best]))


def group_judgements(
    people: Mapping[str, tuple[Sequence[str], Floats]], *, ri: RandomIndexRow = DEFAULT_RANDOM_INDEX
) -> Floats:
    """Return one matrix of judgements for a group.

    Parameters
    ----------
    people : person or file -> (names, judgements), all with the same names in the same order.
    ri : row of ``RANDOM_INDEX`` each person's consistency is measured against.

    Returns
    -------
    float64 (n, n), reciprocal.

    Raises
    ------
    TableError : names differ, or one person's CR is 0.20 or more (domain reference 3.3).

    Notes
    -----
    Geometric mean of each cell, which keeps reciprocity.

    References
    ----------
    Aczel and Saaty 1983: Procedures for synthesizing ratio judgements. J. Mathematical Psychology 27(1), pp. 93-102.
    """
    first, (names, _) = next(iter(people.items()))
    for person, (own_names, judgements) in people.items():
        if tuple(own_names) != tuple(names):
            raise TableError(f"{person}: names must be the same and in the same order as in {first}")
        cr = weights(own_names, judgements, ri=ri).cr
        if cr >= ACCEPTED_CR_OF_ONE_PERSON:
            raise TableError(
                f"{person}: consistency ratio {cr:.2f} is not below {ACCEPTED_CR_OF_ONE_PERSON:.2f}, "
                "so these judgements cannot join the group's"
            )
    return np.asarray(np.exp(np.mean([np.log(matrix) for _, matrix in people.values()], axis=0)), dtype=np.float64)


def judgement(text: str) -> tuple[float, float]:
    """Return the value of a judgement as it is written, and how far it may be off.

    Parameters
    ----------
    text : a number, or a fraction such as ``1/3``.

    Returns
    -------
    value : above 0.
    slack : half a unit of the last decimal when two or more are written (0.33 may stand for 1/3), otherwise 0.

    Raises
    ------
    ValueError : not a positive finite number or fraction.
    """
    written = text.strip()
    value = float(Fraction(written.replace(" ", ""))) if "/" in written else float(written)
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{text!r} is not positive")
    decimals = 0 if "/" in written else len(written.partition(".")[2])
    return value, 0.5 * 10.0**-decimals if decimals >= 2 else 0.0


def reciprocal_matrix(names: Sequence[str], cells: Sequence[Sequence[str]], *, source: str) -> Floats:
    """Return the matrix of judgements that is written in cells.

    Of two cells that mirror each other the one not below 1 counts, and the other is made its exact reciprocal,
    so that 0.33 across from 3 reads as 1/3.

    Parameters
    ----------
    names : n names of rows and columns.
    cells : n rows of n cells, each a number or a fraction.
    source : file name that refusals speak of.

    Returns
    -------
    float64 (n, n), exactly reciprocal.

    Raises
    ------
    TableError : a cell is no positive number or fraction, the diagonal is not 1, two mirrored cells are not
        reciprocal as written; names ``source``, row and column.
    """
    n = len(names)
    if len(cells) != n:
        raise TableError(f"{source}: {n} names need {n} rows of judgements, got {len(cells)}")
    value, slack = np.ones((n, n)), np.zeros((n, n))
    for i, row in enumerate(cells):
        if len(row) != n:
            raise TableError(f"{source}: row '{names[i]}' needs {n} judgements, got {len(row)}")
        for j, cell in enumerate(row):
            try:
                value[i, j], slack[i, j] = judgement(cell)
            except (ValueError, ZeroDivisionError):
                raise TableError(
                    f"{source}: row '{names[i]}', column '{names[j]}': expected a positive number or a fraction "
                    f"such as 1/3, got '{cell}'"
                ) from None
    for i in range(n):
        if value[i, i] != 1.0:
            raise TableError(f"{source}: row '{names[i]}', column '{names[i]}': a name against itself must be 1")
        for j in range(i + 1, n):
            lowest = (value[i, j] - slack[i, j]) * (value[j, i] - slack[j, i])
            highest = (value[i, j] + slack[i, j]) * (value[j, i] + slack[j, i])
            if not lowest - 1e-9 <= 1.0 <= highest + 1e-9:
                raise TableError(
                    f"{source}: row '{names[j]}', column '{names[i]}': expected the reciprocal of "
                    f"{cells[i][j].strip()} (row '{names[i]}', column '{names[j]}'), got {cells[j][i].strip()}"
                )
            if value[i, j] >= 1.0:
                value[j, i] = 1.0 / value[i, j]
            else:
                value[i, j] = 1.0 / value[j, i]
    return value


def read_judgements(path: Path) -> tuple[tuple[str, ...], Floats]:
    """Return names and reciprocal matrix of a square table in a CSV file.

    The first row and the first column hold the names, the same in the same order. In a file with semicolons or
    tabs a decimal comma is understood.

    Parameters
    ----------
    path : CSV file, separated by comma, semicolon or tab.

    Returns
    -------
    names : n names.
    judgements : float64 (n, n), reciprocal.

    Raises
    ------
    TableError : the file is missing, not UTF-8, not square, or a judgement is wrong; names file, row and column.
    """
    source = path.name
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError:
        raise TableError(f"{source}: there is no such file, or it cannot be read") from None
    except UnicodeDecodeError:
        raise TableError(f"{source}: the text is not UTF-8") from None
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise TableError(f"{source}: the table is empty")
    separator = max(";\t,", key=lines[0].count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    names = tuple(rows[0][1:])
    if not names or not all(names):
        raise TableError(f"{source}: row 1 must name every column after the first")
    if len(set(names)) < len(names):
        raise TableError(f"{source}: row 1 names a column twice")
    if len(rows) - 1 != len(names):
        raise TableError(f"{source}: {len(names)} columns need {len(names)} rows of judgements, got {len(rows) - 1}")
    for number, (row, name) in enumerate(zip(rows[1:], names, strict=True), start=2):
        if row[0] != name:
            raise TableError(f"{source}: row {number} is named '{row[0]}', expected '{name}' as in row 1")
    decimal_comma = separator != ","
    cells = [[cell.replace(",", ".") if decimal_comma else cell for cell in row[1:]] for row in rows[1:]]
    return names, reciprocal_matrix(names, cells, source=source)


def normalised(values: ArrayLike) -> Floats:
    """Return values divided by their sum.

    Parameters
    ----------
    values : (n,), positive.

    Returns
    -------
    float64 (n,), sum 1.
    """
    array = np.asarray(values, dtype=np.float64)
    return np.asarray(array / array.sum(), dtype=np.float64)
