"""The structure as it is imported, drawn into CONTRIBUTING.md by ``python -m scripts.draw_rooms``.

A room stands one floor above the highest room it reads from. An arrow says how many modules of a room read from
another. ``--check`` says whether the drawing is current.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp

PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"
PACKAGES = ("geo", "layers", "api", "scripts")
BEGIN = "<!-- rooms: python -m scripts.draw_rooms -->\n"
END = "<!-- end of rooms -->\n"

Arrows = Mapping[tuple[str, str], int]


def count_arrows(graph: grimp.ImportGraph, package: str) -> Arrows:
    """Return how many modules of one room of ``package`` import from another, by (reading room, room read from)."""
    found: Counter[tuple[str, str]] = Counter()
    for module in graph.find_descendants(package):
        room = module.split(".")[1]
        read = {
            other.split(".")[1] for other in graph.find_modules_directly_imported_by(module) if _inside(other, package)
        }
        found.update((room, other) for other in read - {room})
    return found


def find_floors(rooms: set[str], arrows: Arrows) -> dict[str, int]:
    """Return the floor of each room, 0 = reads from no other.

    Raises
    ------
    ValueError : rooms read from each other in a circle; names them.
    """
    floors: dict[str, int] = {}
    while len(floors) < len(rooms):
        ready = {
            room: 1 + max((floors[below] for above, below in arrows if above == room), default=-1)
            for room in rooms - floors.keys()
            if all(below in floors for above, below in arrows if above == room)
        }
        if not ready:
            raise ValueError(f"rooms that read from each other: {', '.join(sorted(rooms - floors.keys()))}")
        floors |= ready
    return floors


def draw(package: str, graph: grimp.ImportGraph) -> Iterator[str]:
    """Yield the drawing of one package, a line a room, the highest floor first."""
    modules = graph.find_descendants(package)
    rooms = Counter(
        module.split(".")[1]
        for module in modules
        if module not in graph.find_children(package) or not graph.find_children(module)
    )
    arrows = count_arrows(graph, package)
    floors = find_floors(set(rooms), arrows)
    yield f"{package}: {len(rooms)} rooms on {max(floors.values()) + 1} floors, {len(arrows)} arrows"
    width = max(map(len, rooms))
    for room in sorted(rooms, key=lambda name: (-floors[name], name)):
        below = sorted((other for one, other in arrows if one == room), key=lambda name: (-floors[name], name))
        read = ", ".join(f"{other} {arrows[room, other]}" for other in below)
        yield f"{floors[room]:3}  {room:<{width}}  {rooms[room]:2}{'  -> ' + read if read else ''}".rstrip()


def drawing() -> str:
    """Return the drawing of all packages as a block of Markdown."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)  # its cache goes by times of files, which a checkout sets anew
    parts = ["\n".join(draw(package, graph)) for package in PACKAGES]
    return (
        "```\nfloor, room, modules -> rooms it reads from, by how many of its modules\n\n"
        + "\n\n".join(parts)
        + "\n```\n"
    )


def main(arguments: list[str]) -> int:
    """Write the drawing into CONTRIBUTING.md, or with ``--check`` say whether it is current."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted = before + BEGIN + drawing() + END + after
    if "--check" in arguments:
        if page != wanted:
            sys.stderr.write("The rooms in CONTRIBUTING.md are not current; run python -m scripts.draw_rooms\n")
            return 1
        return 0
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


def _inside(module: str, package: str) -> bool:
    return module.startswith(f"{package}.")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
