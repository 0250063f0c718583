"""The list of plots: what is left by filters is a plain filter of all rows: on the page, in the file, in figures."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from api.content.state_sentence import say_classes, say_filters
from api.language.translate import Language
from api.main import create_app
from layers.postgres.engine import writing
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import GHARM, KALANAK, QUBODIYON, RASHT, plot_id

ORDER = ["S1", "S2", "S3", "N1", "N2", "NE"]
LIST = f"/districts/{RASHT}/list"


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
        unsettled = text(
            "UPDATE suitability SET settled = false, class_low = 'N2', class_high = 'S1', outlook = :outlook "
            "WHERE plot_no = (SELECT plot_no FROM plots WHERE plot_id = :plot AND ended_by IS NULL)"
        )
        for plot, outlook in ((OPEN, None), (LIKELY, "likely")):
            connection.execute(unsettled, {"plot": plot, "outlook": outlook})
    with TestClient(create_app()) as opened:
        yield opened


OPEN, LIKELY = plot_id(2, "S3"), plot_id(3, "S2")  # not settled, of outlooks open and likely


@pytest.fixture(scope="module", name="plots")
def _plots(client: TestClient) -> pd.DataFrame:
    """All plots of the district, in the order of their numbers."""
    features = client.get(f"/districts/{RASHT}/plots", params={"limit": "all"}).json()["features"]
    rows = pd.DataFrame([feature["properties"] for feature in features])
    return rows.assign(rank=rows["class"].map(ORDER.index)).sort_values("plot_no")


def pages(client: TestClient, asked: Mapping[str, Any]) -> list[str]:
    """HTML of the list, from its first page to its last."""
    answer = client.get(LIST, params={"lang": "en", **asked})
    assert answer.status_code == 200
    found = [answer.text]
    while (onward := re.search(r'<a href="([^"]*)">Next page', found[-1])) is not None:
        found.append(client.get(unescape(onward[1])).text)
        assert len(found) < 5
    return found


def plain(html: str) -> str:
    """Text of a part of a page as one line."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html))).strip()


def listed(html: list[str]) -> list[str]:
    return [name for page in html for name in re.findall(r'<th scope="row"><a href="[^"]*/why[^"]*">([^<]*)</a>', page)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    classes=st.sets(st.sampled_from(ORDER), max_size=4),
    jamoats=st.sets(st.sampled_from([GHARM, KALANAK])),
    least=st.none() | st.sampled_from([0, 18, 18.5, 48.3, 62.5, 81.2, 90]),
    walk=st.none() | st.sampled_from([0, 10, 20.5, 100]),
    order=st.sampled_from([None, "score", "-score", "area_ha", "-plot_id", "walk_minutes"]),
)
def test_list_figures_and_file_are_a_plain_filter_of_all_plots(
    client: TestClient,
    plots: pd.DataFrame,
    classes: set[str],
    jamoats: set[str],
    least: float | None,
    walk: float | None,
    order: str | None,
) -> None:
    left = plots
    if classes:
        left = left[left["class"].isin(classes)]
    if jamoats:
        left = left[left["jamoat"].isin(jamoats)]
    if least is not None:
        left = left[left["score"] >= least]
    if walk is not None:
        left = left[left["walk_minutes"] <= walk]
    if order is None:
        left = left.sort_values(["rank", "score", "plot_no"], ascending=[True, False, True])
    else:
        left = left.sort_values([order.strip("-"), "plot_no"], ascending=[not order.startswith("-"), True])
    asked = {"class": sorted(classes), "jamoat": sorted(jamoats), "min_score": least, "max_walk_minutes": walk}
    given = {name: value for name, value in {**asked, "sortby": order}.items() if value not in (None, [])}

    html = pages(client, given)
    assert listed(html) == left["plot_id"].tolist()
    together = re.search(r"Together: ([\d.,]+) ha \((\d+) plots\)", html[0])
    assert (int(together[2]) if together else 0) == len(left)
    if together:
        assert float(together[1]) == pytest.approx(left["area_ha"].sum(), abs=0.051)
        address = re.search(r'<a href="([^"]*f=csv[^"]*)" download>', html[0])
        assert address is not None
        file = csv.DictReader(io.StringIO(client.get(unescape(address[1])).text.lstrip("\ufeff")))
        assert [row["plot_id"] for row in file] == left["plot_id"].tolist()


def test_land_that_is_not_settled_is_neither_called_nor_counted_by_a_class(
    client: TestClient, plots: pd.DataFrame
) -> None:
    html = client.get(LIST, params={"lang": "en", "class": ["S2", "S3"]}).text
    counted = plain(html.split('<p class="counted">')[1].split("</p>")[0])
    by_class = re.findall(r"(S2|S3) [\d.]+ ha \((\d+)\)", counted)
    unsettled = re.findall(r"(Not settled[^0-9;]*) [\d.]+ ha \((\d+)\)", counted)
    kept = plots[plots["class"].isin(["S2", "S3"])]
    open_ones = kept[kept["settled"].eq(False)]
    assert {OPEN, LIKELY} <= set(open_ones["plot_id"])
    assert [int(count) for _, count in by_class] == kept.drop(open_ones.index).groupby("class").size().tolist()
    assert sum(int(count) for _, count in unsettled) == len(open_ones)
    assert len(unsettled) == open_ones["outlook"].fillna("open").nunique()
    for plot in (OPEN, LIKELY):
        row = html.split(f">{plot}</a>")[1].split("</tr>")[0]
        assert "Not settled" in row
        assert "S1 to N2" in plain(row)
        assert "<path" in row.split("</svg>")[0], "hatched"
        assert "Suitable <" not in row


