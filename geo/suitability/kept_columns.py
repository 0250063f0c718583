"""Columns that results are kept in: codes by name, whole numbers, letters of evidence, values by what they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from geo.contract.criterion import Criterion, Floats, Measured
from geo.suitability.combination import Codes

EVIDENCE_LETTERS = "ABCD"
UNKNOWN_EVIDENCE = "-"
TABLE_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"  # numbers of membership tables, a digit each


def named(names: tuple[str, ...], codes: Codes) -> NDArray[np.object_]:
    """Return codes by their names.

    Parameters
    ----------
    names : of codes 0, 1, ...
    codes : int8 (n,), -1 for none.

    Returns
    -------
    Text or None, object (n,).
    """
    return np.array([*names, None], dtype=object)[codes]


def whole_numbers(numbers: Floats) -> NDArray[np.object_]:
    """Return numbers as whole ones.

    Parameters
    ----------
    numbers : float64 (n,), NaN unknown.

    Returns
    -------
    int or None, object (n,).
    """
    found = np.full(len(numbers), None, dtype=object)
    known = ~np.isnan(numbers)
    found[known] = numbers[known].astype(np.int64).tolist()
    return found


def evidence_text(evidence: Codes) -> list[str]:
    """Return the letters of evidence of each plot.

    Parameters
    ----------
    evidence : int8 (k, n), 0..3 = A..D, -1 unknown.

    Returns
    -------
    List of n texts, a letter a criterion.
    """
    return _texts(EVIDENCE_LETTERS + UNKNOWN_EVIDENCE, evidence)


def tables_text(tables: Codes) -> list[str]:
    """Return the membership tables of each plot.

    Parameters
    ----------
    tables : int8 (k, n), below the length of ``TABLE_DIGITS``.

    Returns
    -------
    List of n texts, a digit a criterion.
    """
    return _texts(TABLE_DIGITS, tables)


def _texts(letters: str, codes: Codes) -> list[str]:
    """Texts of n plots, a letter for each of k codes."""
    found = np.frombuffer(letters.encode(), dtype=np.uint8)[codes.T]
    width = codes.shape[0]
    return [row.decode() for row in np.ascontiguousarray(found).view(f"S{width}").reshape(-1).tolist()]


def kept_values(criterion: Criterion, values: Mapping[str, Measured]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the values of a criterion as they are kept, those of another quantity under their own name.

    Parameters
    ----------
    criterion : whose.
    values : criterion id -> Measured of n plots.

    Yields
    ------
    Name and float32 (n,), NaN unknown.
    """
    measured, instead = values[criterion.id], criterion.instead
    value = measured.value.astype(np.float32)
    if instead is not None:
        other = np.zeros(len(value), dtype=bool) if measured.table is None else measured.table == instead.table
        yield instead.id, np.where(other, value, np.float32(np.nan))
        value = np.where(other, np.float32(np.nan), value)
    yield criterion.id, value
