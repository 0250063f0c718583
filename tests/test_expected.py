"""OpenAPI, legends and SQL are as committed under ``tests/expected``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.expected import FOLDER, RENEW, committed_files, expected_texts, find_differences, renew_files


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return expected_texts()


def test_what_is_made_now_is_what_is_committed(made: dict[str, str]) -> None:
    differing = find_differences(made)
    shown = "\n\n".join(f"{name}:\n{why}" for name, why in list(differing.items())[:5])
    assert not differing, (
        f"{len(differing)} files of {FOLDER.name} are not as made now. If that is meant, run {RENEW} and read what "
        f"changes.\n\n{shown}"
    )


def test_making_them_again_gives_the_same(made: dict[str, str]) -> None:
    assert expected_texts() == made


@pytest.mark.parametrize("kind", ["openapi.json", "legends/", "sql/tables/", "sql/plots_list/", "sql/tiles/"])
def test_every_kind_is_there(kind: str) -> None:
    assert [name for name in committed_files() if name.startswith(kind)]


def test_a_changed_a_missing_and_a_left_over_file_are_told_and_renewed(tmp_path: Path) -> None:
    texts = {"openapi.json": "{}\n", "legends/plots.json": '{"en": 1}\n', "sql/tiles/plots.sql": "SELECT a, b;\n"}
    assert set(renew_files(texts, tmp_path)) == set(texts)
    assert find_differences(texts, tmp_path) == {}
    (tmp_path / "openapi.json").unlink()
    (tmp_path / "legends" / "gone.json").write_text("{}\n", "utf-8")
    (tmp_path / "sql" / "tiles" / "plots.sql").write_text("SELECT a, c;\n", "utf-8")
    found = find_differences(texts, tmp_path)
    assert found["openapi.json"] == "is made now and not committed"
    assert found["legends/gone.json"] == "nothing makes this file any more"
    assert found["sql/tiles/plots.sql"].splitlines()[-2:] == ["-c;", "+b;"]
    assert set(renew_files(texts, tmp_path)) == set(found)
    assert committed_files(tmp_path) == set(texts)
    assert find_differences(texts, tmp_path) == {}
