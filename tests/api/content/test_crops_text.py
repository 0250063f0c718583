"""Crops are told with class, conditions and what is not known, in the reader's language: never as bare ids."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

import layers.explain.plot
from api.content.crops_text import CropList, crop_words, list_crops, tell_crops
from api.language.translate import LANGUAGES, Language
from api.main import create_app
from geo.crops.catalogue import crops
from layers.postgres.engine import writing
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import RASHT, plot_id

PLOT: dict[str, Any] = {
    "crops": ["wheat", "potato", "apricot"],
    "crop_classes": ["S1", "S2", "S2"],
    "crops_not_known": ["salinity", "depth"],
    "crops_apart": ["walnut"],
}
# Conditions by hand: S2 ends where the relative yield of Maas and Hoffman, 100 - b (ECe - a), is 60 %: wheat
# 6.0 + 40 / 7.1 = 11.6, potato 1.7 + 40 / 12 = 5.0, apricot 1.6 + 40 / 24 = 3.3.
SALT = {"wheat": "11.6", "potato": "5.0", "apricot": "3.3"}


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
        columns = ", ".join(f"{name} = :{name}" for name in PLOT)
        connection.execute(text(f"UPDATE suitability SET {columns} WHERE class = 'S2'"), PLOT)
    with pytest.MonkeyPatch.context() as patch, TestClient(create_app()) as opened:
        patch.setattr(
            layers.explain.plot,
            "ways_of_plot",
            lambda *_: {"way": None, "why_no_way": "the layer settlements is not loaded", "services": []},
        )
        yield opened


def test_sentences_by_hand() -> None:
    suited, apart, unknown, pair = tell_crops(PLOT, "en")
    for name, limit in SALT.items():
        assert f"{name} (" in suited
        assert f"if salinity is below {limit} dS/m: not measured" in suited
    assert suited.startswith("Crops that suit, the best first: wheat (well suited, S1; if salinity is below")
    assert suited.index("wheat") < suited.index("potato") < suited.index("apricot")
    assert suited.count("suited with limits, S2") == 2
    assert apart == "These might suit too, but not all their limits are known: walnut."
    assert unknown == "What decides on crops and is not known here: salinity; depth of the soil."
    assert pair.endswith("at least half of what the second needs: wheat, then potato.")


def test_lists_by_hand() -> None:
    measured = {name: f"if salinity is below {limit} dS/m: not measured; " for name, limit in SALT.items()}
    intro, well, limited, apart, unknown, twice = list_crops(PLOT, "en")
    assert intro == CropList("Crops that suit, the best first:")
    assert (well.heading, limited.heading) == ("Well suited, S1", "Suited with limits, S2")
    assert [title for title, _ in (*well.crops, *limited.crops)] == list(measured)
    for title, conditions in (*well.crops, *limited.crops):
        assert conditions.startswith(f"{measured[title]}if the soil is deeper than ")
    assert apart == CropList("These might suit too, but not all their limits are known:", (("walnut", ""),))
    assert unknown == CropList("What decides on crops and is not known here: salinity; depth of the soil.")
    assert twice.heading.endswith("at least half of what the second needs:")
    assert twice.crops == (("wheat, then potato", ""),)
    assert list_crops({"crops": None}, "en") == ()
    assert list_crops({"crops": []}, "en") == (
        CropList("No crop of the list is well suited here, or suited with limits."),
    )
    assert list_crops({"crops": ["wheat"], "crop_classes": None}, "en") == (
        CropList("Crops that suit, the best first:", (("wheat", ""),)),
    )


def test_limits_are_written_with_the_signs_of_the_language() -> None:
    assert "potato (suited with limits, S2; if salinity is below 5.0 dS/m: not measured" in tell_crops(PLOT, "en")[0]
    for lang in ("ru", "tg"):
        said = tell_crops(PLOT, lang)[0]
        assert "5,0 " in said
        assert not re.search(r"\d\.\d", said)


def test_nothing_is_said_where_no_run_ranked_crops_and_no_crop_where_none_suits() -> None:
    assert tell_crops({"crops": None}, "en") == ()
    assert tell_crops({"class": "NE"}, "en") == ()
    assert tell_crops({"crops": []}, "en") == ("No crop of the list is well suited here, or suited with limits.",)
    assert tell_crops({"crops": ["wheat"], "crop_classes": None}, "en") == ("Crops that suit, the best first: wheat.",)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_surface_names_a_crop_by_its_id_alone(client: TestClient, lang: Language) -> None:
    told = " ".join(tell_crops(PLOT, lang))
    assert all(("_" not in word) and (lang == "en" or not word.isascii() or word in "S1 S2") for word in _names(told))
    plots = f"/districts/{RASHT}/plots"
    table = client.get(f"{plots}?f=csv&lang={lang}").content.decode("utf-8-sig")
    rows = {row["plot_id"]: row["crops_told"] for row in csv.DictReader(io.StringIO(table))}
    assert rows[plot_id(0, "S2")] == told
    assert rows[plot_id(0, "S1")] == ""
    file = client.get(f"{plots}?f=geojson&lang={lang}").json()["features"]
    assert {f["id"]: f["properties"]["crops_told"] for f in file} == rows
    one = client.get(f"/plots/{plot_id(0, 'S2')}?lang={lang}").json()["properties"]
    assert one["crops_told"] == told
    assert client.get(f"/plots/{plot_id(0, 'S2')}/explanation?lang={lang}").json()["crops_told"] == told
    for address in (f"{plots}?limit=1&lang={lang}", f"{plots}?limit=all&lang={lang}", f"/tiles/plots.json?lang={lang}"):
        words = client.get(address).json()["words"]
        assert words == crop_words(lang)
        assert words["crops"].keys() == crops().keys()
    for address in (f"/plots/{plot_id(0, 'S2')}/why", f"/maps/plots/{one['plot_no']}/card"):
        page = client.get(f"{address}?lang={lang}").text
        for group in list_crops(PLOT, lang):
            for said in (group.heading, *(part for crop in group.crops for part in crop)):
                assert said.replace("'", "&#39;") in page
        assert page.count("<li><strong>", page.index('class="crops"')) == 5  # a crop or a pair has a line of its own


def _names(told: str) -> list[str]:
    """Words of two letters and more, units apart."""
    return [
        word.strip("();:,.") for word in told.split() if word.strip("();:,.").isalpha() and word not in ("dS/m", "cm")
    ]
