"""Why something is not known: one text per cause, the same in runs, ways and services, on cards and pages.

A run keeps the whole sentence; ``read_reason`` tells again which cause it names and what is filled in, so that it can
be said in another language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final

LAYER_NOT_LOADED: Final = "the layer {layer} is not loaded"
GRID_NOT_LOADED: Final = "the grid {layer} is not loaded"
TOO_COARSE: Final = "the grid {layer} has cells of {cell} m; at most {most} m can be accepted"
NO_HEIGHTS: Final = "no heights are known here"
NO_HAZARD_MAPPING: Final = "neither hazard zones nor the extents of hazard mapping are loaded"
NO_WATER_RECORDS: Final = "neither command areas nor plot surveys are loaded"
NO_SERVICES_NOR_ROADS: Final = "neither services nor roads are loaded"
NO_SURVEYS_AND: Final = "no plot surveys are loaded, and {reason}"
NONE_NEAR: Final = "none is on record near here"
NO_WAY: Final = "no way of two hours or less is known"
MINED_WAY: Final = "the quickest leads over ground that may be mined; do not take it, ask the mine action centre"
REASONS: Final = (
    *(LAYER_NOT_LOADED, GRID_NOT_LOADED, TOO_COARSE, NO_HEIGHTS, NO_HAZARD_MAPPING, NO_WATER_RECORDS),
    *(NO_SERVICES_NOR_ROADS, NO_SURVEYS_AND, NONE_NEAR, NO_WAY, MINED_WAY),
)


@dataclass(frozen=True, slots=True)
class Reason:
    """A cause and what is filled in.

    text : one of ``REASONS``, or a whole sentence that is none of them. args : name -> what stands in its place; a
    ``reason`` is a sentence that can be read itself.
    """

    text: str
    args: Mapping[str, str]


def read_reason(sentence: str) -> Reason:
    """Return which cause a sentence names.

    Parameters
    ----------
    sentence : one of ``REASONS``, filled in.

    Returns
    -------
    The cause; a sentence of no known form stands for itself.
    """
    for text in REASONS:
        if found := _pattern(text).fullmatch(sentence):
            return Reason(text, found.groupdict())
    return Reason(sentence, {})


@lru_cache(maxsize=len(REASONS))
def _pattern(text: str) -> re.Pattern[str]:
    """What a filled-in text looks like: each field takes one word, a reason takes all."""
    parts = re.split(r"\{(\w+)\}", text)
    fields = (f"(?P<{name}>.+)" if name == "reason" else f"(?P<{name}>\\S+)" for name in parts[1::2])
    between = [re.escape(part) for part in parts[::2]]
    return re.compile("".join(chain(between[:1], *zip(fields, between[1:], strict=True))))
