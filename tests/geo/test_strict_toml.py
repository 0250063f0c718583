"""One reader of files that people write: what is wrong is told by file and key, whatever kind of file it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from geo.errors import SchemeError
from geo.strict_toml import StrictModel, list_shipped, parse_toml, read_shipped_or_file


class _Rule(StrictModel):
    column: str
    scale: float = Field(1.0, gt=0)


class _File(StrictModel):
    name: str
    rules: dict[str, str | _Rule] = Field(default_factory=dict)
    steps: tuple[_Rule, ...] = ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = ", r"^f\.toml: not valid TOML: "),
        ("", r"^f\.toml: name: this key is missing$"),
        ('name = "a"\ncolour = 1', r"^f\.toml: colour: this key is not known$"),
        ("name = 3", r"^f\.toml: name: a text expected, got 3$"),
        ('name = "a"\n[rules.str]\ncolumn = "b"\ncolour = 1', r"^f\.toml: rules\.str\.colour: this key is not known$"),
        ('name = "a"\n[rules.x]\nscale = 1.0', r"^f\.toml: rules\.x\.column: this key is missing$"),
        ('name = "a"\nrules.x = 4', r"^f\.toml: rules\.x: a text expected, got 4$"),
        (
            'name = "a"\n[[steps]]\ncolumn = "b"\n[[steps]]\ncolumn = "c"\nscale = 0',
            r"^f\.toml: steps\.1\.scale: a number above 0 expected, got 0",
        ),
        ('name = "a"\n[[steps]]\ncolumn = "b"\nscale = "x"', r"steps\.0\.scale: a number expected, got 'x'$"),
        ('name = "a"\n[[steps]]\ncolumn = [1]', r"steps\.0\.column: a text expected$"),
        ('name = "a"\nsteps = ["b"]', r"^f\.toml: steps\.0: a table expected, got 'b'$"),
        ('name = "a"\nsteps = 1', r"^f\.toml: steps: a list expected, got 1$"),
    ],
)
def test_a_fault_names_file_and_key(text: str, told: str) -> None:
    with pytest.raises(SchemeError, match=told):
        parse_toml(_File, text, source="f.toml")


def test_a_file_that_an_editor_began_with_a_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('name = "водӣ"', encoding="utf-8-sig")
    text, source = read_shipped_or_file(tmp_path / "own.toml", folder="schemes", thing="scheme")
    assert (parse_toml(_File, text, source=source).name, source) == ("водӣ", "own.toml")


def test_a_file_that_is_missing_or_in_another_encoding_is_refused_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(SchemeError, match=r"^there is no profile 'own\.toml': give one of .*, or a TOML file$"):
        read_shipped_or_file(tmp_path / "own.toml", folder="profiles", thing="profile")
    (tmp_path / "own.toml").write_bytes('name = "водӣ"'.encode("utf-16"))
    with pytest.raises(SchemeError, match=r"^own\.toml: the text is not UTF-8$"):
        read_shipped_or_file(tmp_path / "own.toml", folder="profiles", thing="profile")


def test_what_comes_with_the_package_is_found_by_name() -> None:
    assert "default" in list_shipped("schemes")
    assert "mother-with-small-children" in list_shipped("profiles")
