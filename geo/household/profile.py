"""Household profiles: who works the land and what binds them. A profile is a kind of household, never a household."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import Field, PositiveInt, field_validator

from geo.household.labour import FREE_HOURS, Floats, supply_days
from geo.strict_toml import StrictModel, list_shipped, parse_toml, read_shipped_or_file

CHILDREN = ("under_7", "from_7_to_15")  # ages in years; from 16 one is an adult


class _ProfileFile(StrictModel):
    """Keys of a profile file."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    version: PositiveInt
    title: str
    panel: str
    date: date
    note: str = ""
    adults: dict[str, Annotated[int, Field(ge=0)]]
    children: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    free_hours: dict[str, Annotated[float, Field(ge=0, le=16)]] = Field(default_factory=dict)
    tractor: bool = True
    care_duties: bool = True
    walking_factor: Annotated[float, Field(gt=0, le=1)] = 1.0

    @field_validator("adults", "free_hours")
    @classmethod
    def _known_adults(cls, adults: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(adults) - set(FREE_HOURS))
        if unknown:
            raise ValueError(f"'{unknown[0]}' is not one of {', '.join(sorted(FREE_HOURS))}; children are not labour")
        return adults

    @field_validator("children")
    @classmethod
    def _known_ages(cls, children: dict[str, int]) -> dict[str, int]:
        if unknown := sorted(set(children) - set(CHILDREN)):
            raise ValueError(f"'{unknown[0]}' is not one of {', '.join(CHILDREN)}; from 16 one is an adult")
        return children


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of household.

    adults : count of adults (16 and older) by kind. children : count of those under 16 by age, who are looked after
    and never counted as labour. free_hours : hours per day free for field work where the panel
    gave its own. tractor : land preparation is hired. care_duties : small children or elders wait at home.
    walking_factor : speed against an adult without load [-]. text : the file, whole, for the record of a run.
    """

    name: str
    version: int
    title: str
    panel: str
    date: date
    note: str
    adults: dict[str, int]
    children: dict[str, int]
    free_hours: dict[str, float]
    tractor: bool
    care_duties: bool
    walking_factor: float
    text: str

    @property
    def supply_days(self) -> Floats:
        """Workdays the household can give each month, float64 (12,), January first."""
        return supply_days(self.adults, hours=self.free_hours)


def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles that ship with Obod.

    Returns
    -------
    names in alphabetical order
    """
    return list_shipped("profiles")


def load_profile(name_or_file: str) -> Profile:
    """Return a profile that ships with Obod, by name, or one from a TOML file.

    Parameters
    ----------
    name_or_file : name of a shipped profile, or path of a file

    Returns
    -------
    profile, checked

    Raises
    ------
    SchemeError : no such profile, text that is not TOML, or a key that is unknown, missing or out of range.
    """
    text, source = read_shipped_or_file(name_or_file, folder="profiles", thing="profile")
    return parse_profile(text, source=source)


def parse_profile(text: str, *, source: str) -> Profile:
    """Return the profile a TOML text describes.

    Parameters
    ----------
    text : the file, whole
    source : name of the file, for messages

    Returns
    -------
    profile, checked

    Raises
    ------
    SchemeError : not TOML, or a key that is unknown, missing or out of range; names ``source`` and the key.
    """
    return Profile(**parse_toml(_ProfileFile, text, source=source).model_dump(), text=text)
