"""Weights of a trial as an address has them: whole percents of the panel's, so that one state has one address."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Depends, Query

from geo.suitability.trial import FACTORS, GROUP_OF, NEUTRAL, ORNESS, Emphasis
from layers.errors import BadFilter

PERCENT: Final = r"^([0-9]{1,3})?$"
PARAMETER_OF: Final = {name: f"weigh_{name}" for name in GROUP_OF}
WEIGHT_BOUNDS: Final = (round(100 * FACTORS[0]), round(100 * FACTORS[1]))  # %, of the weight the panel gave
ORNESS_BOUNDS: Final = (round(100 * ORNESS[0]), round(100 * ORNESS[1]))  # %


def get_emphasis(
    weigh_water: Annotated[str | None, Query(pattern=PERCENT, description="Trial: weight of water, 50–200 %.")] = None,
    weigh_safety: Annotated[str | None, Query(pattern=PERCENT, description="Trial: of safety, 50–200 %.")] = None,
    weigh_nearness: Annotated[str | None, Query(pattern=PERCENT, description="Trial: of nearness, 50–200 %.")] = None,
    orness: Annotated[str | None, Query(pattern=PERCENT, description="Trial: orness, 20–50 %.")] = None,
) -> Emphasis:
    """Return the weights of a trial; empty texts, as a form sends them, count as not asked.

    Raises
    ------
    BadFilter : a percentage lies beyond its bounds; names them.
    """
    asked = {"weigh_water": weigh_water, "weigh_safety": weigh_safety, "weigh_nearness": weigh_nearness}
    factors = {
        name: _percent(parameter, asked[parameter], WEIGHT_BOUNDS, unasked=1.0)
        for name, parameter in PARAMETER_OF.items()
    }
    return Emphasis(**factors, orness=_percent("orness", orness, ORNESS_BOUNDS) if orness else None)


EmphasisDep = Annotated[Emphasis, Depends(get_emphasis)]


def address_of(emphasis: Emphasis) -> dict[str, str]:
    """Return what an address says of a trial, by the name of its parameter; nothing where nothing is moved."""
    found = {
        parameter: str(round(100 * getattr(emphasis, name)))
        for name, parameter in PARAMETER_OF.items()
        if getattr(emphasis, name) != getattr(NEUTRAL, name)
    }
    return found if emphasis.orness is None else {**found, "orness": str(round(100 * emphasis.orness))}


def _percent(name: str, text: str | None, bounds: tuple[int, int], *, unasked: float = 1.0) -> float:
    if not text:
        return unasked
    least, most = bounds
    if re.fullmatch(r"[0-9]{1,3}", text) is None or not least <= int(text) <= most:
        raise BadFilter(f"{name} takes whole percents from {least} to {most}, not {text!r}.")
    return int(text) / 100
