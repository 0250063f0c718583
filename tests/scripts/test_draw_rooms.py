"""The drawing of the rooms: floors and arrows of a graph small enough to draw by hand."""

from __future__ import annotations

import grimp
import pytest

from scripts.draw_rooms import count_arrows, draw, find_floors


@pytest.fixture
def graph() -> grimp.ImportGraph:
    """Two modules of ``upper`` read from ``lower``, one of them from ``ground`` as well."""
    made = grimp.ImportGraph()
    for module in ("p", "p.upper", "p.upper.a", "p.upper.b", "p.lower", "p.lower.c", "p.ground", "other", "other.x"):
        made.add_module(module)
    for importer, imported in (
        ("p.upper.a", "p.lower.c"),
        ("p.upper.b", "p.lower.c"),
        ("p.upper.b", "p.ground"),
        ("p.upper.a", "p.upper.b"),
        ("p.lower.c", "other.x"),
        ("p.lower.c", "p.ground"),
    ):
        made.add_import(importer=importer, imported=imported)
    return made


def test_arrows_count_reading_modules(graph: grimp.ImportGraph) -> None:
    arrows = {("upper", "lower"): 2, ("upper", "ground"): 1, ("lower", "ground"): 1}
    assert count_arrows(graph, "p") == arrows


def test_a_room_stands_above_all_it_reads_from(graph: grimp.ImportGraph) -> None:
    assert list(draw("p", graph)) == [
        "p: 3 rooms on 3 floors, 3 arrows",
        "  2  upper    2  -> lower 2, ground 1",
        "  1  lower    1  -> ground 1",
        "  0  ground   1",
    ]


def test_a_circle_is_named() -> None:
    with pytest.raises(ValueError, match="a, b"):
        find_floors({"a", "b", "c"}, {("a", "b"): 1, ("b", "a"): 1})
