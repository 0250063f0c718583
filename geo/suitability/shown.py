"""Scores as they are kept and as they are shown: rounded down, so that 74.9501 never reads as 75.0, which is S1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.contract.classes import CLASSES
from geo.suitability.kernels.combination import LETTER_BASE
from geo.suitability.model import LETTERS

STORED_DECIMALS = 4  # of a score 0-100 in a 4-byte column; class limits are multiples, so no score crosses one


def stored_score(score: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return scores as they are kept: rounded down to four decimals.

    Parameters
    ----------
    score : (n,), 0-100, NaN where there is none.

    Returns
    -------
    float32 (n,), NaN likewise.
    """
    return np.asarray(_rounded_down(score) / 10**STORED_DECIMALS, dtype=np.float32)


def shown_score(score: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return scores as they are shown: the decimal number a kept score is printed as, cut after one decimal.

    Parameters
    ----------
    score : (n,), 0-100, computed or, as float32, kept; NaN where there is none.

    Returns
    -------
    float64 (n,), NaN likewise.

    Notes
    -----
    A computed score is kept first, so that both come out alike. 75.1 in single precision lies below 75.1, but is
    printed as 75.1 and shown so; 74.99999 is shown as 74.9. ``layers.features.plots`` says the same in SQL.

    Examples
    --------
    >>> shown_score(np.array([74.9501, 75.0, np.nan])).tolist()
    [74.9, 75.0, nan]
    """
    kept = score if score.dtype == np.float32 else stored_score(score)
    tenths = np.floor(kept.astype(np.float64) * 10)
    reached = ((tenths + 1) / 10).astype(np.float32) == kept
    return np.asarray((tenths + reached) / 10, dtype=np.float64)


def _rounded_down(score: NDArray[np.floating]) -> NDArray[np.float64]:
    """Whole units of the last decimal that is kept."""
    exact = score.astype(np.float64)
    # A kept score, a 4-byte number near 100, is within 0.04 units of its decimal; a computed one within far less.
    noise = np.where(exact == exact.astype(np.float32), 0.05, 1e-6)
    return np.asarray(np.floor(exact * 10**STORED_DECIMALS + noise))


def subclass_name(class_code: int, letters: int, *, excluded: bool) -> str:
    """Return a class with its letters, such as S3wh, or with x where land is shut.

    Parameters
    ----------
    class_code : index into ``CLASSES``.
    letters : up to three letters of groups, each one digit of a number, the worst group first.
    excluded : the land is shut.

    Returns
    -------
    str
    """
    name = CLASSES[class_code]
    if excluded:
        return f"{name}x"
    while letters:
        letters, letter = divmod(letters, LETTER_BASE)
        name += LETTERS[letter - 1]
    return name
