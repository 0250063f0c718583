"""A scenario as people write it: works with what each changes, and what the river brings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from geo.errors import TableError
from geo.strict_toml import StrictModel, parse_toml
from geo.water.need.crop_table import crop_water
from geo.water.need.periods import day_of_year

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
KINDS: Final = (  # lists of a work, in the order in which they are reckoned
    *("repairs", "new_canals", "pumps", "new_pumps", "fields", "crops"),
    *("check_dams", "hazard_zones", "levelling"),
)
MOST_HOURS: Final = 24.0  # h a day
MONTHS: Final = 12

Code = Annotated[str, Field(min_length=1, max_length=200)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Flow = Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)]
Process = Literal["flood", "debris_flow", "avalanche", "landslide", "rockfall", "hillslope_debris_flow"]
Point = Annotated[list[float], Field(min_length=2, max_length=2)]


class _Part(StrictModel):
    """A table of the file; a number is a number and no text of one."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _one_of(part: _Part, *names: str) -> None:
    if sum(getattr(part, name) is not None for name in names) != 1:
        raise ValueError(f"one of {', '.join(names)} expected")


def _any_of(part: _Part, *names: str) -> None:
    if all(getattr(part, name) is None for name in names):
        raise ValueError(f"at least one of {', '.join(names)} expected")


def _places(points: list[list[float]]) -> list[list[float]]:
    if not all(-180 <= east <= 180 and -90 <= north <= 90 for east, north in points):
        raise ValueError("longitude and latitude of each point expected, degrees")
    return points


class Repair(_Part):
    """Repair of one canal reach, or of all reaches of a canal.

    condition : class afterwards. lining : afterwards. capacity_m3_s : afterwards. conveyance : share of its water that
    a whole reach conveys afterwards.
    """

    reach: Code | None = None
    canal: Code | None = None
    condition: Annotated[int, Field(ge=1, le=5)] | None = None
    lining: Literal["concrete", "stone", "membrane", "pipe"] | None = None
    capacity_m3_s: Flow | None = None
    conveyance: Share | None = None

    @model_validator(mode="after")
    def _whole(self) -> Repair:
        _one_of(self, "reach", "canal")
        _any_of(self, "condition", "lining", "capacity_m3_s", "conveyance")
        return self


class NewCanal(_Part):
    """A canal reach that is dug: a line in the direction of flow, joined to the network as one of the layer would be.

    line : longitude and latitude of its points, EPSG:4326. conveyance : share of its water that it conveys; None: by
    its lining, soil and condition. upstream : reach it takes its water from, where the drawing cannot say. outlets :
    codes of those that are moved to it. areas : codes of command areas that get an outlet at its end.
    """

    code: Code
    canal: Code | None = None
    line: Annotated[list[Point], Field(min_length=2)]
    lining: Literal["earth", "concrete", "stone", "membrane", "pipe"]
    soil: Literal["sand", "loam", "clay"]
    condition: Annotated[int, Field(ge=1, le=5)]
    capacity_m3_s: Flow
    conveyance: Share | None = None
    upstream: Code | None = None
    outlets: list[Code] = Field(default_factory=list)
    areas: list[Code] = Field(default_factory=list)

    @field_validator("line")
    @classmethod
    def _on_earth(cls, line: list[list[float]]) -> list[list[float]]:
        return _places(line)

    @model_validator(mode="after")
    def _whole(self) -> NewCanal:
        if not (self.outlets or self.areas):
            raise ValueError("it serves nothing: outlets or areas expected")
        return self


class _Pumping(_Part):
    hours: float | list[float] | None = None
    availability: Share | None = None

    @field_validator("hours", mode="before")
    @classmethod
    def _day_or_months(cls, hours: Any) -> Any:
        given = hours if isinstance(hours, list) else [hours]
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in given)
        if not numbers or len(given) not in (1, MONTHS) or not all(0 <= one <= MOST_HOURS for one in given):
            raise ValueError("hours a day of 0 to 24 expected: one number, or twelve, January first")
        return [float(one) for one in given]

    def hours_text(self) -> str | None:
        """Hours a day as the layer of pumps holds them.

        Returns
        -------
        str or None : one number or twelve, January first; None where they stay.
        """
        if self.hours is None:
            return None
        given = self.hours if isinstance(self.hours, list) else [self.hours]
        return " ".join(f"{one:g}" for one in given)


class PumpChange(_Pumping):
    """Other hours, flow or availability of a pump that is mapped."""

    pump: Code
    flow_m3_s: Flow | None = None

    @model_validator(mode="after")
    def _whole(self) -> PumpChange:
        _any_of(self, "hours", "availability", "flow_m3_s")
        return self


class NewPump(_Pumping):
    """One pump more, at an intake or onto a canal reach that is pumped already."""

    intake: Code | None = None
    reach: Code | None = None
    flow_m3_s: Flow
    stages: Annotated[int, Field(ge=0, le=10)]

    @model_validator(mode="after")
    def _whole(self) -> NewPump:
        _one_of(self, "intake", "reach")
        _any_of(self, "hours")
        return self


class FieldChange(_Part):
    """Another way to water the fields of a command area, or levelled fields that lose less."""

    area: Code
    irrigation_method: Literal["surface", "sprinkler", "drip"] | None = None
    application: Share | None = None

    @model_validator(mode="after")
    def _whole(self) -> FieldChange:
        _any_of(self, "irrigation_method", "application")
        return self


