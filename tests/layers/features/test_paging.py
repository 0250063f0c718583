"""Pages put together are the whole list, whatever it is sorted by and however long a page is."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, func, select, text, update

from layers.catalogue.base import PUBLIC
from layers.errors import BadFilter
from layers.features import paging
from layers.features.features import Features
from layers.features.filters import plot_conditions, sort_keys
from layers.features.paging import Listing, count_rows, cut_after, read_page, stream_features
from layers.features.plots import by_class_and_score, in_district, scored_plots
from layers.records.runs import suitability
from tests.worlds.three_districts import CRITERIA, RASHT, Land

CLASS_ORDER = ["S1", "S2", "S3", "N1", "N2", "NE"]
DEFAULT_ORDER = [("", "class"), ("-", "score")]
SORTABLE = ["score", "class", "jamoat", "area_ha", "irrigated", "run", "confidence", *CRITERIA[:3]]


@pytest.fixture(scope="module")
def plots(land: Land) -> Features:
    """Scored plots of Rasht as the public sees them."""
    return scored_plots(PUBLIC, {RASHT: land.default})


def listing(plots: Features, sortby: str = "", **filters: list[str]) -> Listing:
    conditions = [in_district(RASHT), *plot_conditions(plots, filters)]
    return Listing(plots, conditions, sort_keys(plots, sortby) or by_class_and_score(plots))


def pages(connection: Connection, asked: Listing, limit: int) -> Iterator[list[dict[str, Any]]]:
    after = None
    while True:
        page = read_page(connection, asked, limit=limit, after=after)
        found = orjson.loads(b"[" + page.body + b"]")
        assert page.count == len(found)
        yield found
        if (after := page.next) is None:
            return


SIGNED = st.tuples(st.sampled_from(["", "-", "+"]), st.sampled_from(SORTABLE))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.lists(SIGNED, max_size=3, unique_by=lambda key: key[1]), limit=st.sampled_from([25, 60, 179, 180, 181]))
def test_pages_put_together_are_the_whole_list_in_order(
    land: Land, public: Connection, plots: Features, keys: list[tuple[str, str]], limit: int
) -> None:
    parts = list(pages(public, listing(plots, ",".join(f"{sign}{name}" for sign, name in keys)), limit))
    assert all(len(part) == limit for part in parts[:-1])
    assert [feature["id"] for part in parts for feature in part] == in_order(land.of(RASHT), keys or DEFAULT_ORDER)


@pytest.mark.parametrize("limit", [1, 7, 179])
def test_lists_go_by_class_then_score_and_pages_lose_and_double_nothing_among_equals(
    land: Land, database: Engine, plots: Features, limit: int
) -> None:
    number = func.row_number().over(order_by=suitability.c.plot_no)
    same = select(suitability.c.plot_no, (number % 4).label("step")).where(suitability.c.district == RASHT).subquery()
    with database.connect() as connection:  # rolled back: four scores for 180 plots, so that most are equal
        found = {"score": 40.0 + 10 * same.c.step}
        connection.execute(update(suitability).where(suitability.c.plot_no == same.c.plot_no).values(found))
        features = [feature for part in pages(connection, listing(plots), limit) for feature in part]
    ids = [feature["id"] for feature in features]
    assert len(ids) == len(set(ids)) == len(land.of(RASHT))
    shown = [(CLASS_ORDER.index(f["properties"]["class"]), -f["properties"]["score"]) for f in features]
    numbers = {row["plot_id"]: row["plot_no"] for row in land.rows}
    assert len(set(shown)) < len(shown) / 5
    assert [(*key, numbers[name]) for key, name in zip(shown, ids, strict=True)] == sorted(
        (*key, numbers[name]) for key, name in zip(shown, ids, strict=True)
    )


def test_classes_compare_from_the_best_and_not_by_the_alphabet(land: Land, public: Connection, plots: Features) -> None:
    for said, wanted in (
        ("class <= 'S2'", {"S1", "S2"}),
        ("class > 'S3'", {"N1", "N2", "NE"}),
        ("'N1' >= class", {"S1", "S2", "S3", "N1"}),
        ("class BETWEEN 'S3' AND 'N2'", {"S3", "N1", "N2"}),
    ):
        found = {f["id"] for part in pages(public, listing(plots, filter=[said]), 500) for f in part}
        assert found == {row["plot_id"] for row in land.of(RASHT) if row["class"] in wanted}, said
    with pytest.raises(BadFilter, match="S1, S2, S3, N1, N2, NE"):
        listing(plots, filter=["class <= 'S9'"])


def test_a_page_may_hold_one_feature(land: Land, public: Connection, plots: Features) -> None:
    parts = list(pages(public, listing(plots, "-score,class", **{"class": ["S1"]}), 1))
    wanted = [row for row in land.of(RASHT) if row["class"] == "S1"]
    assert [part[0]["id"] for part in parts] == in_order(wanted, [("-", "score"), ("", "class")])


def in_order(rows: list[dict[str, Any]], keys: list[tuple[str, str]]) -> list[str]:
    """Ids sorted by one key after the other, the last first, since Python's sort is stable; unknown values last."""
    for sign, name in reversed(keys):
        by: Callable[[Any], Any] = CLASS_ORDER.index if name == "class" else lambda value: value
        known = [row for row in rows if row[name] is not None]
        ranks = [by(row[name]) for row in known]
        order = sorted(range(len(known)), key=ranks.__getitem__, reverse=sign == "-")
        rows = [known[k] for k in order] + [row for row in rows if row[name] is None]
    return [row["plot_id"] for row in rows]


