"""Every criterion a plot is judged by, group by group in the order of domain reference section 4.

All knots are defaults to calibrate unless ``basis`` names a source; a scheme file may override them.
"""

from __future__ import annotations

from geo.contract.criterion import Criterion
from geo.criteria import access, climate, hazard, soil, terrain, water

LAND_CRITERIA: tuple[Criterion, ...] = (
    *water.CRITERIA,
    *hazard.CRITERIA,
    *terrain.CRITERIA,
    *soil.CRITERIA,
    *climate.CRITERIA,
    *access.CRITERIA,
)

BY_ID = {criterion.id: criterion for criterion in LAND_CRITERIA}
