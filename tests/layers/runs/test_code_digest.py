"""What names the code of a run: what results follow from changes it, what only says something does not."""

from __future__ import annotations

from pathlib import Path

import grimp
import pytest

import geo
from layers.runs.code_digest import SAYS_ONLY, bare_code, science_digest

CODE = '''"""A module."""

# Why it is so.
LIMIT = 3.0  # metres


class Ground:
    """What is stood on."""

    def slope(self) -> str:
        """Say it."""
        return "# not a comment"  # but this is one
'''

RESULTS = ("geo.suitability.assess", "geo.suitability.robustness", "geo.household_fit.rating")


def test_comments_docstrings_and_blank_lines_are_left_out() -> None:
    lines = bare_code(CODE).splitlines()
    assert lines == [
        "LIMIT = 3.0",
        "class Ground:",
        "    def slope(self) -> str:",
        '        return "# not a comment"',
    ]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("# Why it is so.", "# Why it must be so.", True),
        ('"""Say it."""', '"""Say how steep it is."""', True),
        ("3.0", "3.5", False),
        ("not a comment", "no comment", False),
    ],
)
def test_only_what_computes_counts(before: str, after: str, same: bool) -> None:
    assert (bare_code(CODE.replace(before, after)) == bare_code(CODE)) is same


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the science that may be changed."""
    home = Path(geo.__file__).parent
    for source in home.rglob("*"):
        if source.suffix in {".py", ".toml", ".csv"}:
            target = tmp_path / source.relative_to(home)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    monkeypatch.setattr("layers.runs.code_digest.geo.__file__", str(tmp_path / "__init__.py"))
    return tmp_path


def digest() -> str:
    return science_digest.__wrapped__()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("terrain/zonal.py", True),
        ("suitability/combination.py", True),
        ("crops/tables/limits.csv", True),
        ("schemes/default.toml", True),
        ("household_fit/rating.py", True),
        ("suitability/explanation.py", False),
        ("suitability/remedies.toml", False),
        ("programme/priority.py", False),
    ],
)
def test_a_change_counts_where_results_follow_from_it(copied: Path, name: str, changes: bool) -> None:
    before = digest()
    with (copied / name).open("a", encoding="utf-8") as file:
        file.write("\nADDED = 1\n")
    assert (digest() != before) is changes


def test_a_comment_in_any_module_rescores_nothing(copied: Path) -> None:
    before = digest()
    for source in copied.rglob("*.py"):
        source.write_text("# A word more.\n" + source.read_text(encoding="utf-8"), encoding="utf-8")
    assert digest() == before


def test_no_result_is_computed_from_what_is_left_out() -> None:
    graph = grimp.build_graph("geo")
    computed = {found for entry in RESULTS for found in graph.find_upstream_modules(entry)}
    assert "geo.terrain.zonal" in computed
    names = {module.removeprefix("geo.").replace(".", "/") for module in computed}
    left_out = tuple(name.removesuffix(".py") for name in SAYS_ONLY if not name.endswith(".toml"))
    assert {name for name in names if name.startswith(left_out)} == set()