def test_a_feature_shows_the_contract_s_properties_with_the_values_as_shown(
    land: Land, public: Connection, plots: Features
) -> None:
    features = [feature for part in pages(public, listing(plots, "plot_id"), 1_000) for feature in part]
    for feature, row in zip(features, land.of(RASHT), strict=True):
        assert feature["id"] == row["plot_id"]
        expected = {name: value for name, value in row.items() if name != "geometry"}
        assert feature["properties"] == expected
        corners = [[round(x, 7), round(y, 7)] for x, y in row["geometry"].geoms[0].exterior.coords]
        assert sorted(feature["geometry"]["coordinates"][0][0]) == sorted(corners)


def test_a_streamed_list_is_the_same_and_never_whole_in_memory(
    land: Land, public: Connection, plots: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "FETCHED_ROWS", 25)
    stream = stream_features(public, listing(plots, "-score"))
    first = next(stream)
    cursors = public.execute(text("SELECT count(*) FROM pg_cursors WHERE name <> ''")).scalar_one()
    rest = list(stream)
    assert cursors == 1
    assert [len(part) for part in (first, *rest)] == [25] * 7 + [5]
    streamed = [orjson.loads(feature)["id"] for part in (first, *rest) for feature in part]
    assert streamed == [feature["id"] for part in pages(public, listing(plots, "-score"), 50) for feature in part]
    assert len(streamed) == len(land.of(RASHT))


def test_rows_are_counted_and_cuts_noticed(land: Land, public: Connection, plots: Features) -> None:
    asked = listing(plots, "", **{"class": ["S1", "S2"]})
    expected = sum(row["class"] in ("S1", "S2") for row in land.of(RASHT))
    assert count_rows(public, asked) == expected
    assert cut_after(public, asked, expected - 1) is not None
    assert cut_after(public, asked, expected) is None


def packed(content: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "!!!",
        packed([]),
        packed(["", 1]),
        packed(["-score", 1]),
        packed(["-score", "high", 1]),
        packed(["-score", 1e300, 1]),
        packed(["-score", 50.0, None]),
        packed(["-score", 50.0, 2**63]),
        packed(["-score", 50.0, 1.5]),
        packed(["-score", 50.0, 1, 1]),
        packed({"a": 1}),
    ],
)
def test_a_token_that_is_not_ours_is_refused(public: Connection, plots: Features, token: str) -> None:
    with pytest.raises(BadFilter, match="begin again"):
        read_page(public, listing(plots, "-score"), limit=10, after=token)


@pytest.mark.parametrize("sortby", ["nothing", "-nothing", "not_assessed", "crops", "geom", "a,b,c,d,e,f", "--score"])
def test_what_cannot_be_sorted_by_is_refused(plots: Features, sortby: str) -> None:
    with pytest.raises(BadFilter):
        sort_keys(plots, sortby)
