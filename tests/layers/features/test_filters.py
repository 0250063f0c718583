"""Every filter returns exactly what a plain GeoDataFrame filter returns, and nothing hidden can be asked about."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import MultiPoint, box
from sqlalchemy import REAL, Connection, Float, cast, func, literal, select

from geo.contract.classes import CLASSES
from geo.suitability.shown import shown_score as shown_score_of_arrays
from layers.catalogue.base import PARTNER, PUBLIC, STAFF, Audience
from layers.catalogue.land import LAND_FORMS, Plot
from layers.errors import BadFilter
from layers.features.cql import cql2_condition
from layers.features.features import Features
from layers.features.filters import PLOT_FILTERS, plot_conditions, sort_keys
from layers.features.paging import Listing
from layers.features.plots import scored_plots, shown_score
from layers.postgres.engine import reading
from tests.worlds.three_districts import CORNERS, CRITERIA, NUROBOD, RASHT, Land

TOLD = ("offered", "reserve", "unknown")  # what everybody is told of the availability of a plot; from the contract
HIDDEN = sorted(Plot.attributes(STAFF).keys() - Plot.attributes(PUBLIC).keys())
RELAXED = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def plots(land: Land) -> Features:
    """Scored plots as the public sees them."""
    return scored_plots(PUBLIC, {RASHT: land.default, NUROBOD: land.default})


def found(connection: Connection, features: Features, conditions: Any) -> list[str]:
    """Ids of the plots that meet conditions, in order of number."""
    statement = Listing(features, conditions).ordered(select(features.key))
    return list(connection.execute(statement).scalars())


@RELAXED
@given(
    st.lists(
        st.one_of(
            st.floats(0, 100, width=32),
            st.sampled_from([12.5, 25.0, 50.0, 75.0, 74.9501, 74.9999, 74.99999, 49.9999, 24.9999, 12.4999, 80.1]),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_a_score_is_shown_alike_by_the_database_and_by_arrays(public: Connection, scores: list[float]) -> None:
    kept = np.array(scores, dtype=np.float32)
    rows = [shown_score(cast(literal(float(score), Float(53)), REAL)) for score in kept]
    assert list(public.execute(select(*rows)).one()) == shown_score_of_arrays(kept).tolist()


# --- the parameters -------------------------------------------------------------------------------------------------

Row = Any
Holds = Callable[[Row], bool]


def known(value: Any) -> bool:
    """Whether a shown value is there."""
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def at_least(name: str, bound: float) -> Holds:
    return lambda row: known(row[name]) and row[name] >= bound


def at_most(name: str, bound: float) -> Holds:
    return lambda row: known(row[name]) and row[name] <= bound


def bounded(name: str, low: float, high: float) -> st.SearchStrategy[tuple[str, list[str], Holds]]:
    """A lower or upper bound on a property, with two decimals as people write them."""
    number = st.floats(low, high).map(lambda value: round(value, 2))
    return st.tuples(st.sampled_from(["min_", "max_"]), number).map(
        lambda drawn: (
            f"{drawn[0]}{name}",
            [str(drawn[1])],
            (at_least if drawn[0] == "min_" else at_most)(name, drawn[1]),
        )
    )


def chosen(name: str, codes: tuple[str, ...]) -> st.SearchStrategy[tuple[str, list[str], Holds]]:
    """One or more codes of a property."""
    drawn = st.lists(st.sampled_from(codes), min_size=1, max_size=3, unique=True)
    return drawn.map(lambda wanted: (name, wanted, lambda row: row[name] in wanted))


def flagged(name: str) -> st.SearchStrategy[tuple[str, list[str], Holds]]:
    return st.booleans().map(lambda flag: (name, [str(flag).lower()], lambda row: row[name] is flag))


def in_box(drawn: tuple[float, float, float, float]) -> tuple[str, list[str], Holds]:
    west, south = CORNERS[RASHT]
    x, y, wide, high = drawn
    window = (west + x, south + y, west + x + wide, south + y + high)
    area = MultiPoint([window[:2], window[2:]]).envelope  # a line or point where it has no area
    return "bbox", [",".join(map(str, window))], lambda row: bool(row["geometry"].intersects(area))


FILTERS = st.one_of(
    bounded("score", 0, 100),
    st.sampled_from([75.0, 74.9, 10.1, 10.0, 49.9]).map(lambda v: ("min_score", [str(v)], at_least("score", v))),
    st.sampled_from([74.9, 75.0, 10.1, 49.9]).map(lambda v: ("max_score", [str(v)], at_most("score", v))),
    bounded("area_ha", 0, 2),
    st.sampled_from(CRITERIA).flatmap(lambda name: bounded(name, 0, 60)),
    chosen("class", CLASSES),
    chosen("jamoat", ("J1", "J2", "=J3", "J9")),
    chosen("land_form", LAND_FORMS),
    chosen("availability", TOLD),
    flagged("irrigated"),
    flagged("hazard_free"),
    st.lists(st.sampled_from(["potato", "wheat", "barley"]), min_size=1, max_size=2).map(
        lambda wanted: ("crop", wanted, lambda row: bool(set(wanted) & set(row["crops"] or ())))
    ),
    st.tuples(*[st.floats(0, 0.016), st.floats(0, 0.004), st.floats(0, 0.01), st.floats(0, 0.002)]).map(in_box),
)


@pytest.mark.parametrize("hidden", ["fallow", "in_use"])
def test_whether_a_plot_is_in_use_can_be_asked_by_partners_only(
    land: Land, public: Connection, plots: Features, hidden: str
) -> None:
    assert {row["availability"] for row in land.rows} == set(TOLD)
    asked: list[tuple[str, list[str]]] = [
        ("availability", [hidden]),
        ("filter", [f"availability = '{hidden}'"]),
        ("filter", [f"availability <> '{hidden}'"]),
        ("filter", [f"availability IN ('{hidden}', 'offered')"]),
    ]
    for name, texts in asked:
        with pytest.raises(BadFilter, match="there are: offered, reserve, unknown"):
            plot_conditions(plots, {name: texts})
    like = plot_conditions(plots, {"filter": [f"availability LIKE '{hidden[:3]}%'"]})
    assert found(public, plots, like) == []
    with reading(PARTNER) as connection:
        open_to_partners = scored_plots(PARTNER, {})
        conditions = plot_conditions(open_to_partners, {"availability": [hidden]})
        count = len(found(connection, open_to_partners, conditions))
        stored = select(func.count()).where(Plot.availability == hidden, Plot.ended_by.is_(None))
        assert count == connection.execute(stored).scalar_one() > 0


@RELAXED
@given(st.lists(FILTERS, min_size=1, max_size=3, unique_by=lambda item: item[0]))
def test_filters_return_what_a_plain_frame_filter_returns(
    land: Land, public: Connection, plots: Features, asked: list[tuple[str, list[str], Holds]]
) -> None:
    given_texts = {name: texts for name, texts, _ in asked}
    expected = [row["plot_id"] for row in land.rows if all(holds(row) for *_, holds in asked)]
    assert found(public, plots, plot_conditions(plots, given_texts)) == expected


@pytest.mark.parametrize(("wide", "high"), [(0.0, 0.0), (0.0, 0.001953125), (0.003, 0.0), (0.003, 0.001953125)])
def test_a_box_without_width_or_height_still_touches_what_lies_under_it(
    land: Land, public: Connection, plots: Features, wide: float, high: float
) -> None:
    west, south = CORNERS[RASHT]
    bounds = (west, south, west + wide, south + high)
    expected = [
        row["plot_id"]
        for row in land.rows
        if row["geometry"].bounds[0] <= bounds[2]
        and row["geometry"].bounds[1] <= bounds[3]
        and row["geometry"].bounds[2] >= bounds[0]
        and row["geometry"].bounds[3] >= bounds[1]
    ]
    assert expected
    conditions = plot_conditions(plots, {"bbox": [",".join(map(str, bounds))]})
    assert found(public, plots, conditions) == expected


def test_every_land_criterion_has_a_lower_and_an_upper_bound() -> None:
    names = {f"{end}_{name}" for name in CRITERIA for end in ("min", "max")}
    assert names <= PLOT_FILTERS.keys()
    assert all(item.about for item in PLOT_FILTERS.values())


@pytest.mark.parametrize(
    ("name", "texts", "said"),
    [
        ("min_scor", ["1"], "nearest is 'min_score'"),
        ("min_score", ["high"], "needs a number"),
        ("min_score", ["nan"], "finite"),
        ("min_slope_pct", ["1e300"], "finite"),
        ("min_score", ["1", "2"], "only once"),
        ("class", ["S9"], "S1, S2, S3, N1, N2, NE"),
        ("crop", ["Potato"], "no crop 'Potato'; the nearest is 'potato'"),
        ("crop", ["wheat", "tobacco"], "no crop 'tobacco'"),
        ("min_score", ["1_0"], "needs a number, not '1_0'"),
        ("min_score", ["١٠"], "needs a number"),
        ("max_score", [" 10"], "needs a number"),
        ("bbox", ["70,3_9,71,40"], "needs a number"),
        ("irrigated", ["perhaps"], "true or false"),
        ("bbox", ["1,2,3"], "four numbers"),
        ("bbox", ["70,39,69,40"], "west below east"),
        ("bbox", ["70,39,71,95"], "degrees"),
        ("jamoat", ["J\0"], "character"),
    ],
)
def test_a_value_a_filter_cannot_take_is_refused_in_words(
    plots: Features, name: str, texts: list[str], said: str
) -> None:
    with pytest.raises(BadFilter, match=said):
        plot_conditions(plots, {name: texts})


# --- CQL2 -----------------------------------------------------------------------------------------------------------

Truth = bool | None  # None = unknown, as in SQL
Judge = Callable[[Row], Truth]


def compared(name: str, sign: str, value: Any) -> Judge:
    operations: dict[str, Callable[[Any, Any], bool]] = {
        "=": lambda a, b: a == b,
        "<>": lambda a, b: a != b,
        "<": lambda a, b: a < b,
        ">=": lambda a, b: a >= b,
    }
    return lambda row: operations[sign](row[name], value) if known(row[name]) else None


def negated(judge: Judge) -> Judge:
    def opposite(row: Row) -> Truth:
        truth = judge(row)
        return None if truth is None else not truth

    return opposite


def joined(word: str, parts: list[Judge]) -> Judge:
    def judged(row: Row) -> Truth:
        truths = [part(row) for part in parts]
        decisive = word == "OR"
        return decisive if decisive in truths else None if None in truths else not decisive

    return judged


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


NUMBERS = st.sampled_from(["score", "area_ha", "slope_pct", "walk_minutes", "plot_no"])
TEXTS = st.sampled_from(["jamoat", "limiting", "confidence"])
BEST_FIRST = ["S1", "S2", "S3", "N1", "N2", "NE"]  # as filters compare classes
CODES = {"class": CLASSES, "land_form": LAND_FORMS}
WORDS = st.sampled_from(
    ["S1", "S2", "J1", "=J3", "A", "O'Hara", "household", "flood_level", "x); DROP TABLE plots; --"]
)
LEAVES = st.one_of(
    st.tuples(
        NUMBERS, st.sampled_from(["=", "<>", "<", ">="]), st.sampled_from([10.1, 20.0, 33.3, 74.9, 75.0, 0.5])
    ).map(lambda drawn: (f"{drawn[0]} {drawn[1]} {drawn[2]}", compared(*drawn))),
    st.tuples(TEXTS, st.sampled_from(["=", "<>", "<"]), WORDS).map(
        lambda drawn: (f"{drawn[0]} {drawn[1]} {quoted(drawn[2])}", compared(*drawn))
    ),
    st.tuples(TEXTS, st.lists(WORDS, min_size=1, max_size=3)).map(
        lambda drawn: (
            f"{drawn[0]} IN ({', '.join(map(quoted, drawn[1]))})",
            lambda row: row[drawn[0]] in drawn[1] if known(row[drawn[0]]) else None,
        )
    ),
    st.sampled_from([*CODES])
    .flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(["=", "<>"]), st.sampled_from(CODES[name])))
    .map(lambda drawn: (f"{drawn[0]} {drawn[1]} {quoted(drawn[2])}", compared(*drawn))),
    st.tuples(st.sampled_from(["<", ">="]), st.sampled_from(BEST_FIRST)).map(
        lambda drawn: (
            f"class {drawn[0]} '{drawn[1]}'",
            lambda row: compared("place", drawn[0], BEST_FIRST.index(drawn[1]))(
                {"place": BEST_FIRST.index(row["class"]) if known(row["class"]) else None}
            ),
        )
    ),
    st.tuples(NUMBERS, st.floats(0, 50), st.floats(50, 100)).map(
        lambda drawn: (
            f"{drawn[0]} BETWEEN {drawn[1]:.2f} AND {drawn[2]:.2f}",
            lambda row: round(drawn[1], 2) <= row[drawn[0]] <= round(drawn[2], 2) if known(row[drawn[0]]) else None,
        )
    ),
    st.one_of(NUMBERS, TEXTS, st.sampled_from([*CODES])).map(
        lambda name: (f"{name} IS NULL", lambda row: not known(row[name]))
    ),
    st.sampled_from(["irrigated", "hazard_free", "synthetic"]).map(
        lambda name: (f"{name} = TRUE", lambda row: row[name] if known(row[name]) else None)
    ),
    st.tuples(TEXTS, st.sampled_from(["S", "J", "fl", "HOUSE"])).map(
        lambda drawn: (
            f"CASEI({drawn[0]}) LIKE CASEI('{drawn[1]}%')",
            lambda row: row[drawn[0]].lower().startswith(drawn[1].lower()) if known(row[drawn[0]]) else None,
        )
    ),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda part: (f"NOT ({part[0]})", negated(part[1]))),
        st.tuples(st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3)).map(
            lambda drawn: (
                f" {drawn[0]} ".join(f"({text})" for text, _ in drawn[1]),
                joined(drawn[0], [judge for _, judge in drawn[1]]),
            )
        ),
    ),
    max_leaves=5,
)


@RELAXED
@given(CONDITIONS)
def test_cql2_means_the_same_in_the_database_and_on_a_frame(
    land: Land, public: Connection, plots: Features, condition: tuple[str, Judge]
) -> None:
    text, judge = condition
    expected = [row["plot_id"] for row in land.rows if judge(row) is True]
    assert found(public, plots, [cql2_condition(plots, text)]) == expected


@RELAXED
@given(CONDITIONS)
def test_no_literal_of_a_filter_stands_in_the_statement(plots: Features, condition: tuple[str, Judge]) -> None:
    statement = str(select(plots.key).where(cql2_condition(plots, condition[0])))
    for word in ("DROP", "O'Hara", "household", "33.3", "74.9"):
        assert word not in statement


def test_a_code_in_other_letters_is_found_only_if_the_filter_says_so(
    land: Land, public: Connection, plots: Features
) -> None:
    expected = [row["plot_id"] for row in land.rows if row["class"] == "S1"]
    assert expected
    assert found(public, plots, [cql2_condition(plots, "CASEI(class) = CASEI('s1')")]) == expected


def test_spatial_conditions_agree_with_shapely(land: Land, public: Connection, plots: Features) -> None:
    west, south = CORNERS[RASHT]
    area = box(west + 0.001, south + 0.0005, west + 0.0071, south + 0.0021)
    wkt = area.wkt
    geometry: gpd.GeoSeries = land.frame.geometry
    for text, holds in (
        (f"S_INTERSECTS(geom, {wkt})", geometry.intersects(area)),
        (f"S_WITHIN(geom, {wkt})", geometry.within(area)),
        (f"S_INTERSECTS(geom, BBOX({','.join(map(str, area.bounds))}))", geometry.intersects(area)),
        (f"NOT S_INTERSECTS(geometry, {wkt})", ~geometry.intersects(area)),
    ):
        expected = list(land.frame.plot_id[holds])
        assert expected
        assert found(public, plots, [cql2_condition(plots, text)]) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("score >=", "not understood"),
        ("score = 'high'", "score is compared with a number"),
        ("class = 's9'", "no class 's9'; there are: S1, S2, S3, N1, N2, NE"),
        ("class <> 'S9'", "S1, S2, S3, N1, N2, NE"),
        ("class IN ('S1', 's2')", "no class 's2'"),
        ("'S9' = potential_class", "no potential_class 'S9'"),
        ("CASEI(class) = CASEI('s9')", "no class 's9'"),
        ("land_form = 'houshold'", "household"),
        ("NOT (ask_first = 'slop_pct')", "the nearest is 'slope_pct'"),
        ("score >= 1_0", "not understood"),
        ("class = 3", "class is compared with a text"),
        ("irrigated = 'yes'", "TRUE or FALSE"),
        ("score = NULL", "score IS NULL"),
        ("class = score", "unlike things"),
        ("not_assessed = 'x'", "list"),
        ("1 = 1", "needs a property"),
        ("score + 1 > 3", "needs a property"),
        ("score > 1e999", "finite"),
        ("slope_pct > 1e300", "finite"),
        ("class LIKE 'S\\'", "backslash"),
        ("S_INTERSECTS(geom, POLYGON((0 0,1 1,1 0,0 1,0 0)))", "crosses itself"),
        ("S_INTERSECTS(geom, POINT(700 39))", "degrees"),
        ("S_INTERSECTS(geom, POINT EMPTY)", "not understood"),
        ("S_CONTAINS(geom, POINT(70 39))", "not supported"),
        ("nonsense(score)", "not supported"),
        ("(" * 11 + "score > 1" + ")" * 11, "more than 10 brackets"),
        ("(" * 3_000, "more than 10 brackets"),
        ("(score > 1", "do not match"),
        ("score > 1)", "do not match"),
        ("NOT " * 60 + "irrigated", "more than 50 conditions"),
        ("score > 1 OR " * 400 + "score > 2", "longer than"),
        ("class = 'a\0b'", "character"),
    ],
)
def test_what_is_not_a_filter_is_refused_in_words(plots: Features, text: str, said: str) -> None:
    with pytest.raises(BadFilter, match=said):
        cql2_condition(plots, text)


# --- audiences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", [PUBLIC, PARTNER])
@pytest.mark.parametrize("name", HIDDEN)
def test_a_staff_column_reads_like_one_that_does_not_exist(land: Land, audience: Audience, name: str) -> None:
    features = scored_plots(audience, {RASHT: land.default})
    without = {key: item for key, item in features.properties.items() if key != name}
    assert without == features.properties
    for ask in (
        lambda: cql2_condition(features, f"{name} IS NOT NULL"),
        lambda: cql2_condition(features, f"class = 'S1' OR {name} = 'O1'"),
        lambda: sort_keys(features, f"-{name}"),
    ):
        with pytest.raises(BadFilter, match=f"There is no property '{name}'"):
            ask()


def test_staff_may_filter_and_sort_by_staff_columns(land: Land) -> None:
    features = scored_plots(STAFF, {RASHT: land.default})
    with reading(STAFF) as connection:
        wanted = cql2_condition(features, "right_class = 'O1' AND disputes > 0")
        assert len(found(connection, features, [wanted])) == 21
    assert [key.name for key in sort_keys(features, "-right_class,plot_id")] == ["right_class", "plot_id"]
