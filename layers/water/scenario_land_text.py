"""What a run of a scenario says of works on land: check dams, zones that somebody assumes, levelled fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from layers.records.phrases import Listed, Phrase, Told, told

Found = Mapping[str, Any]

NAMED: Final = 10  # zones or areas spelled out
DAMMED: Final = Phrase("{zone} from {before} to {after}")
ASSUMED: Final = Phrase("{zone} ({level})")


def tell_land(land: Found | None, plots: Found | None) -> list[str]:
    """Return what is said of works on land; of runs made before there were any, nothing.

    Parameters
    ----------
    land : part of a report, as ``layers.water.altered_land.AlteredLand`` has it.
    plots : part of a report, as ``layers.runs.scenario_plots.judge_plots`` has it.
    """
    if land is None or not any(land.values()):
        return []
    said: list[str] = []
    if land["dammed"]:
        message = "Check dams: the level of hazard zones falls as the table of remedies says, not as measured: {zones}."
        said.append(told(message, zones=_listed(DAMMED, land["dammed"])))
    if land["drawn"]:
        message = "Hazard zones that somebody assumes and nobody mapped: {zones}."
        said.append(told(message, zones=_listed(ASSUMED, land["drawn"])))
    if land["left_out"]:
        message = (
            "Hazard zones that somebody leaves out by assumption: {zones}. Nothing shows that this danger is gone: a "
            "better class that follows from it is an assumption too."
        )
        said.append(told(message, zones=_listed(ASSUMED, land["left_out"])))
    if land["levelled"]:
        areas = land["levelled"]
        listed = Listed(areas[:NAMED], len(areas) - NAMED)
        said.append(told("Fields are levelled in: {areas}; slopes change as the table of remedies says.", areas=listed))
        said += _levelled(plots)
    said.append(told("Land that is shut stays shut: nothing here clears mines."))
    return said


def _levelled(plots: Found | None) -> list[Told]:
    """How many plots are levelled, and why others are not."""
    if plots is None or plots["untold"] is not None:
        return []
    counts = plots["levelled"]
    said = [told("Plots that are levelled: {count}.", count=counts["plots"])]
    if counts["steep"]:
        said.append(told("Too steep to be levelled, and left as they are: {count} plots.", count=counts["steep"]))
    if counts["unknown"]:
        said.append(told("Their slope is not known and stays so: {count} plots.", count=counts["unknown"]))
    return said


def _listed(phrase: Phrase, zones: Sequence[Found]) -> Listed:
    things = [Phrase(phrase.message, {name: _word(name, value) for name, value in zone.items()}) for zone in zones]
    return Listed(things[:NAMED], len(zones) - NAMED)


def _word(name: str, value: str) -> str | Phrase:
    return value if name == "zone" else Phrase(value)