def test_the_next_page_is_of_the_same_run_and_every_address_keeps_it(client: TestClient) -> None:
    onward = re.search(r'<a href="([^"]*)">Next page', client.get(LIST, params={"lang": "en"}).text)
    assert onward is not None
    run = re.search(r"run=(\d+)", onward[1])
    assert run is not None
    second = client.get(unescape(onward[1])).text
    addresses = re.findall(r'href="([^"]*(?:sortby=|f=csv)[^"]*)"', second)
    assert addresses
    assert all(run[0] in address for address in addresses)
    assert f'<input type="hidden" name="run" value="{run[1]}">' in second


def test_empty_texts_of_a_form_are_not_asked(client: TestClient) -> None:
    empty = client.get(f"{LIST}?lang=en&min_score=&max_walk_minutes=&sortby=&after=").text
    assert ": all plots –" in empty
    assert len(listed([empty])) == 50


def test_what_the_form_shows_is_what_was_asked(client: TestClient) -> None:
    asked = {"class": ["S1", "NE"], "max_walk_minutes": "30", "column": "slope_pct", "ask_first": "water_adequacy"}
    html = client.get(LIST, params={"lang": "en", **asked}).text
    assert re.findall(r'name="class" value="(\w+)" checked', html) == ["S1", "NE"]
    assert 'name="max_walk_minutes" value="30"' in html
    assert '<input type="hidden" name="ask_first" value="water_adequacy">' in html
    assert re.findall(r'name="column" value="(\w+)" checked', html) == ["slope_pct"]
    assert "<title>Rasht district: S1, NE, " in html


def test_a_column_is_sorted_by_and_says_so(client: TestClient) -> None:
    html = client.get(LIST, params={"lang": "en", "sortby": "area_ha"}).text
    columns = "column=water_adequacy&amp;column=walk_minutes"
    assert re.findall(r'<th scope="col" aria-sort="(\w+)"><a href="([^"]*)">(\w+)', html) == [
        ("ascending", f"{LIST}?{columns}&amp;sortby=-area_ha&amp;lang=en", "Area")
    ]


@pytest.mark.parametrize(
    "asked", ["class=S9", "klass=S1", "min_score=x", "after=x", "jamoat=x", "sortby=x", "column=x", "column="]
)
def test_what_cannot_be_asked_is_refused(client: TestClient, asked: str) -> None:
    assert client.get(f"{LIST}?lang=en&{asked}").status_code == 400


def test_an_empty_district_and_an_unknown_one(client: TestClient) -> None:
    assert client.get(f"/districts/{QUBODIYON}/list?lang=en&class=N1").text.count("No plot is left") == 1
    assert client.get("/districts/nope/list").status_code == 404


@pytest.mark.parametrize("lang", ["tg", "ru"])
def test_nothing_stays_english(client: TestClient, lang: str) -> None:
    html = client.get(LIST, params={"lang": lang, "class": "NE", "min_score": "", "max_slope_pct": "90"}).text
    main = html.split('<main id="main">')[1].split("</main>")[0]
    main = re.sub(r'<p class="address.*?</p>', "", main)  # the page's own address, for paper
    said = re.sub(r"ga-\d\d-\w\w", "", unescape(re.sub(r"<[^>]*>", " ", main)))  # without ids of plots
    allowed = {*ORDER, "Excel", "CSV", "GeoPackage", "GeoJSON", "ECe", "panel"}  # the last one names a scheme
    assert set(re.findall(r"[A-Za-z][A-Za-z0-9]*", said)) <= allowed


@pytest.mark.parametrize(
    ("codes", "said"),
    [(["S3", "S1", "S2"], "S1–S3"), (["S1", "S3"], "S1, S3"), (["N2", "NE"], "N2, NE"), (ORDER, "S1–N2, NE"), ([], "")],
)
def test_classes_beside_one_another_are_a_span(codes: list[str], said: str) -> None:
    assert say_classes(codes) == said


FILTERS: dict[str, list[str]] = {
    "class": ["S1", "S2", "S3"],
    "availability": ["offered", "reserve"],
    "max_walk_minutes": ["30"],
    "min_score": ["50.5"],
    "crop": ["wheat", "potato"],
    "irrigated": ["true"],
    "max_flood_level": ["2"],
    "jamoat": ["j1"],
}


def test_the_state_is_one_sentence() -> None:
    assert say_filters(FILTERS, {"j1": "Ғарм"}, "en").split(", ") == [
        "S1–S3",
        "on offer or state reserve",
        "walk from home",
        "one way at most 30 min",
        "score at least 50.5 points",
        "suits wheat or potato",
        "in a command area or recorded as irrigated",
        "mudflow and flood level at most low",
        "jamoat Ғарм",
    ]


@pytest.mark.parametrize("lang", ["tg", "ru"])
def test_in_other_languages_no_english_is_left(lang: Language) -> None:
    said = say_filters(FILTERS, {"j1": "Ғарм"}, lang)
    assert not set(re.findall(r"[A-Za-z]{3,}", said)), said
    assert say_filters({}, {}, lang)