class CropShare(_Part):
    """Hectares of a crop."""

    crop: str
    area_ha: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
    begins: str | None = None

    @field_validator("crop")
    @classmethod
    def _known(cls, crop: str) -> str:
        if crop not in crop_water():
            raise ValueError(
                f"'{crop}' is not in the table of crops: one of {', '.join(sorted(crop_water()))} expected"
            )
        return crop

    @field_validator("begins")
    @classmethod
    def _day(cls, begins: str | None) -> str | None:
        if begins is not None:
            if not re.fullmatch(r"[0-9]{2}-[0-9]{2}", begins):
                raise ValueError(f"a day as MM-DD expected, got '{begins}'")
            try:
                day_of_year(int(begins[:2]), int(begins[3:]))
            except TableError:
                raise ValueError(f"a day as MM-DD expected, got '{begins}'") from None
        return begins


class CropChange(_Part):
    """Another crop mix of a command area, in place of all that is on record."""

    area: Code
    mix: Annotated[list[CropShare], Field(min_length=1)]


class CheckDam(_Part):
    """Check dams above a mapped zone of debris flows: it becomes what the table of remedies says of them.

    zone : code of the hazard zone.
    """

    zone: Code


class HazardChange(_Part):
    """A hazard zone that is drawn, or one that is mapped and left out. Both are what somebody assumes.

    code, process, level, outline : of a zone that is drawn; longitude and latitude of the corners, EPSG:4326.
    return_period_y : years, None unknown. left_out : code of a zone that is mapped.
    """

    code: Code | None = None
    process: Process | None = None
    level: Literal["none", "residual", "low", "medium", "high"] | None = None
    return_period_y: Annotated[int, Field(ge=1, le=100_000)] | None = None
    outline: Annotated[list[Point], Field(min_length=3)] | None = None
    left_out: Code | None = None

    @field_validator("outline")
    @classmethod
    def _on_earth(cls, outline: list[list[float]] | None) -> list[list[float]] | None:
        return outline if outline is None else _places(outline)

    @model_validator(mode="after")
    def _whole(self) -> HazardChange:
        _one_of(self, "code", "left_out")
        of_drawn = ("process", "level", "outline")
        if self.code is not None and (missing := [name for name in of_drawn if getattr(self, name) is None]):
            raise ValueError(f"{', '.join(missing)} of the zone that is drawn expected")
        given = [name for name in (*of_drawn, "return_period_y") if getattr(self, name) is not None]
        if self.left_out is not None and given:
            raise ValueError(f"a zone that is left out has no {', '.join(given)}")
        return self


class Levelling(_Part):
    """Plots of a command area levelled, those that the table of remedies takes for it.

    area : code of the command area.
    """

    area: Code


Change = Repair | NewCanal | PumpChange | NewPump | FieldChange | CropChange | CheckDam | HazardChange | Levelling


class Work(_Part):
    """What is done together, and what it costs."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    cost_usd: Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]
    repairs: list[Repair] = Field(default_factory=list)
    new_canals: list[NewCanal] = Field(default_factory=list)
    pumps: list[PumpChange] = Field(default_factory=list)
    new_pumps: list[NewPump] = Field(default_factory=list)
    fields: list[FieldChange] = Field(default_factory=list)
    crops: list[CropChange] = Field(default_factory=list)
    check_dams: list[CheckDam] = Field(default_factory=list)
    hazard_zones: list[HazardChange] = Field(default_factory=list)
    levelling: list[Levelling] = Field(default_factory=list)

    @model_validator(mode="after")
    def _whole(self) -> Work:
        if not any(getattr(self, kind) for kind in KINDS):
            raise ValueError(f"at least one of {', '.join(KINDS)} expected")
        return self


class River(_Part):
    """What the sources of intakes bring: a part of it, or that of another kind of year; crops need what they did.

    intakes : codes; None all that are mapped.
    """

    factor: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    year: Literal["dry", "normal", "wet"] | None = None
    intakes: Annotated[list[Code], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> River:
        _any_of(self, "factor", "year")
        if self.year is None and self.factor == 1:
            raise ValueError("a factor of 1 changes nothing")
        return self


class Scenario(_Part):
    """A scenario: its name, its works and its river."""

    name: str
    title: Annotated[str, Field(max_length=200)] = ""
    works: list[Work] = Field(default_factory=list)
    river: River | None = None

    @field_validator("name")
    @classmethod
    def _named(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError(f"small letters, digits and hyphens expected, up to 60, got '{name}'")
        return name

    @model_validator(mode="after")
    def _whole(self) -> Scenario:
        if not self.works and self.river is None:
            raise ValueError("it changes nothing: works or river expected")
        names = [work.name for work in self.works]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"two works are named '{twice[0]}'")
        return self

    @property
    def cost_usd(self) -> float:
        """What all its works cost.

        Returns
        -------
        float, US dollars.
        """
        return sum(work.cost_usd for work in self.works)

    def changes(self) -> Iterator[tuple[str, Change]]:
        """Yield what its works change.

        Yields
        ------
        (str, Change) : the keys of the file that lead to a change, and the change.
        """
        for number, work in enumerate(self.works):
            for kind in KINDS:
                changes: list[Change] = getattr(work, kind)
                yield from ((f"works.{number}.{kind}.{place}", change) for place, change in enumerate(changes))


def parse_scenario(text: str, *, source: str) -> Scenario:
    """Return the scenario that a TOML text describes.

    Parameters
    ----------
    text : the file, whole.
    source : its name, for refusals.

    Returns
    -------
    Scenario : checked by itself; whether what it names is mapped is known only with the map.

    Raises
    ------
    SchemeError : text that is not TOML, or a key that is unknown, missing or holds what it may not; names file and key.
    """
    return parse_toml(Scenario, text, source=source)
