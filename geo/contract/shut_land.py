"""Kinds of area that shut land to farming, and what is on record of them (domain reference 3.6, step 0 and 4)."""

from __future__ import annotations

MINE_BUFFER_M = {  # m, unless the mine action centre gives another distance; default to calibrate
    "mine_suspected": 100.0,
    "mine_confirmed": 50.0,
}
RELEASABLE = frozenset(MINE_BUFFER_M)  # kinds of area that shut land until it is cleared and released
WATER = "water_body"
INUNDATION = "inundation"
REASONS = (
    "mine_confirmed",
    "mine_suspected",
    INUNDATION,
    "river_bed",
    WATER,
    "built_up",
    "protected",
    "border_strip",
)
ANSWERED = ("mine_confirmed", "mine_suspected", "mine_cleared")  # kinds by which the mine action centre answers
LOOKED_FOR_MINES, LOOKED_FOR_SHUT_LAND = "mines", "shut_land"  # what mapping extents say was looked for
NO_RECORD, OUTSIDE_RECORD, RECORDED = range(3)
RECORD_STATES = ("none", "outside", "recorded")
