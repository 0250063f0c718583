"""Trials of other weights as a planner gets them: page, map and answer are of one state, and say that it is a trial."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from itertools import accumulate
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.language.translate import LANGUAGES, Language, translate
from api.language.wording import NOT_PUBLISHED
from api.main import create_app
from geo.criteria import LAND_CRITERIA
from geo.panel.scheme import load_scheme
from layers.postgres.engine import writing
from layers.runs import trial as trial_of_district
from layers.runs.score import score
from tests.worlds import valley
from tests.worlds.valley_in_database import NUROBOD, RASHT, load_valley

TRIED = {"weigh_nearness": "200", "orness": "20"}
# One plot by hand: all memberships .8, but those of access 0, of which the score is .8 (1 - weight of access) ** alpha:
# .8 * .8982 ** 1.857 = .655, S2; with nearness doubled at orness .2, .8 * .8152 ** 4 = .353, S3.
BY_HAND = text(
    "UPDATE suitability SET memberships = :kept, memberships_high = NULL, loose = 0, class = 'S2', class_low = 'S2', "
    "class_high = 'S2', class_cap = 'S1', score = 65.5, score_low = 65.5, score_high = 65.5, settled = true, "
    "outlook = NULL, shut_by = NULL, limiting = 'walk_minutes', evidence = :letters, membership_tables = :tables "
    "WHERE plot_no = :plot_no"
)
FAR_NO = 6


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:
    with writing() as connection:
        load_valley(connection)
    score(database, load_scheme(), day=valley.AS_OF)
    kept = [0.0 if criterion.group == "access" else 0.8 for criterion in LAND_CRITERIA]
    with database.begin() as connection:
        by_hand = {"kept": kept, "letters": "B" * len(kept), "tables": "0" * len(kept), "plot_no": FAR_NO}
        connection.execute(BY_HAND, by_hand)
    with TestClient(create_app()) as opened:
        yield opened


def trial(client: TestClient, district: str = RASHT, **asked: Any) -> dict[str, Any]:
    answer = client.get(f"/districts/{district}/trial", params={"lang": "en", **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def looks(found: dict[str, Any]) -> dict[int, str]:
    return dict(zip(accumulate(found["plot_no"]), (found["looks"][at] for at in found["look"]), strict=True))


def shown(client: TestClient, district: str) -> dict[int, str]:
    return looks(client.get(f"/districts/{district}/matches").json())


@pytest.mark.parametrize("district", [RASHT, NUROBOD])
@pytest.mark.parametrize("asked", [{}, {"weigh_water": "100", "orness": "35"}, {"weigh_water": ""}])
def test_neutral_sliders_give_the_published_result(client: TestClient, district: str, asked: dict[str, str]) -> None:
    found = trial(client, district, **asked)
    assert looks(found) == shown(client, district)
    assert found["told"] == ""
    assert found["weights"]["water"] == pytest.approx(0.3328, abs=5e-5)  # domain reference 4.2
    page = client.get("/", params={"lang": "en", "district": district, **asked}).text
    assert 'id="trial-told" hidden' in page
    assert '"trial": ""' in client.get("/maps/plots.js", params={"district": district, **asked}).text


def test_what_is_tried_changes_plots_and_says_so_everywhere(client: TestClient) -> None:
    found = trial(client, **TRIED)
    assert (shown(client, RASHT)[FAR_NO], looks(found)[FAR_NO]) == ("S2", "S3")
    assert found["told"] == "trial of other weights: weight of nearness × 2, orness 0.2"
    assert found["weights"]["access"] == pytest.approx(0.1848, abs=5e-5)
    page = unescape(client.get("/", params={"lang": "en", "district": RASHT, **TRIED}).text)
    assert found["told"] in re.search(r"<title>(.*?)</title>", page)[1]  # type: ignore[index]
    assert NOT_PUBLISHED in page
    for place in ("class-table", "standing"):
        assert " ".join(unescape(found["parts"][place]).split()) in " ".join(page.split())
    address = urlsplit(re.search(r'<iframe id="map" src="([^"]+)"', page)[1])  # type: ignore[index]
    assert {name: texts[0] for name, texts in parse_qs(address.query).items() if name in TRIED} == TRIED
    script = client.get(f"{address.path}.js?{address.query}").text
    asked = urlsplit(re.search(r'"trial": ?"([^"]+)"', script)[1].replace("\\u0026", "&"))  # type: ignore[index]
    assert {name: texts[0] for name, texts in parse_qs(asked.query).items()} == TRIED
    # Files, papers and lists are of the published result and do not carry the weights.
    for link in re.findall(r'href="(/districts/[^"]+)"', page):
        if "/list?" not in link:
            assert not {*TRIED} & {*parse_qs(urlsplit(link).query)}, link


def test_the_state_goes_along_to_the_list_and_back(client: TestClient) -> None:
    listed = client.get(f"/districts/{RASHT}/list", params={"lang": "en", **TRIED})
    assert listed.status_code == 200
    back = unescape(re.search(r'<a href="(/\?[^"]+)">Map and figures', listed.text)[1])  # type: ignore[index]
    assert {name: texts[0] for name, texts in parse_qs(urlsplit(back).query).items() if name in TRIED} == TRIED


@pytest.mark.parametrize("judged", ["S2", "N2"])
def test_filters_are_of_the_published_result(client: TestClient, judged: str) -> None:
    left = {number for number, look in shown(client, RASHT).items() if look == judged}
    found = looks(trial(client, **TRIED, **{"class": judged}))
    whole = looks(trial(client, **TRIED))
    rows = client.get(f"/districts/{RASHT}/plots", params={"class": judged}).json()["features"]
    assert set(found) == {row["properties"]["plot_no"] for row in rows}
    assert set(found) >= left > set()
    assert found == {number: whole[number] for number in found}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("weigh_water", "49"),
        ("weigh_water", "201"),
        ("weigh_safety", "-50"),
        ("weigh_nearness", "nan"),
        ("weigh_nearness", "1e2"),
        ("orness", "0"),
        ("orness", "51"),
        ("orness", "٣٥"),
        ("orness", "35; DROP TABLE plots"),
        ("weigh_soil", "100"),
    ],
)
@pytest.mark.parametrize(
    "address", [f"/districts/{RASHT}/trial", f"/?district={RASHT}", f"/maps/plots?district={RASHT}"]
)
def test_hostile_values_are_refused(client: TestClient, address: str, name: str, text: str) -> None:
    if name == "weigh_soil" and "trial" not in address:
        return  # pages pass over what they do not know
    answer = client.get(address, params={name: text}, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert name in answer.json()["detail"]


def test_a_place_without_a_result_has_no_trial(client: TestClient) -> None:
    assert client.get("/districts/TJ.XX.XX/trial").status_code == 404
    assert "trial-panel" not in client.get("/").text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_panel_speaks_the_readers_language(client: TestClient, lang: Language) -> None:
    page = unescape(client.get("/", params={"lang": lang, "district": RASHT, **TRIED}).text)
    assert translate(NOT_PUBLISHED, lang) in page
    assert translate("Try other weights", lang) in page
    assert page.count('type="range"') == 4
    assert trial(client, lang=lang, **TRIED)["told"] in page


def test_a_run_whose_results_cannot_be_tried_is_shown_as_published(client: TestClient, database: Engine) -> None:
    caps = "UPDATE suitability SET class_cap = {cap} WHERE district = :district"
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE kept_caps AS SELECT plot_no, class_cap FROM suitability"))
        connection.execute(text(caps.format(cap="NULL")), {"district": RASHT})
    trial_of_district._KEPT.clear()
    try:
        assert client.get(f"/districts/{RASHT}/trial", params=TRIED).status_code == 422
        page = unescape(client.get("/", params={"lang": "en", "district": RASHT, **TRIED}).text)
        assert "before the caps of classes were kept" in page
        assert 'id="trial-told" hidden' in page
        assert "weigh_nearness" not in re.search(r'<iframe id="map" src="([^"]+)"', page)[1]  # type: ignore[index]
    finally:
        with database.begin() as connection:
            back = "UPDATE suitability s SET class_cap = k.class_cap FROM kept_caps k WHERE k.plot_no = s.plot_no"
            connection.execute(text(back))
            connection.execute(text("DROP TABLE kept_caps"))
