"""A plot on paper, and the paper of a family: one small side, each kind of land said rightly, nothing of people."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import orjson
import pypdf
import pypdfium2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text, update

from api.content import plot_paper
from api.content.plot_paper import in_somoni, months_of
from api.content.plot_truth import tell_plot
from api.language.translate import LANGUAGES, Language
from api.main import create_app
from layers.catalogue.base import PUBLIC
from layers.features.paging import read_feature
from layers.features.places import read_gazetteer
from layers.features.plots import PLOTS, scored_plots
from layers.postgres.engine import reading, writing
from layers.records.runs import ScoringRun
from layers.records.snapshot import Choice, read_runs
from layers.settings import Settings
from tests.clients.command import run
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import RASHT, UNSETTLED_ROW, plot_id

MINED, FLOODED, UNKNOWN, GOOD = plot_id(1, "N2"), plot_id(2, "N2"), plot_id(3, "NE"), plot_id(4, "S1")
UNSETTLED = plot_id(UNSETTLED_ROW, "S3")
SECRETS: Final = ("KAD-77-4711",)  # what staff alone may see
A5_POINTS: Final = (419.53, 595.28)  # 148 x 210 mm


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
        shut = text(
            "UPDATE suitability SET shut_by = :kind, shut_from_year = :year, limiting = NULL "
            "WHERE plot_no = (SELECT plot_no FROM plots WHERE plot_id = :plot)"
        )
        connection.execute(shut, {"kind": "mine_confirmed", "year": None, "plot": MINED})
        connection.execute(shut, {"kind": "inundation", "year": 2031, "plot": FLOODED})
        connection.execute(text("UPDATE plots SET cadastral_no = 'KAD-77-4711', missing_documents = 7, disputes = 3"))
        # What a run found is kept by its number and moment, for the process: those of other modules are others.
        connection.execute(update(ScoringRun).values(finished_at=text("'2026-05-09T10:00:09Z'")))
    with TestClient(create_app()) as opened:
        yield opened


def paper(client: TestClient, plot: str, lang: Language, reader: str = "family") -> pypdf.PdfReader:
    answer = client.get(f"/plots/{plot}/report", params={"lang": lang, "f": "pdf", "for": reader})
    assert answer.status_code == 200, answer.text
    return pypdf.PdfReader(io.BytesIO(answer.content))


def words_of(found: pypdf.PdfReader) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in found.pages))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("plot", [MINED, FLOODED, UNKNOWN, GOOD, UNSETTLED, plot_id(5, "N1"), plot_id(6, "S2")])
def test_a_family_gets_one_small_side_in_black_without_what_is_not_its_business(
    client: TestClient, plot: str, lang: Language
) -> None:
    found = paper(client, plot, lang)
    (side,) = found.pages
    assert (float(side.mediabox.width), float(side.mediabox.height)) == pytest.approx(A5_POINTS, abs=0.5)
    said = words_of(found)
    assert {"tg": "МАЪЛУМОТИ СУНЪӢ", "ru": "СИНТЕТИЧЕСКИЕ ДАННЫЕ", "en": "SYNTHETIC DATA"}[lang] in said
    assert {"tg": "сотих", "ru": "соток", "en": "sotikh"}[lang] in said
    assert not any(secret in said for secret in SECRETS)
    assert not re.search(r"cadastr|кадастр|household|хонавода|домохоз", said, re.IGNORECASE)
    form = client.get(f"/plots/{plot}/report", params={"lang": lang, "f": "pdf", "for": "family"}).content
    picture = np.asarray(pypdfium2.PdfDocument(form)[0].render(scale=2).to_pil().convert("RGB")).astype(int)
    assert (picture.max(axis=2) - picture.min(axis=2)).max() <= 4  # no colour


def test_each_kind_of_land_is_said_rightly(client: TestClient) -> None:
    mined, flooded, unknown, good, open_question = (
        words_of(paper(client, plot, "en")) for plot in (MINED, FLOODED, UNKNOWN, GOOD, UNSETTLED)
    )
    assert "Do not enter" in mined
    assert "Whom to ask: the mine action centre." in mined
    assert "Slope" not in mined  # nothing invites to look at the land
    assert "the reservoir fills in 2031. Until then the land may be sown." in flooded
    assert "Do not enter" not in flooded
    assert "which does not mean that the land is bad" in unknown
    assert "Whether and in which months there is danger here is not known." in unknown
    assert "Highly suitable." in good
    assert "Mines: no mined area is on record here, which does not mean safe." in good
    assert "It is not settled yet" in open_question
    assert "Marginally suitable" not in open_question


def test_area_is_told_in_sotikh(client: TestClient) -> None:
    area_ha = client.get(f"/plots/{GOOD}").json()["properties"]["area_ha"]
    assert f"Area: {area_ha * 100:.0f} sotikh (1 sotikh is 0.01 ha)" in words_of(paper(client, GOOD, "en"))


def test_a_sheet_of_a_plot_says_what_its_page_says_and_marks_it_on_a_map(client: TestClient) -> None:
    said = words_of(paper(client, plot_id(4, "S3"), "en", "planner"))
    page = client.get(f"/plots/{plot_id(4, 'S3')}/why", params={"lang": "en"}).text
    reason = re.search(r'<p class="limiting">([^<]*)</p>', page)
    assert reason is not None
    assert reason[1] in said
    assert "S3wh" in said
    assert "This plot" in said
    assert "Scale about 1 :" in said
    assert all(secret not in said for secret in SECRETS)
    html = client.get(f"/plots/{plot_id(4, 'S3')}/report", params={"lang": "en"}).text
    assert not re.search(r"<script|\sstyle=|<style", html)
    assert client.get("/plots/none/report").status_code == 404


def letters(said: str) -> str:
    """A text without what a line break on paper may change: spaces and hyphens."""
    return re.sub(r"[\s\u00ad\u2010-]+", "", said)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("plot", [MINED, FLOODED, UNKNOWN, GOOD, UNSETTLED, plot_id(5, "N1"), plot_id(4, "S3")])
def test_a_sheet_says_the_one_sentence_of_truth_of_every_kind_of_plot(
    client: TestClient, plot: str, lang: Language
) -> None:
    with reading() as connection:
        runs = read_runs(connection).runs_of(Choice())
        found = read_feature(connection, scored_plots(PUBLIC, runs), PLOTS.plot_id == plot)
        truth = tell_plot(orjson.loads(found or b"{}")["properties"], read_gazetteer(connection), lang)
    said = letters(words_of(paper(client, plot, lang, "planner")))
    judged = f"{truth.words} ({truth.code}"  # with the letters of what limits it
    for sentence in (truth.where, judged, *truth.sentences):
        assert letters(sentence) in said, sentence
    if truth.mined:
        assert said.index(letters(truth.alarm)) < said.index(letters(judged))


@pytest.mark.parametrize(
    ("text", "months"),
    [("3-7", [3, 4, 5, 6, 7]), ("11-2, 5", [11, 12, 1, 2, 5]), ("4", [4]), ("spring", []), ("", []), ("0-13", [])],
)
def test_months_of_a_record(text: str, months: list[int]) -> None:
    assert list(months_of(text)) == months


def test_money_is_told_with_its_rate_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_somoni(1_234.0, "en") == ""
    known = Settings(somoni_per_usd=9.5, somoni_rate_date=date(2026, 11, 28))
    monkeypatch.setattr(plot_paper, "get_settings", lambda: known)
    # 1,234 x 9.5 = 11,723, of which two figures are told
    assert in_somoni(1_234.0, "en") == (
        "What would help costs about 12,000 somoni (9.50 somoni for a dollar on 28 November 2026)."
    )
    with pytest.raises(ValueError, match="set together, or neither"):
        Settings(somoni_per_usd=9.5)


def test_the_command_writes_both(client: TestClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "family.pdf"
    assert run("report", GOOD, "--for", "family", "--lang", "tg", "-o", path) == 0
    assert words_of(pypdf.PdfReader(path)) == words_of(paper(client, GOOD, "tg"))
    sheet = tmp_path / "plot.html"
    assert run("report", GOOD, "--lang", "ru", "-o", sheet) == 0
    assert GOOD in sheet.read_text()
    capsys.readouterr()
    assert run("report", RASHT, "--for", "family", "-o", tmp_path / "x.pdf") == 1
    assert f"There is no plot '{RASHT}'." in capsys.readouterr().err
    assert not (tmp_path / "x.pdf").exists()
