"""One thing a result says of a plot, and where it is kept; ``layers.records.outcomes`` declares them all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column
from sqlalchemy.types import TypeEngine


class Kept(StrEnum):
    """Where an outcome is kept: with the result of a plot, with its draws, with its fit; or it is the run itself."""

    RESULT = "suitability"
    DRAWS = "robustness"
    FIT = "household_fit"
    RUN = "scoring_runs"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing a result says of a plot.

    Attributes
    ----------
    name : str
        Public name of column, property, filter and tile attribute.
    title, unit : str
        Heading, a message id, and unit of the value, empty for texts and counts.
    column : TypeEngine
        Type of its column.
    comment : str
        What the database says of the column where the heading does not say enough.
    empty : str
        What an empty value means beside that no run has judged the plot, a message id; follows the comment.
    required : bool
        Never empty; a new outcome cannot be, since earlier runs do not have it.
    kept : Kept
        Which table holds it.
    shown : bool
        A property of plots, on every surface.
    leads : bool
        Stands among the first properties, in the order of the declarations; the others follow what layers declare.
    rounded_down : bool
        A score: shown cut after one decimal, so that 74.96 never reads as 75.
    missing : str or None
        What is shown of a plot that no served run has judged.
    recorded : bool
        Where no run judged, what is recorded of the plot under the same name counts, but never as *no*.
    filter : bool
        Offered as a filter of its own: true or false, one of the codes, or at least and at most.
    codes : tuple of str
        The texts it may hold, where they are few.
    in_tile : bool
        Carried by every tile of plots.
    in_view : bool
        Stands in the view of plots for QGIS and psql.
    on_offer : bool
        Below partners it is told only of plots that are offered or in reserve: what a field in use could become draws
        those who would take it.
    """

    name: str
    title: str
    column: TypeEngine[Any]
    unit: str = ""
    comment: str = ""
    empty: str = ""
    required: bool = False
    kept: Kept = Kept.RESULT
    shown: bool = True
    leads: bool = False
    rounded_down: bool = False
    missing: str | None = None
    recorded: bool = False
    filter: bool = False
    codes: tuple[str, ...] = ()
    in_tile: bool = False
    in_view: bool = True
    on_offer: bool = False

    def as_column(self) -> Column[Any]:
        """Return a new column that keeps it."""
        said = self.comment or (f"{self.title} [{self.unit}]" if self.unit else self.title)
        said += f"; empty = {self.empty}" if self.empty else ""
        return Column(self.name, self.column, nullable=not self.required, comment=said)
