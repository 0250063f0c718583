"""A report of every kind of land at once, with large figures and many plots: nothing runs off the sheet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pypdfium2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.language.translate import LANGUAGES, Language
from api.main import create_app
from layers.postgres.engine import writing
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import RASHT, plot_id

MARGIN_PT: Final = 15.0 / 25.4 * 72.0  # 15 mm beside the text of a sheet of A4
OPEN: Final = {plot_id(4, "S2"): "open", plot_id(4, "N1"): "unlikely", plot_id(5, "S2"): "likely"}


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
        for name, outlook in OPEN.items():
            number = "plot_no = (SELECT plot_no FROM plots WHERE plot_id = :plot)"
            state = f"UPDATE suitability SET settled = false, outlook = :outlook WHERE {number}"
            connection.execute(text(state), {"plot": name, "outlook": outlook})
        connection.execute(text("UPDATE plots SET area_ha = area_ha * 3000"))
        connection.execute(text("UPDATE scoring_runs SET finished_at = '2026-05-09T10:00:11Z'"))
    with TestClient(create_app()) as opened:
        yield opened


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_runs_off_the_sheet(client: TestClient, lang: Language) -> None:
    answer = client.get(f"/districts/{RASHT}/report", params={"lang": lang, "f": "pdf"})
    assert answer.status_code == 200, answer.text
    read = 0
    for page in pypdfium2.PdfDocument(answer.content):
        sheet, width = page.get_textpage(), page.get_width()
        for at in range(sheet.count_chars()):
            left, _, right, _ = sheet.get_charbox(at)
            assert left >= MARGIN_PT - 1.0, sheet.get_text_range(at, 40)
            assert right <= width - MARGIN_PT + 1.0, sheet.get_text_range(at, 40)
            read += 1
    assert read > 2_000
