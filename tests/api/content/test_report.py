"""The report of a place on paper: read as PDF, its figures are those of the service, its map holds its key."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import pypdf
import pypdfium2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text, update

from api.language.translate import LANGUAGES, Language
from api.main import create_app
from api.rendering.paper import make_pdf
from api.rendering.paper_signs import SIGNS
from layers.postgres.engine import writing
from layers.records.runs import ScoringRun
from tests.clients.command import run
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import GHARM, LAKHSH, RASHT, plot_id

REPORT: Final = f"/districts/{RASHT}/report"
MINED, FLOODED = plot_id(1, "N2"), plot_id(2, "N2")
# Classes of domain reference 3.1 as they are coloured; a second time, so that a map in other colours is found out.
COLOURS: Final = {
    **{"S1": (0, 105, 92), "S2": (79, 179, 165), "S3": (243, 229, 143)},
    **{"N1": (217, 143, 53), "N2": (111, 58, 5), "mines": (165, 15, 21)},
}
WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {"synthetic": "SYNTHETIC DATA", "mines": "do not enter", "key": "Highly suitable (S1)"},
    "ru": {"synthetic": "СИНТЕТИЧЕСКИЕ ДАННЫЕ", "mines": "не входите", "key": "(S1)"},
    "tg": {"synthetic": "МАЪЛУМОТИ СУНЪӢ", "mines": "надароед", "key": "(S1)"},
}


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
        shut = text(
            "UPDATE suitability SET shut_by = :kind, shut_from_year = :year, limiting = NULL "
            "WHERE plot_no = (SELECT plot_no FROM plots WHERE plot_id = :plot)"
        )
        connection.execute(shut, {"kind": "mine_suspected", "year": None, "plot": MINED})
        connection.execute(shut, {"kind": "inundation", "year": 2031, "plot": FLOODED})
        # What a run found is kept by its number and moment, for the process: those of other modules are others.
        connection.execute(update(ScoringRun).values(finished_at=text("'2026-05-09T10:00:07Z'")))
    with TestClient(create_app()) as opened:
        yield opened


def fetch_pdf(client: TestClient, lang: Language, **asked: Any) -> bytes:
    answer = client.get(REPORT, params={"lang": lang, "f": "pdf", **asked})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return answer.content


def sheets(pdf: bytes) -> list[str]:
    """Text of every sheet, white space as one blank."""
    return [re.sub(r"\s+", " ", page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def test_figures_are_those_of_the_district_and_of_the_list(client: TestClient) -> None:
    whole = " ".join(sheets(fetch_pdf(client, "en")))
    district = client.get(f"/districts/{RASHT}").json()
    shown = dict(re.findall(r"\((S1|S2|S3|N1|N2|NE)\) (\d+ [\d.]+) [\d.]+", whole))
    assert {name: value.split() for name, value in shown.items()} == {
        name: [str(found["plots"]), f"{found['area_ha']:.2f}"] for name, found in district["classes"].items()
    }
    likely = district["not_settled"]["outlook"]["likely"]
    assert f"Not settled, likely suitable {likely['plots']} {likely['area_ha']:.2f}" in whole
    together = re.search(r"Together (\d+) ([\d.]+) 100.0", whole)
    assert together is not None
    assert int(together[1]) == district["plots"] == 60
    assert float(together[2]) == pytest.approx(district["plots_ha"], abs=0.011)

    mined, flooded = (district["shut_by_rule"][kind] for kind in ("mine_suspected", "inundation"))
    assert re.search(rf"Shut by rule: [^:]*mine[^:]* {mined['plots']} {mined['area_ha']:.2f}", whole, re.IGNORECASE)
    assert f"until then the land is farmed) {flooded['plots']} {flooded['area_ha']:.2f}" in whole
    assert "fills in 2031" in whole
    unfit = district["unfit_by_nature"]
    assert (unfit["plots"], mined["plots"], flooded["plots"]) == (8, 1, 1)
    assert f"Unfit by nature {unfit['plots']} {unfit['area_ha']:.2f}" in whole
    listed = client.get(f"/districts/{RASHT}/plots", params={"limit": 20}).json()["features"]
    # A name may be broken over lines.
    assert all(feature["id"] in whole.replace("- ", "-") for feature in listed)


def test_a_filter_and_a_jamoat_leave_what_the_list_shows(client: TestClient) -> None:
    asked = {"class": ["S1", "S2"], "jamoat": GHARM, "min_score": "70"}
    html = client.get(REPORT, params={"lang": "en", **asked}).text
    left = client.get(f"/districts/{RASHT}/plots", params={"limit": "all", **asked}).json()["features"]
    assert re.findall(r"<h1>(.*)</h1>", html) == ["Plots of Gharm jamoat: score at least 70 points, S1–S2"]
    assert "Rasht district" in html
    hectares = sum(feature["properties"]["area_ha"] for feature in left)
    assert (
        f'<th scope="row">Together</th><td class="figure">{len(left)}</td><td class="figure">{hectares:.2f}</td>'
        in (re.sub(r">\s+<", "><", html))
    )
    state = re.search(r"/districts/TJ\.RR\.GA/list\?[^<\s]*", html)
    assert state is not None
    page = client.get(state[0].replace("&amp;", "&")).text
    assert f"({len(left)} plots)" in page  # the address it names is the list of the same plots
    assert client.get(REPORT, params={"min_scor": 1}).status_code == 400
    assert client.get(REPORT, params={"run": 99}).status_code == 404


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sheet_says_what_it_must_in_every_language(client: TestClient, lang: Language) -> None:
    pdf = fetch_pdf(client, lang)
    found = sheets(pdf)
    assert len(found) >= 3
    words = WORDS[lang]
    for number, sheet in enumerate(found, 1):
        assert words["synthetic"] in sheet
        assert f"{number} / {len(found)}" in sheet
    whole = " ".join(found)
    assert words["mines"] in whole
    assert words["key"] in found[0]
    if lang == "tg":
        assert set("ғӣқӯҳҷ") <= set(whole)
    if lang != "en":  # what no language translates: names, codes, scheme, licence, addresses
        latin = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"/districts\S+|http\S+|ga-\d\d-\S+", "", whole)))
        assert latin <= {"panel", "CC0", "ECe", "Made", "for", "the", "tests", "Districts", "list", "lang", "run"}


def test_fonts_are_embedded(client: TestClient) -> None:
    fonts = {}
    for page in pypdf.PdfReader(io.BytesIO(fetch_pdf(client, "tg"))).pages:
        found: Any = page["/Resources"]
        for font in found["/Font"].values():
            whole = font.get_object()
            told = whole["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            fonts[whole["/BaseFont"]] = any(name in told for name in ("/FontFile", "/FontFile2", "/FontFile3"))
    assert fonts
    assert all(fonts.values())
    assert all("DejaVu" in name for name in fonts)


def test_the_map_holds_the_colours_of_its_key(client: TestClient) -> None:
    page = pypdfium2.PdfDocument(fetch_pdf(client, "en"))[0]
    picture = np.asarray(page.render(scale=6).to_pil().convert("RGB")).astype(int)
    top = picture[: picture.shape[0] * 2 // 5]  # the map alone; its key stands below
    for name, colour in COLOURS.items():
        assert (np.abs(top - colour).max(axis=2) <= 3).sum() > 200, name


def test_what_has_nearly_one_grey_has_other_signs() -> None:
    def grey(colour: str) -> float:  # ITU-R BT.601
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    signs = [sign for sign in SIGNS.values() if sign.ground]
    alike = [(a, b) for a in signs for b in signs if a.name < b.name and abs(grey(a.ground) - grey(b.ground)) < 40]
    assert {("N1", "S2"), ("N2", "S1")} <= {(a.name, b.name) for a, b in alike}
    assert all(a.lines != b.lines for a, b in alike)


def test_the_same_run_gives_the_same_bytes(client: TestClient) -> None:
    asked = {"lang": "ru"}
    assert client.get(REPORT, params=asked).content == client.get(REPORT, params=asked).content


def test_the_page_holds_nothing_of_others_and_no_style_of_its_own(client: TestClient) -> None:
    html = client.get(REPORT, params={"lang": "en"}).text
    assert "Made up for the tests &lt;b&gt;" in html
    assert "<b>" not in html
    assert not re.search(r"<script|\sstyle=|<style|\son\w+=", html)
    addresses = re.findall(r'(?:href|src)="([^"#]*)"', html)
    assert [address for address in addresses if not address.startswith("/")] == []


def test_a_district_without_plots_has_a_report_too(client: TestClient) -> None:
    pdf = client.get(f"/districts/{LAKHSH}/report", params={"lang": "en", "f": "pdf"}).content
    whole = " ".join(sheets(pdf))
    assert "No run has judged these plots yet." in whole
    assert "No plot is left" in whole


def test_nothing_is_fetched_for_a_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = tmp_path / "picture.svg"
    picture.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><rect width="90" height="90"/></svg>'
    )
    asked = []
    monkeypatch.setattr("urllib.request.urlopen", lambda *given, **_more: asked.append(given))
    html = f'<img src="{picture.as_uri()}"><img src="http://127.0.0.1:9/x.png"><p>words</p>'
    page = pypdfium2.PdfDocument(make_pdf(html))[0]
    assert np.asarray(page.render(scale=1).to_pil().convert("L"))[:120, 130:].min() > 250  # the square is not drawn
    assert asked == []


def test_the_command_writes_the_same_report(
    client: TestClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.pdf"
    assert run("report", GHARM, "--lang", "ru", "-o", path, "--json") == 0
    told = orjson.loads(capsys.readouterr().out)
    assert (told["plots"], told["place"]) == (30, GHARM)
    asked = {"lang": "ru", "jamoat": GHARM}
    ours, served = sheets(path.read_bytes()), sheets(fetch_pdf(client, "ru", jamoat=GHARM))
    assert [sheet.replace("http://testserver", "") for sheet in served] == ours
    html = tmp_path / "report.html"
    assert run("report", RASHT, "--lang", "en", "-o", html, "--filter", "class=S1&sortby=-score&lang=tg") == 0
    assert "S1</h1>" in html.read_text()
    assert "<style>" in html.read_text()
    assert client.get(REPORT, params=asked).status_code == 200


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("TJ.XX", "-o", "a.pdf"), "There is no district 'TJ.XX'"),
        ((RASHT, "-o", "a.doc"), "a.doc ends in neither .pdf nor .html."),
        ((RASHT, "-o", "a.pdf", "--filter", "clas=S1"), "There is no filter 'clas'; the nearest"),
        ((RASHT, "-o", "a.pdf", "--lang", "de"), "language"),
        ((RASHT, "-o", "a.pdf", "--run", "9"), "There is no finished run 9."),
    ],
)
@pytest.mark.usefixtures("client")
def test_what_cannot_be_written_is_one_sentence(
    words: tuple[str, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("report", *words) == 1
    said = capsys.readouterr().err
    assert told in said.replace("\n", " ")
    assert len(said.splitlines()) <= 2
    assert list(tmp_path.iterdir()) == []
