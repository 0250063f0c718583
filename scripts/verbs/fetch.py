"""``obod fetch``: open data from their public places, loaded with where they come from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from layers.audience import STAFF
from layers.errors import LayersError, NotFound, SourceUnavailable
from layers.loading import LoadReport
from layers.loading.archives import BYTES_PER_GB
from layers.postgres.engine import reading, writing
from layers.settings import get_settings
from layers.sources.area import find_area
from layers.sources.client import Budget, Client
from layers.sources.declaration import Source, declared_sources, require_sources
from layers.sources.fetch import Names, bring, find_reserve, load, plan, require_accepted, require_known
from layers.sources.listing import Box
from layers.sources.store import Store
from scripts.output import out, print_json, print_table, tell
from scripts.stopping import PARTLY, STANDING

LINE_MBIT_S = 10.0  # megabits a second, of the line that the time is told for

SourceNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SOURCE...|all]", help="Sources by name; all: every one that fills a layer. None: list them."
    ),
]
Districts = Annotated[
    list[str] | None, typer.Option("--district", metavar="CODE", help="Only what is of use there; repeatable.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would come, how large and under which terms.")]
Accept = Annotated[
    list[str] | None, typer.Option("--accept", metavar="LICENCE", help="Accept a licence with limits, by its name.")
]
Bundle = Annotated[
    Path | None, typer.Option("--bundle", metavar="FILE", help="Write the files to a parcel instead of loading them.")
]
From = Annotated[
    Path | None, typer.Option("--from", metavar="FILE", help="Load such a parcel; nothing is asked of any address.")
]
Check = Annotated[bool, typer.Option("--check", help="Try the addresses, bring and load nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@dataclass(slots=True)
class Done:
    """What became of a source: why is empty where it went well."""

    source: str
    why: str = ""
    files: int = 0
    changed: int = 0
    mb: float = 0.0
    loads: list[LoadReport] = field(default_factory=list)
    instead: str = ""
    kept: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "source": self.source,
            "refused": self.why or None,
            "files": self.files,
            "changed": self.changed,
            "mb": round(self.mb, 1),
            "loads": [report.to_json(listed=20) for report in self.loads],
            "reserve": self.instead or None,
            "kept": self.kept or None,
        }


def fetch(
    sources: SourceNames = None,
    district: Districts = None,
    dry_run: DryRun = False,
    accept: Accept = None,
    bundle: Bundle = None,
    from_: From = None,
    check: Check = False,
    json: Json = False,
) -> None:
    """Bring open data from their public places and load them; a second time only what changed.

    Each source is loaded whole or not at all. One that fails leaves the others and what was loaded before as they are,
    and is named; the same command goes on there. Sources are declared in layers/sources/declared; a file of the same
    name under OBOD_HOME/sources takes the place of one.
    """
    if sum((dry_run, bundle is not None, from_ is not None, check)) > 1:
        raise typer.BadParameter("--dry-run, --bundle, --from and --check exclude each other.")
    declared = declared_sources()
    if from_ is not None:
        _finish(_from_parcel(from_, sources or ["all"], declared, accept or []), json)
        return
    if not sources:
        _list(declared, json)
        return
    wanted = require_sources(sources, declared)
    box = _area(district or [], wanted)
    client = Client(Budget(int(get_settings().fetch_gb * 1e9)))
    try:
        if check or dry_run:
            _tell_plans(client, wanted, box, json, checked=check)
            return
        store = Store()
        with store.alone():
            if bundle is not None:
                _finish(_pack(client, store, wanted, box, accept or [], bundle, district or []), json)
                return
            _finish(_fetch(client, store, wanted, declared, box, district or [], accept or []), json)
    finally:
        client.close()


def _area(districts: list[str], wanted: Mapping[str, Source]) -> Box:
    """The ground that is asked for; districts that the same command brings are known only later."""
    brings_districts = any("districts" in source.layers for source in wanted.values())
    with reading(STAFF) as connection:
        try:
            return find_area(connection, districts)
        except LayersError:
            if not brings_districts:
                raise
            return find_area(connection, [])


def _fetch(
    client: Client,
    store: Store,
    wanted: Mapping[str, Source],
    declared: Mapping[str, Source],
    box: Box,
    districts: list[str],
    accepted: list[str],
) -> list[Done]:
    done = []
    for name, source in wanted.items():
        result = _one(client, store, name, source, box, accepted)
        if result.why:
            with reading(STAFF) as connection:
                reserve = find_reserve(connection, name, declared, accepted)
            if reserve is not None:
                tell(f"{name}: {result.why} {reserve} stands in its place.")
                result = _one(client, store, reserve, declared[reserve], box, accepted)
                result.source, result.instead = name, reserve
        if result.why:
            tell(f"{name}: {result.why}")
        elif "districts" in source.layers and districts:
            with reading(STAFF) as connection:
                box = find_area(connection, districts)
        done.append(result)
        _told_if_stopped(done, wanted)
    return done


def _one(client: Client, store: Store, name: str, source: Source, box: Box, accepted: list[str]) -> Done:
    """Bring and load one source, or say why not."""
    result = Done(name, kept=source.kept)
    try:
        require_accepted(source, accepted)
        coming = plan(client, store, name, source, box)
        tell(
            f"{name}: {coming.count} files, about {coming.new_mb:,.0f} MB{_minutes(coming.new_mb)}; {source.terms.said}"
        )
        brought = bring(client, store, name, source, box)
        result.changed, result.mb = brought.changed, brought.size / 1e6
        result.files = sum(map(len, brought.names.values()))
        with writing() as connection:
            result.loads = load(connection, store, name, source, brought.names, box, brought.licence)
    except LayersError as refusal:
        result.why = str(refusal)
    return result


def _pack(
    client: Client,
    store: Store,
    wanted: Mapping[str, Source],
    box: Box,
    accepted: list[str],
    target: Path,
    districts: list[str],
) -> list[Done]:
    """Bring the files of all sources and write them to a parcel; those that fail are left out and named."""
    done: list[Done] = []
    packed: dict[str, Names] = {}
    for name, source in wanted.items():
        result = Done(name, kept=source.kept)
        try:
            require_accepted(source, accepted)
            if source.terms.restriction == "no redistribution":
                raise SourceUnavailable(f"{source.title}: its terms forbid to hand it on; fetch it where it is needed.")
            brought = bring(client, store, name, source, box)
            result.changed, result.files = brought.changed, sum(map(len, brought.names.values()))
            packed[name] = brought.names
        except LayersError as refusal:
            result.why = str(refusal)
            tell(f"{name}: {refusal}")
        done.append(result)
        _told_if_stopped(done, wanted)
    if packed:
        size = store.pack(target, packed, {"box": list(box), "districts": districts})
        tell(f"{target.name}: {len(packed)} sources, {size / 1e6:,.0f} MB.")
        needed_gb = math.ceil(size / BYTES_PER_GB)  # nothing in it is packed
        if needed_gb > get_settings().file_unpacked_gb:
            tell(f"Whoever loads {target.name} needs OBOD_FILE_UNPACKED_GB={needed_gb} or more.")
    return done


def _from_parcel(parcel: Path, names: list[str], declared: Mapping[str, Source], accepted: list[str]) -> list[Done]:
    store = Store()
    with store.alone():
        found, area = store.unpack(parcel)
        require_known(found, declared)
        asked = require_sources([*found] if names == ["all"] else names, declared)
        if lacking := [name for name in asked if name not in found]:
            raise NotFound(f"The parcel has no files of {lacking[0]}; it has {', '.join(sorted(found))}.")
        wanted = {name: declared[name] for name in asked}
        box = tuple(float(edge) for edge in area["box"])
        done = []
        for name, source in wanted.items():
            result = Done(name, kept=source.kept, files=sum(map(len, found[name].values())))
            try:
                require_accepted(source, accepted)
                with writing() as connection:
                    result.loads = load(connection, store, name, source, found[name], _as_box(box))
            except LayersError as refusal:
                result.why = str(refusal)
                tell(f"{name}: {refusal}")
            done.append(result)
            _told_if_stopped(done, wanted)
        return done


def _told_if_stopped(done: Sequence[Done], wanted: Mapping[str, Source]) -> None:
    """Note how many sources have come, for whoever stops the command."""
    STANDING.move("Sources", sum(not one.why for one in done), len(wanted))


def _as_box(edges: tuple[float, ...]) -> Box:
    west, south, east, north = edges
    return west, south, east, north


def _list(declared: Mapping[str, Source], json: bool) -> None:
    rows = [
        {
            "source": name,
            "layers": ", ".join(source.layers) or f"none: {source.kept}",
            "licence": source.terms.licence,
            "limits": source.terms.restriction,
            "renewed": source.cycle,
            "addresses checked": _checked(source),
            "in place of": source.reserve_of,
        }
        for name, source in declared.items()
    ]
    if json:
        print_json([{"source": name, **source.model_dump(mode="json")} for name, source in declared.items()])
        return
    print_table(rows, ("source", "layers", "licence", "limits", "renewed", "addresses checked", "in place of"))


def _checked(source: Source) -> str:
    days = {str(address.checked_on) for address in source.addresses.values()}
    return days.pop() if len(days) == 1 else "in part"


def _tell_plans(client: Client, wanted: Mapping[str, Source], box: Box, json: bool, *, checked: bool) -> None:
    """Say of each source what would come, or why it does not answer."""
    rows: list[dict[str, Any]] = []
    store = Store()
    for name, source in wanted.items():
        row: dict[str, Any] = {"source": name, "layers": ", ".join(source.layers), "terms": source.terms.said}
        try:
            coming = plan(client, store, name, source, box)
            row |= {"files": coming.count, "mb": round(coming.new_mb, 1), "answer": "as expected"}
        except LayersError as refusal:
            row["answer"] = str(refusal)
        rows.append(row)
    if json:
        print_json(rows)
    else:
        print_table(rows, ("source", "answer") if checked else ("source", "layers", "files", "mb", "terms", "answer"))
        total = sum(row.get("mb", 0.0) for row in rows)
        if not checked:
            out.print(f"About {total:,.0f} MB{_minutes(total)}. Nothing was brought.", highlight=False)
    _exit([row["answer"] != "as expected" for row in rows])


def _minutes(mb: float) -> str:
    return f", {max(mb * 8 / LINE_MBIT_S / 60, 1):,.0f} minutes at {LINE_MBIT_S:g} Mbit/s" if mb else ""


def _finish(done: list[Done], json: bool) -> None:
    """Tell what became of each source, and end with the code that says so."""
    if json:
        print_json([result.to_json() for result in done])
    else:
        for result in done:
            if not result.why:
                out.print(_sentence(result), highlight=False)
    _exit([bool(result.why) for result in done])


def _sentence(result: Done) -> str:
    name = f"{result.source} (by {result.instead})" if result.instead else result.source
    sums: dict[str, list[int]] = {}
    for report in result.loads:
        counts = sums.setdefault(report.layer, [0, 0, 0])
        for place, count in enumerate((report.added, report.changed, report.rejected)):
            counts[place] += count
    told = [
        f"{layer} {added:,} new, {changed:,} changed{f', {rejected:,} rejected' if rejected else ''}"
        for layer, (added, changed, rejected) in sums.items()
        if added or changed or rejected
    ]
    if result.kept:
        told.append(f"files are kept; {result.kept}")
    return f"{name}: {'; '.join(told) or 'nothing changed'}."


def _exit(failed: list[bool]) -> None:
    if failed and all(failed):
        raise typer.Exit(1)
    if any(failed):
        raise typer.Exit(PARTLY)
