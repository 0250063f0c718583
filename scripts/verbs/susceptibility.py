"""``obod susceptibility``: hazard zones from the stored heights where nobody has mapped; not a hazard map."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from geo.hazard.levels import SUSCEPTIBILITY
from layers.derived.susceptibility import NOT_DERIVED, RULES, Derived, derive, districts_named, processes_named
from layers.derived.susceptibility import take_back as undone
from layers.postgres.engine import writing
from scripts.output import err, out, print_json, print_table

District = Annotated[list[str] | None, typer.Option("--district", help="District code; may be given several times.")]
Process = Annotated[list[str] | None, typer.Option("--process", help=f"One of {', '.join(RULES)}; several times.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be loaded and load nothing.")]
TakeBack = Annotated[bool, typer.Option("--take-back", help="Take back what was derived earlier, and derive nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def susceptibility(
    district: District = None,
    process: Process = None,
    dry_run: DryRun = False,
    take_back: TakeBack = False,
    json: Json = False,
) -> None:
    """Derive hazard zones from the stored heights where nobody has mapped: a susceptibility, not a hazard map."""
    with writing() as connection:
        processes, districts = processes_named(process), districts_named(connection, district)
    if take_back:
        _take_back(districts, processes, json)
        return
    found: list[Derived] = []
    for number, name in enumerate(districts, start=1):
        tell = partial(_tell, f"{name} ({number} of {len(districts)})")
        with writing() as connection:
            found += derive(connection, name, processes, dry_run=dry_run, tell=tell)
    if json:
        print_json({"label": SUSCEPTIBILITY, "dry_run": dry_run, "results": [asdict(one) for one in found]})
        return
    _print(found, dry_run)


def _tell(where: str, what: str) -> None:
    err.print(f"{where}: {what}", highlight=False)


def _take_back(districts: tuple[str, ...], processes: tuple[str, ...], json: bool) -> None:
    gone: list[int] = []
    with writing() as connection:
        for name in districts:
            for process in processes:
                gone += undone(connection, name, process)
    if json:
        print_json({"taken_back": gone})
    else:
        out.print(f"Loads taken back: {', '.join(map(str, gone)) or 'none'}.", highlight=False)


def _print(found: list[Derived], dry_run: bool) -> None:
    rows = [
        {
            "district": one.district,
            "process": one.process,
            "low": one.zones.get("low", 0),
            "low_ha": one.area_ha.get("low", 0.0),
            "medium": one.zones.get("medium", 0),
            "medium_ha": one.area_ha.get("medium", 0.0),
            "extent_ha": one.extent_ha,
            "loads": _loads(one, dry_run),
        }
        for one in found
    ]
    print_table(
        rows,
        ("district", "process", "low", "low_ha", "medium", "medium_ha", "extent_ha", "loads"),
        title=f"Zones from heights: {SUSCEPTIBILITY}",
    )
    loads = [load for one in found for load in (one.zones_load, one.extent_load) if load is not None]
    if loads:
        out.print(
            "To take one back: obod layer undo LOAD, zones and extent together; score again to judge plots by them.",
            highlight=False,
        )
    out.print(NOT_DERIVED, highlight=False)


def _loads(one: Derived, dry_run: bool) -> str:
    if dry_run:
        return "dry run"
    loads = [str(load) for load in (one.zones_load, one.extent_load) if load is not None]
    return "unchanged" if one.unchanged else ", ".join(loads)
