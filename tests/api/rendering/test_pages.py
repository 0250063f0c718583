"""Templates are those the code was written for."""

from __future__ import annotations

from pathlib import Path

from api.rendering.pages import make_environment


def test_an_upgrade_under_a_running_service_does_not_change_its_pages(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{% include '_part.html' %} {{ known }}")
    (tmp_path / "_part.html").write_text("before")
    environment = make_environment(tmp_path)
    for name in ("page.html", "_part.html"):
        (tmp_path / name).write_text("{{ unknown_to_the_code }}")
    assert environment.get_template("page.html").render(known="the same") == "before the same"
