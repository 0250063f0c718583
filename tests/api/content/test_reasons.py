"""The explanation of a plot over HTTP: what the kept result says, the same for everybody, in sentences and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.content.reasons import sentence
from api.language.translate import LANGUAGES, Language, translate
from api.main import create_app
from geo.criteria import LAND_CRITERIA
from geo.panel.scheme import load_scheme
from layers.catalogue.base import STAFF
from layers.loading import load_frame
from layers.postgres.engine import writing
from layers.runs.score import score
from layers.schema.access import create_key
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley


@pytest.fixture(scope="module")
def client(database: Engine) -> Iterator[TestClient]:
    with writing() as connection:
        load_valley(connection, second=False)
    score(database, load_scheme(), districts=[RASHT], day=valley.AS_OF)
    with TestClient(create_app()) as opened:
        yield opened


@pytest.fixture(scope="module")
def staff(database: Engine) -> dict[str, str]:
    with database.begin() as connection:
        return {"X-API-Key": create_key(connection, STAFF, "staff")}


def explanation(client: TestClient, plot: str, **headers: str) -> dict[str, object]:
    answer = client.get(f"/plots/{plot}/explanation", headers=headers)
    assert answer.status_code == 200, answer.text
    content: dict[str, object] = answer.json()
    return content


def test_every_plot_is_explained_by_all_criteria(client: TestClient) -> None:
    for plot in valley.NAMES:
        found = explanation(client, plot)
        served = client.get(f"/plots/{plot}").json()["properties"]
        assert (found["class"], found["subclass"], found["run"]) == (
            served["class"],
            served["subclass"],
            served["run"],
        )
        assert [row["id"] for row in found["criteria"]] == [criterion.id for criterion in LAND_CRITERIA]  # type: ignore[attr-defined]
        assert found["synthetic"] is True
        assert found["says"]


def test_it_names_what_limits_what_helps_and_what_to_measure(client: TestClient, staff: dict[str, str]) -> None:
    mudflow = explanation(client, "mudflow", **staff)
    assert mudflow["limiting"]["criterion"] == "flood_level"  # type: ignore[index]
    assert "check_dam" in [remedy["id"] for remedy in mudflow["remedies"]["set"]]  # type: ignore[index]
    assert explanation(client, "clean", **staff)["remedies"] is None
    unsampled = explanation(client, "unsampled")
    assert unsampled["unknown"] == ["salinity_ds_m"]


def test_the_best_three_crops_come_with_their_reasons(client: TestClient) -> None:
    for plot in ("clean", "mediocre", "mudflow", "mined"):
        found = explanation(client, plot)
        named = [crop["crop"] for crop in found["best_crops"]]  # type: ignore[attr-defined]
        assert named == ([] if plot == "mined" else (found["crops"] or [])[:3])  # type: ignore[index]
        for crop in found["best_crops"]:  # type: ignore[attr-defined]
            assert crop["class"] in ("S1", "S2")
            assert crop["limiting"]
            assert 1 <= crop["start_month"] <= 12


def test_nothing_lifts_mines(client: TestClient) -> None:
    mined = explanation(client, "mined")
    assert (mined["class"], mined["score"]) == ("N2", None)
    assert (mined["remedies"], mined["measurement"]) == (None, None)
    assert mined["excluded"] is not None


def test_it_is_the_same_for_everybody_but_what_land_that_is_not_offered_could_become(
    client: TestClient, staff: dict[str, str]
) -> None:
    told, shown = explanation(client, "mudflow", **staff), explanation(client, "mudflow")
    assert told["remedies"] is not None
    assert told["potential"]["class"] is not None  # type: ignore[index]
    assert told["potential_withheld"] is False
    withheld = {"remedies": None, "bears": None, "potential": dict.fromkeys(("class", "score", "improvements"))}
    water, sentences = told["water"], told["water_told"]
    assert water["repair"] is not None  # type: ignore[index]
    assert "repair" in sentences[-1]  # type: ignore[index]
    withheld |= {"water": water | {"repair": None}, "water_told": sentences[:-1]}  # type: ignore[index, operator]
    assert shown == told | withheld | {"potential_withheld": True}


@pytest.mark.parametrize("state", ["offered", "reserve"])
def test_what_land_on_offer_could_become_is_told_to_everybody(
    client: TestClient, staff: dict[str, str], state: str
) -> None:
    def put(availability: str) -> None:
        with writing() as connection:
            frame = pd.DataFrame({"plot_id": ["mudflow"], "availability": [availability]})
            load_frame(connection, "plots", frame, mode="update")

    put(state)
    try:
        assert explanation(client, "mudflow") == explanation(client, "mudflow", **staff)
        assert "check_dam" in [remedy["id"] for remedy in explanation(client, "mudflow")["remedies"]["set"]]  # type: ignore[index]
    finally:
        put("unknown")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_a_plot_says_it_in_the_readers_language(client: TestClient, lang: Language) -> None:
    for plot in ("mudflow", "unsampled", "mediocre", "clean"):
        answer = client.get(f"/plots/{plot}/why", params={"lang": lang})
        assert answer.status_code == 200, answer.text
        page = unescape(answer.text)
        explained = explanation(client, plot)
        for said in explained["says"]:  # type: ignore[attr-defined]
            assert sentence(said, lang) in page
        for remedy in (explained["remedies"] or {"set": []})["set"]:  # type: ignore[index]
            assert translate(remedy["title"], lang) in page
        assert "{" not in page
    assert translate("mines or unexploded ordnance are confirmed there or close by", lang) in unescape(
        client.get("/plots/mined/why", params={"lang": lang}).text
    )
