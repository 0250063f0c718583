"""AHP weights against published examples, and the advice on inconsistent judgements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import TableError
from geo.panel.weights import (
    RANDOM_INDEX,
    RandomIndexRow,
    Weights,
    group_judgements,
    judgement,
    normalised,
    read_judgements,
    reciprocal_matrix,
    weights,
)
from tests.published import published

EIGHT = ("W", "H", "F", "L", "E", "T", "A", "C")  # the default groups, domain reference 4.2
EIGHT_UPPER = ((2, 2, 2, 2, 3, 3, 4), (1, 2, 2, 2, 2, 3), (1, 1, 2, 2, 3), (1, 1, 2, 2), (1, 2, 2), (1, 2), (2,))


def matrix(rows: tuple[str, ...]) -> np.ndarray:
    return reciprocal_matrix([str(i) for i in range(len(rows))], [row.split() for row in rows], source="test")


def from_upper(upper: tuple[tuple[float, ...], ...]) -> np.ndarray:
    n = len(upper) + 1
    result = np.ones((n, n))
    for i, row in enumerate(upper):
        for j, value in enumerate(row, start=i + 1):
            result[i, j], result[j, i] = value, 1 / value
    return result


@pytest.mark.parametrize(("example", "index"), [("textbook", "saaty-1980"), ("drinks", "saaty-2005")])
def test_published_examples(example: str, index: RandomIndexRow) -> None:
    rows = [row for row in published("judgements.csv") if row["example"] == example]
    judged = matrix(tuple(row["judgements"] for row in rows))
    result = weights([row["name"] for row in rows], judged, ri=index)
    np.testing.assert_allclose(result.weights, [float(row["weight"]) for row in rows], atol=5e-4)
    for name in ("lambda_max", "cr"):
        tolerance = float(rows[0][f"{name.split('_')[0]}_tolerance"])
        assert getattr(result, name) == pytest.approx(float(rows[0][name]), abs=tolerance)
    assert result.consistent


def test_three_names_by_hand() -> None:
    result = weights("abc", matrix(("1 3 5", "1/3 1 3", "1/5 1/3 1")))
    assert result.ci == pytest.approx(0.0193, abs=5e-5)
    assert result.cr == pytest.approx(0.037, abs=5e-4)  # with the random index of Saaty 2005, which is the default
    assert result.ri == "saaty-2005"
    assert result.revisit is None


def test_contradictory_judgements_are_told_apart() -> None:
    result = weights("abc", from_upper(((2, 1 / 9), (7,))), ri="saaty-1980")
    assert result.lambda_max == pytest.approx(6.213, abs=5e-4)
    assert result.cr == pytest.approx(2.77, abs=5e-3)
    assert not result.consistent


def test_default_groups_of_the_domain_reference() -> None:
    result = weights(EIGHT, from_upper(EIGHT_UPPER))
    np.testing.assert_allclose(
        result.weights, [0.2484, 0.1684, 0.1406, 0.1130, 0.1130, 0.0899, 0.0760, 0.0507], atol=5e-5
    )
    assert result.lambda_max == pytest.approx(8.1269, abs=5e-5)
    assert result.ci == pytest.approx(0.0181, abs=5e-5)
    for row in ("saaty-1980", "saaty-2005"):
        assert weights(EIGHT, from_upper(EIGHT_UPPER), ri=row).cr == pytest.approx(0.013, abs=5e-4)


def test_random_index_rows_are_whole_and_as_published() -> None:
    assert {len(row) for row in RANDOM_INDEX.values()} == {15}
    assert [RANDOM_INDEX[name][7] for name in ("saaty-1980", "saaty-2005", "tummala-ling")] == [1.41, 1.40, 1.3952]


@pytest.mark.parametrize("n", [1, 2])
def test_up_to_two_names_cannot_contradict_each_other(n: int) -> None:
    result = weights("ab"[:n], np.array([[1.0, 7.0], [1 / 7, 1.0]])[:n, :n])
    assert result.cr == 0.0
    assert result.consistent


def replaced(judgements: np.ndarray, result: Weights) -> np.ndarray:
    assert result.revisit is not None
    row, column = result.names.index(result.revisit.row), result.names.index(result.revisit.column)
    assert judgements[row, column] == pytest.approx(result.revisit.given)
    changed = judgements.copy()
    changed[row, column], changed[column, row] = result.revisit.suggested, 1 / result.revisit.suggested
    return changed


saaty = st.sampled_from([1 / 9, 1 / 7, 1 / 5, 1 / 3, 1 / 2, 1, 2, 3, 4, 5, 6, 7, 8, 9])


@settings(deadline=None, max_examples=60)
@given(st.integers(3, 7).flatmap(lambda n: st.tuples(st.just(n), st.lists(saaty, min_size=21, max_size=21))))
def test_following_the_advice_lowers_cr_each_time(drawn: tuple[int, list[float]]) -> None:
    n, values = drawn
    judgements = np.ones((n, n))
    rows, columns = np.triu_indices(n, 1)
    judgements[rows, columns] = values[: len(rows)]
    judgements[columns, rows] = 1 / judgements[rows, columns]
    names = [f"c{i}" for i in range(n)]
    result = weights(names, judgements)
    for _ in range(3):
        if result.consistent:
            assert result.revisit is None
            return
        judgements = replaced(judgements, result)
        after = weights(names, judgements)
        assert after.cr < result.cr
        assert after.cr == pytest.approx(result.revisit.cr_after, abs=1e-9)
        result = after


def test_the_advice_is_the_best_single_change() -> None:
    judgements = from_upper(((3, 1 / 5, 2), (4, 1 / 3), (9,)))
    result = weights("abcd", judgements)
    lowest = np.inf
    for i in range(4):
        for j in range(4):
            for value in range(1, 10):
                if i != j:
                    tried = judgements.copy()
                    tried[i, j], tried[j, i] = value, 1 / value
                    lowest = min(lowest, weights("abcd", tried).cr)
    assert result.revisit is not None
    assert result.revisit.cr_after == pytest.approx(lowest, abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0.05, 1.0), min_size=3, max_size=9))
def test_perfect_judgements_give_back_their_weights(given_weights: list[float]) -> None:
    w = np.array(given_weights)
    result = weights([str(i) for i in range(len(w))], w[:, None] / w[None, :])
    np.testing.assert_allclose(result.weights, w / w.sum(), rtol=1e-8)
    assert result.cr == pytest.approx(0.0, abs=1e-9)


def test_a_group_is_the_geometric_mean_and_stays_reciprocal() -> None:
    first, second = from_upper(((2, 4), (2,))), from_upper(((8, 9), (1,)))
    together = group_judgements({"one": ("abc", first), "two": ("abc", second)})
    assert together[0, 1] == pytest.approx(4.0)
    np.testing.assert_allclose(together * together.T, 1.0)
    with pytest.raises(TableError, match=r"^three: consistency ratio .* cannot join"):
        group_judgements({"one": ("abc", first), "three": ("abc", from_upper(((2, 1 / 9), (7,))))})
    with pytest.raises(TableError, match="two: names must be the same"):
        group_judgements({"one": ("abc", first), "two": ("acb", second)})


@pytest.mark.parametrize(("text", "value"), [("3", 3.0), ("1/3", 1 / 3), (" 1 / 4 ", 0.25), ("0.5", 0.5)])
def test_judgements_are_numbers_or_fractions(text: str, value: float) -> None:
    assert judgement(text)[0] == pytest.approx(value)


def table(tmp_path: Path, text: str, name: str = "panel.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_reading_a_table_with_decimals_rounded_by_hand(tmp_path: Path) -> None:
    names, judgements = read_judgements(table(tmp_path, ",a,b,c\na,1,3,7\nb,0.33,1,1/2\nc,0.14,2,1\n"))
    assert names == ("a", "b", "c")
    np.testing.assert_allclose(judgements, np.array([[1, 3, 7], [1 / 3, 1, 0.5], [1 / 7, 2, 1]]))


def test_reading_a_table_saved_with_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    names, judgements = read_judgements(table(tmp_path, "\ufeff;об;замин\nоб;1;2\nзамин;0,5;1\n"))
    assert names == ("об", "замин")
    np.testing.assert_allclose(judgements, np.array([[1, 2], [0.5, 1]]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "panel.csv: the table is empty"),
        (",a,b\na,1,x\nb,2,1\n", r"panel.csv: row 'a', column 'b': expected a positive number .* got 'x'"),
        (",a,b\na,1,\nb,2,1\n", r"panel.csv: row 'a', column 'b': expected a positive number .* got ''"),
        (",a,b\na,1,-2\nb,2,1\n", "row 'a', column 'b': expected a positive number"),
        (",a,b\na,1,1/0\nb,2,1\n", "row 'a', column 'b': expected a positive number"),
        (",a,b\na,1,3\nb,1/2,1\n", r"row 'b', column 'a': expected the reciprocal of 3 .* got 1/2"),
        (",a,b\na,2,3\nb,1/3,1\n", "row 'a', column 'a': a name against itself must be 1"),
        (",a,b\na,1,3\nc,1/3,1\n", "row 3 is named 'c', expected 'b'"),
        (",a,b\na,1,3\n", "2 columns need 2 rows of judgements, got 1"),
        (",a,b\n", "2 columns need 2 rows of judgements, got 0"),
        ("panel\n", "row 1 must name every column after the first"),
        (",a,\na,1,2\n,0.5,1\n", "row 1 must name every column after the first"),
        (",a,b\na,1,0\nb,2,1\n", "row 'a', column 'b': expected a positive number"),
        (",a,b\na,1,3\nb,0.3350,1\n", r"row 'b', column 'a': expected the reciprocal of 3 .* got 0\.3350"),
        (",a,b\na,1,3\nb,0.3316,1\n", r"row 'b', column 'a': expected the reciprocal of 3 .* got 0\.3316"),
        (",a,a\na,1,3\na,1/3,1\n", "row 1 names a column twice"),
        (",a,b\na,1\nb,1/3,1\n", "row 'a' needs 2 judgements, got 1"),
    ],
)
def test_a_wrong_table_is_refused_by_file_row_and_cell(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_judgements(table(tmp_path, text))


def test_tables_without_a_published_random_index_are_refused() -> None:
    with pytest.raises(TableError, match="between 1 and 15"):
        weights([str(i) for i in range(16)], np.ones((16, 16)))


@pytest.mark.parametrize("name", ["saaty-1980", "saaty-2005", "tummala-ling"])
def test_random_indices_are_the_published_ones(name: RandomIndexRow) -> None:
    assert [float(row[name]) for row in published("random_index.csv")] == list(RANDOM_INDEX[name])


@pytest.mark.parametrize(("extreme", "joins"), [(7, True), (8, False)])
def test_a_person_joins_a_group_below_a_ratio_of_a_fifth(extreme: int, joins: bool) -> None:
    """Of three names lambda is 1 + k**1/3 + k**-1/3, k = a13 / (a12 a23): CR .170 at k = 3.5 and .209 at k = 4."""
    people = {"one": (("a", "b", "c"), from_upper(((2, extreme), (1,))))}
    if joins:
        group_judgements(people)
        return
    with pytest.raises(TableError, match=r"one: consistency ratio 0\.21 is not below 0\.20"):
        group_judgements(people)


@pytest.mark.parametrize(
    ("text", "slack"), [("0.33", 0.005), ("0.333", 0.0005), ("0.5", 0.0), ("2", 0.0), ("1/3", 0.0)]
)
def test_a_decimal_rounded_by_hand_may_be_off_by_half_its_last_place(text: str, slack: float) -> None:
    assert judgement(text)[1] == pytest.approx(slack, abs=1e-15)


def test_one_name_has_all_the_weight_and_no_contradiction() -> None:
    alone = weights(("a",), np.ones((1, 1)))
    assert (alone.ci, alone.cr, alone.weights.tolist()) == (0.0, 0.0, [1.0])


def test_judgements_across_the_diagonal_are_reciprocals_to_the_last_digits() -> None:
    with pytest.raises(TableError, match="must be the reciprocal of the one across the diagonal"):
        weights(("a", "b"), np.array([[1.0, 2.0], [0.5025, 1.0]]))


@pytest.mark.parametrize(("extreme", "between", "accepted"), [(5, 2, True), (8, 3, False)])
def test_three_judgements_hold_together_below_a_ratio_of_a_tenth(extreme: int, between: int, accepted: bool) -> None:
    """CR .090 at k = 5 / 2 and .104 at k = 8 / 3, lambda being 1 + k**1/3 + k**-1/3."""
    k = extreme / between
    result = weights("abc", from_upper(((between, extreme), (1,))))
    assert result.cr == pytest.approx((k ** (1 / 3) + k ** (-1 / 3) - 2) / 2 / 0.52)
    assert result.consistent == accepted
    assert (result.revisit is None) == accepted


@pytest.mark.parametrize(
    ("upper", "advice"),
    [
        # b counts as c and as a ninth of a; a counts as c: that a and b are equal mends it, and is read first.
        (((9, 1), (1,)), ("a", "b", 9.0, 1)),
        # a is twice c, b four times: b is twice a, and no other value of the scale takes all the contradiction.
        (((9, 2), (4,)), ("b", "a", 1 / 9, 2)),
        # Twice for six, six for two, or a third for one: each is a change by a factor of three, the first is named.
        (((6, 2), (1,)), ("a", "b", 6.0, 2)),
    ],
)
def test_the_judgement_to_revisit_of_three(
    upper: tuple[tuple[float, ...], ...], advice: tuple[str, str, float, int]
) -> None:
    revisit = weights("abc", from_upper(upper)).revisit
    assert revisit is not None
    assert (revisit.row, revisit.column, revisit.suggested) == (advice[0], advice[1], advice[3])
    assert revisit.given == pytest.approx(advice[2])
    assert revisit.cr_after == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("cell", [0.0, -2.0, np.inf, np.nan])
def test_what_is_no_positive_number_is_no_judgement(cell: float) -> None:
    across = 0.0 if cell in (0.0, np.inf) else 1 / cell
    with pytest.raises(TableError, match="every judgement must be a positive number"):
        weights("ab", np.array([[1.0, cell], [across, 1.0]]))


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "0/3"])
def test_a_judgement_is_above_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="is not positive"):
        judgement(text)


@pytest.mark.parametrize("cells", [("3.03", "0.33"), ("0.33", "3.03"), ("1.1", "0.91"), ("0.91", "1.1")])
def test_both_cells_may_be_rounded_and_the_greater_counts(cells: tuple[str, str]) -> None:
    read = reciprocal_matrix(("a", "b"), (("1", cells[0]), (cells[1], "1")), source="panel.csv")
    greater = max(map(float, cells))
    assert read.max() == greater
    assert read.min() == pytest.approx(1 / greater, rel=1e-12)


def test_weights_are_shares_of_their_sum() -> None:
    assert normalised([6, 2]).tolist() == [0.75, 0.25]
