"""Months of the year as they are written on maps and in tables: "3-7", "12-4", "4", "3-5, 9"."""

from __future__ import annotations

import re

from geo.errors import SuitabilityError

ALL_YEAR = frozenset(range(1, 13))
SPAN = re.compile(r"(\d{1,2})(?:\s*[-\u2013]\s*(\d{1,2}))?")


def months(text: str | None, *, unstated: frozenset[int] = ALL_YEAR) -> frozenset[int]:
    """Return the months that a text names; a span may run over the year's end.

    Parameters
    ----------
    text : months and spans of months, such as ``12-4, 9``
    unstated : what an empty text or None gives

    Returns
    -------
    months 1-12

    Raises
    ------
    SuitabilityError : the text is not a list of months and spans of months.

    Examples
    --------
    >>> sorted(months("12-2"))
    [1, 2, 12]
    """
    if text is None or not text.strip():
        return unstated
    named: set[int] = set()
    for part in text.split(","):
        match = SPAN.fullmatch(part.strip())
        if match is None:
            raise SuitabilityError(f"months must read like 3-7 or 12-4, got '{text}'")
        first = int(match[1])
        last = int(match[2] or match[1])
        if not (1 <= first <= 12 and 1 <= last <= 12):
            raise SuitabilityError(f"months run from 1 to 12, got '{text}'")
        named.update((first - 1 + step) % 12 + 1 for step in range((last - first) % 12 + 1))
    return frozenset(named)
