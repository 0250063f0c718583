"""What answers about districts hold."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal

from pydantic import Field

from api.routes.answers import Box, Names, Standing, Tally
from api.web.description import Answer


class JamoatFigures(Standing):
    """A jamoat; None: plots without one."""

    jamoat: str | None
    potential: dict[str, Tally | None] | None = Field(description="By the class plots could reach; null: too few.")


class OutlineAgreement(Answer):
    """How far an outline agrees with that of a second source: area of the intersection over that of the union."""

    source: str | None
    date: date | None
    licence: str | None
    agrees_pct: int = Field(description="Whole percent; what is below 90 never reads as 90.")


class Boundary(Answer):
    """Where the boundary of a district is from. None is official."""

    official: Literal[False]
    date: date | None
    note: str | None
    agreement: list[OutlineAgreement]
    doubtful: bool | None = Field(
        description="A second source agrees to less than 90 %: figures of area are doubtful; null: none is loaded."
    )


class DistrictFigures(Standing):
    """A district and the run that is shown there."""

    code: str
    names: Names
    region: str | None
    area_ha: float | None
    bbox: Box | None
    boundary: Boundary
    plots: int
    plots_ha: float
    run: int | None
    scheme: str | None
    published_at: datetime | None
    earlier_rule: bool
    warning: Names | None
    synthetic: bool


class DistrictByJamoat(DistrictFigures):
    """A district with its jamoats."""

    jamoats: list[JamoatFigures]


MODELS: Final[tuple[type[Answer], ...]] = (DistrictFigures, DistrictByJamoat)
