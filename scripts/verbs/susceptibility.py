"""``obod susceptibility``: hazard zones from the stored heights where nobody has mapped; not a hazard map."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Annotated, Any

import typer

from geo.errors import SuitabilityError
from geo.hazard.levels import SUSCEPTIBILITY, UNTESTED, UNTESTED_PROCESSES
from layers.derived.susceptibility import NOT_DERIVED, RULES, Derived, derive, districts_named, processes_named
from layers.derived.susceptibility import take_back as undone
from layers.errors import LayersError
from layers.postgres.engine import writing
from scripts.output import err, out, print_json, print_table
from scripts.stopping import PARTLY

District = Annotated[list[str] | None, typer.Option("--district", help="District code; may be given several times.")]
Process = Annotated[list[str] | None, typer.Option("--process", help=f"One of {', '.join(RULES)}; several times.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be loaded and load nothing.")]
TakeBack = Annotated[bool, typer.Option("--take-back", help="Take back what was derived earlier, and derive nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@dataclass(slots=True)
class Progress:
    """How far a run over several districts came: what each gave, why one gave nothing, which one was interrupted."""

    districts: tuple[str, ...]
    found: dict[str, list[Derived]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    interrupted_in: str | None = None

    @property
    def left(self) -> list[str]:
        """Districts of which nothing is stored and which nothing speaks against."""
        return [name for name in self.districts if name not in self.found and name not in self.refused]

    @property
    def exit_code(self) -> int:
        """0 all done, 1 nothing done, 3 some done."""
        if len(self.found) == len(self.districts):
            return 0
        return PARTLY if self.found else 1


def susceptibility(
    district: District = None,
    process: Process = None,
    dry_run: DryRun = False,
    take_back: TakeBack = False,
    json: Json = False,
) -> None:
    """Derive hazard zones from the stored heights where nobody has mapped: a susceptibility, not a hazard map.

    Each district is stored as soon as it is done, whole or not at all. Exit code 3: some are done and some are not.
    """
    with writing() as connection:
        processes, districts = processes_named(process), districts_named(connection, district)
    if take_back:
        _take_back(districts, processes, json)
        return
    progress = Progress(districts)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        _derive_each(progress, processes, dry_run)
    except KeyboardInterrupt:
        progress.interrupted_in = next(iter(progress.left), None)
    finally:
        signal.signal(signal.SIGTERM, before)
    if json:
        print_json({"label": SUSCEPTIBILITY, "dry_run": dry_run, **_as_json(progress)})
    elif progress.found:
        _print([one for done in progress.found.values() for one in done], dry_run)
    _tell_what_is_left(progress, dry_run)
    raise typer.Exit(progress.exit_code)


def _derive_each(progress: Progress, processes: tuple[str, ...], dry_run: bool) -> None:
    """Derive one district after another, each in a transaction of its own, and say when it is stored."""
    for number, name in enumerate(progress.districts, start=1):
        tell = partial(_tell, f"{name} ({number} of {len(progress.districts)})")
        begun = time.monotonic()
        try:
            with writing() as connection:
                found = list(derive(connection, name, processes, dry_run=dry_run, tell=tell))
        except (LayersError, SuitabilityError) as refusal:
            if len(progress.districts) == 1:
                raise
            progress.refused[name] = str(refusal)
            tell(f"not done. {refusal}")
            continue
        progress.found[name] = found
        tell(f"{_outcome(found, dry_run)} after {time.monotonic() - begun:.0f} s")


def _outcome(found: list[Derived], dry_run: bool) -> str:
    if dry_run:
        return "nothing stored, as asked,"
    return "unchanged" if all(one.unchanged for one in found) else "stored"


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _tell(where: str, what: str) -> None:
    err.print(f"{where}: {what}", highlight=False)


def _as_json(progress: Progress) -> dict[str, Any]:
    return {
        "results": [asdict(one) for done in progress.found.values() for one in done],
        "done": list(progress.found),
        "refused": progress.refused,
        "interrupted_in": progress.interrupted_in,
        "left": progress.left,
    }


def _tell_what_is_left(progress: Progress, dry_run: bool) -> None:
    """Say on stderr where a run that is not complete stands, and how to go on."""
    if progress.exit_code == 0:
        return
    say: Callable[[str], None] = partial(err.print, highlight=False)
    done = "Looked at" if dry_run else "Stored"
    say(f"{done}: {', '.join(progress.found) or 'none'}.")
    for name, reason in progress.refused.items():
        say(f"Not done: {name}. {reason}")
    if progress.interrupted_in is not None:
        say(f"Interrupted in {progress.interrupted_in}, of which nothing was stored.")
    if progress.left:
        say(f"To go on: obod susceptibility {' '.join(f'--district {name}' for name in progress.left)}")


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
            "residual_ha": one.area_ha.get("residual", 0.0),
            "medium": one.zones.get("medium", 0),
            "medium_ha": one.area_ha.get("medium", 0.0),
            "extent_ha": one.extent_ha,
            "loads": _loads(one, dry_run),
        }
        for one in found
    ]
    print_table(
        rows,
        ("district", "process", "residual_ha", "low", "low_ha", "medium", "medium_ha", "extent_ha", "loads"),
        title=f"Zones from heights: {SUSCEPTIBILITY}",
    )
    loads = [load for one in found for load in (one.zones_load, one.extent_load) if load is not None]
    if loads:
        out.print(
            "To take one back: obod layer undo LOAD, zones and extent together; score again to judge plots by them.",
            highlight=False,
        )
    untested = [process for process in RULES if process in UNTESTED_PROCESSES]
    out.print(f"{', '.join(untested)}: {UNTESTED}.", highlight=False)
    out.print(NOT_DERIVED, highlight=False)


def _loads(one: Derived, dry_run: bool) -> str:
    if dry_run:
        return "dry run"
    loads = [str(load) for load in (one.zones_load, one.extent_load) if load is not None]
    return "unchanged" if one.unchanged else ", ".join(loads)
