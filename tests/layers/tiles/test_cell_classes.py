"""One class a cell: shares, rounding and placing against rules typed a second time and SciPy's assignment."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from layers.tiles.cell_classes import SQUARE, classes_shown, order_of_cells, squares_of

CLASSES = 4
LAND = st.lists(st.integers(0, 3) | st.integers(1, 10**8), min_size=CLASSES, max_size=CLASSES).filter(any)


def crowds(most: int, across: int) -> st.SearchStrategy[dict[tuple[int, int], list[int]]]:
    """Land of each class by column and row."""
    place = st.tuples(st.integers(0, across - 1), st.integers(0, across - 1))
    return st.dictionaries(place, LAND, min_size=1, max_size=most)


def shown(land: dict[tuple[int, int], list[int]]) -> dict[tuple[int, int], int]:
    """The class each cell shows."""
    places = np.array(list(land), dtype=np.int64)
    order = np.argsort(order_of_cells(*places.T))
    column, row = places[order].T
    area = np.array(list(land.values()), dtype=np.int64)[order]
    first = np.flatnonzero(np.diff(squares_of(column, row), prepend=-1))
    found = classes_shown(column, row, np.r_[first, len(column)], area)
    return dict(zip(zip(column.tolist(), row.tolist(), strict=True), found.tolist(), strict=True))


def by_square(land: dict[tuple[int, int], Any]) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Cells of each square."""
    squares: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for x, y in land:
        squares.setdefault((x // SQUARE, y // SQUARE), []).append((x, y))
    return squares


@settings(max_examples=150, deadline=None)
@given(crowds(most=150, across=24))
def test_in_every_square_each_class_has_its_share_of_the_cells_to_less_than_one(land: dict[Any, list[int]]) -> None:
    found = shown(land)
    assert set(found) == set(land)
    for cells in by_square(land).values():
        whole = sum(sum(land[cell]) for cell in cells)
        for k in range(CLASSES):
            due = Fraction(len(cells) * sum(land[cell][k] for cell in cells), whole)
            count = sum(found[cell] == k for cell in cells)
            assert abs(count - due) < 1
            assert count >= 1 or due < 1  # what takes a cell has one
            assert due or not count  # what is not there is not shown


def least_cost(land: dict[Any, list[int]], cells: list[Any], wanted: list[int]) -> tuple[int, int, int]:
    """The least of cells without their class, of how far these are from it, and of what the others lack of theirs."""
    kinds = [k for k in range(CLASSES) for _ in range(wanted[k])]
    cost = np.array([[price(land, cells, cell, k) for k in kinds] for cell in cells], dtype=np.float64)
    rows, columns = linear_sum_assignment(cost)
    return split([price(land, cells, cells[i], kinds[j]) for i, j in zip(rows, columns, strict=True)])


def price(land: dict[Any, list[int]], cells: list[Any], cell: Any, k: int) -> int:
    if land[cell][k]:
        return 1000 - 1000 * land[cell][k] // sum(land[cell])
    return 10**7 + 1000 * min((cell[0] - x) ** 2 + (cell[1] - y) ** 2 for x, y in cells if land[x, y][k])


def split(prices: list[int]) -> tuple[int, int, int]:
    without = [one - 10**7 for one in prices if one >= 10**7]
    return len(without), sum(without), sum(one for one in prices if one < 10**7)


@settings(max_examples=150, deadline=None)
@given(crowds(most=40, across=SQUARE))
def test_classes_stand_where_they_are_as_well_as_any_assignment_could_place_them(land: dict[Any, list[int]]) -> None:
    found, cells = shown(land), list(land)
    wanted = [sum(one == k for one in found.values()) for k in range(CLASSES)]
    ours = split([price(land, cells, cell, found[cell]) for cell in cells])
    best = least_cost(land, cells, wanted)
    assert ours[0] == best[0]
    assert sum(ours[1:]) == sum(best[1:])


@pytest.mark.parametrize("parts", [(70, 30), (1, 99), (50, 50), (98, 2), (33, 33, 34)])
def test_land_of_one_cell_a_square_is_right_on_the_whole(parts: tuple[int, ...]) -> None:
    land = {(x * SQUARE, y * SQUARE): [*parts, *[0] * (CLASSES - len(parts))] for x in range(8) for y in range(8)}
    found: NDArray[np.int64] = np.array(list(shown(land).values()))
    for k, part in enumerate(parts):
        assert abs((found == k).sum() - 64 * part / sum(parts)) <= 1


def test_where_nothing_else_decides_the_first_class_is_shown() -> None:
    assert shown({(0, 0): [5, 5, 5, 5]}) == {(0, 0): 0}
    assert shown({(0, 0): [0, 5, 0, 5]}) == {(0, 0): 1}


def test_a_mixture_is_spread_over_its_square_and_not_heaped_in_a_corner() -> None:
    found = shown({(x, y): [1, 3, 0, 0] for x in range(SQUARE) for y in range(SQUARE)})
    for x in (0, 4):
        for y in (0, 4):  # a quarter of each quarter
            assert sum(found[x + i, y + j] == 0 for i in range(4) for j in range(4)) == 4


def test_a_class_of_one_rich_cell_grows_around_it() -> None:
    land = {(x, y): [0, 1, 0, 0] for x in range(SQUARE) for y in range(SQUARE)}
    land[3, 3] = [63, 0, 0, 0]  # as much as all the others together
    found = shown(land)
    first = [cell for cell, k in found.items() if k == 0]
    assert len(first) == 32
    furthest = max((x - 3) ** 2 + (y - 3) ** 2 for x, y in first)
    nearest_other = min((x - 3) ** 2 + (y - 3) ** 2 for (x, y), k in found.items() if k == 1)
    assert furthest <= nearest_other


@given(st.integers(0, 3))
def test_places_of_cells_are_a_numbering_square_by_square(bits: int) -> None:
    across = SQUARE << bits
    column, row = np.divmod(np.arange(across * across), across)
    place = order_of_cells(column, row)
    assert sorted(place) == list(range(across * across))
    assert (place // SQUARE**2 == squares_of(column, row)).all()
