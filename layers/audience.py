"""Who may see something: the three audiences, named wherever a layer, a role or an answer is."""

from __future__ import annotations

from enum import IntEnum


class Audience(IntEnum):
    """Who may see a layer or attribute; a higher one sees everything a lower one sees."""

    PUBLIC = 0
    PARTNER = 1
    STAFF = 2


PUBLIC, PARTNER, STAFF = Audience.PUBLIC, Audience.PARTNER, Audience.STAFF
