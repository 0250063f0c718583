"""Every sentence of ``layer check|load|load-all|undo`` and ``score-files`` is provoked, true and can be followed."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from scripts.main import main, make_command
from tests.clients.process import forget_settings
from tests.worlds.provocations import PROVOCATIONS, Provocation

ROOT = Path(__file__).parents[3]
SOURCES = [
    *sorted((ROOT / "layers" / "loading").glob("*.py")),
    ROOT / "layers/grids/rasters.py",
    ROOT / "layers/runs/score_files.py",
]
REFUSING = {"DataRefused", "NotFound", "Refusal"}  # what makes a sentence of a file
TELLING = {*REFUSING, "NotAValue", "Unreadable", "Rejection"}  # and of its rows
TABLES = "settlements, canals, plots, hazard_extents, rasters, loads"

# Words of libraries, of Python and of places on this machine; a number nobody can read.
FORBIDDEN = re.compile(
    r"Traceback|Warning:? (?!the datum)|\bGDAL\b|\bOGR\b|pyogrio|rasterio|psycopg|sqlalchemy|pydantic|shapely"
    r"|numpy|pandas|Errno|Exception|Error\b|None\b(?! of)|<class|\bnan\b|/tmp/|fault [0-9a-f]{8}|\d{80,}",
)
DAMAGED = re.compile(r"cut short|damaged")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
ELSEWHERE: dict[str, str] = {
    "The frame for {} lacks {}.": "of load_frame: a mistake of a program, not of a file",
    "The frame for {} must be in EPSG:{}, not {}.": "of load_frame",
    "The frame for {} has no geometry.": "of load_frame",
    "{} of the first {} rows for {} cannot be loaded: {}.": "of load_frame",
    "cannot be read by this installation": "where GDAL lacks a driver, which the wheels have",
    "{} cannot be read beyond row {}: it is cut short or damaged.": "where GDAL ends a raster early and says nothing",
    "{} has other cells than {}.": "of sources whose files are months of one grid",
    "There is no raster layer {}; there are {}.": "of programs: a command looks the layer up among all first",
}


@pytest.fixture
def world(database: Engine, tmp_path: Path) -> Iterator[Path]:
    with database.begin() as connection:
        connection.execute(text(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE"))
    yield tmp_path
    forget_settings()


def run(words: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("always")  # as whoever runs the command has it: what is warned of stands in the answer
        patch.setattr(sys, "argv", ["obod", *(word.replace("{d}", str(folder)) for word in words)])
        with pytest.raises(SystemExit) as end:
            main()
    said = capsys.readouterr()
    return int(end.value.code or 0), said.out + said.err


def prepare(
    provocation: Provocation, world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bring about what a provocation needs."""
    for name, content in provocation.files.items():
        path = world / name
        path.parent.mkdir(exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    for words in provocation.before:
        code, said = run(words, world, capsys)
        assert code == 0, said
    for name, value in provocation.settings.items():
        monkeypatch.setenv(name, value)
    forget_settings()
    for name, value in provocation.patches.items():
        monkeypatch.setattr(name, value)


@pytest.mark.parametrize("provocation", PROVOCATIONS, ids=lambda one: one.said[:60])
def test_it_is_said_and_can_be_followed(
    provocation: Provocation, world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(provocation, world, monkeypatch, capsys)
    code, said = run(provocation.words, world, capsys)
    assert re.search(".*".join(map(re.escape, provocation.said.split("…"))), said), said
    assert code in (0, 1, 3)
    told = "\n".join(line for line in said.splitlines() if not line.startswith("Rejected rows, as they stand"))
    assert FORBIDDEN.search(told.replace("None of", "")) is None, told
    assert str(world) not in told
    assert bool(DAMAGED.search(told)) == provocation.damaged, told
    known = options_of(*verb_of(provocation.words))
    advised = set(OPTION.findall(told)) - known
    if "load-all" in provocation.words and "says that with:" in told:
        advised = set()  # it has no options for one file: the mapping file that is named has a key for each
    assert advised == set()


def verb_of(words: tuple[str, ...]) -> tuple[str, ...]:
    """Verb and command; a check is followed by a load with the same options."""
    verb, command = words[:2]
    return (verb,) if verb != "layer" else (verb, command.replace("check", "load"))


def options_of(verb: str, command: str | None = None) -> set[str]:
    """Options that a command has."""
    found = make_command(verb)
    if command is not None:
        found = found.commands[command]
    return {option for parameter in found.params for option in parameter.opts}


def template_of(node: ast.expr) -> list[str]:
    """Texts an expression may be, {} for what is put in."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        ends = template_of(node.right) or ["{}"]
        return [start + end for start in template_of(node.left) or ["{}"] for end in ends]
    if isinstance(node, ast.IfExp):
        return [*template_of(node.body), *template_of(node.orelse)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "told":
        return [re.sub(r"\{\w+\}", "{}", text) for text in template_of(node.args[0])]
    return []


def arguments_in(source: str, telling: set[str]) -> Iterator[ast.expr]:
    """What a module tells: refusals, faults of rows and values, notes of a report."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        of_report = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value).endswith(("faults", "notes"))
        if name in telling or name == "_fault" or (name in ("add", "append", "extend") and of_report):
            yield from node.args


def told_in(source: str) -> Iterator[str]:
    """Templates of all that a module tells."""
    for argument in arguments_in(source, TELLING):
        yield from (text for text in template_of(argument) if " " in text)


def untranslatable_in(source: str) -> Iterator[str]:
    """What a module says of rows and in notes without telling it in a way that another language can follow."""
    for argument in arguments_in(source, TELLING - REFUSING):
        for part in (argument.body, argument.orelse) if isinstance(argument, ast.IfExp) else (argument,):
            if not isinstance(part, ast.Call):
                yield from (text for text in template_of(part) if re.search(r"[a-z] ", text.replace("{}", "")))


def matches(template: str, said: str) -> bool:
    """Whether a sentence, or the beginning or part of one, may come of a template."""
    constant = max(template.split("{}"), key=len).strip(" .,;:()")
    shape = ".*?".join(re.escape(part) for part in template.split("{}"))
    return re.search(shape, said) is not None or constant in said


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_sentence_of_the_sources_is_provoked(path: Path) -> None:
    said = [provocation.said for provocation in PROVOCATIONS]
    missing = [
        template
        for template in told_in(path.read_text(encoding="utf-8"))
        if template not in ELSEWHERE
        and template.replace("{}", "").strip(" .,;:()")
        and not any(matches(template, one) for one in said)
    ]
    assert missing == []


@pytest.mark.parametrize("path", SOURCES[:-2], ids=lambda path: path.stem)
def test_every_sentence_of_rows_and_notes_can_be_told_in_another_language(path: Path) -> None:
    assert list(untranslatable_in(path.read_text(encoding="utf-8"))) == []


def test_the_walk_finds_a_sentence_that_is_english_only() -> None:
    source = 'faults.add(bad, f"is {colour}, not red")\nnotes.append("All is blue.")\nnotes.append(told("So it is."))'
    assert list(untranslatable_in(source)) == ["is {}, not red", "All is blue."]


def test_the_walk_finds_a_new_sentence() -> None:
    source = (
        'raise DataRefused(f"{name} is " "blue.")\nfaults.add(bad, f"is {colour}, not red")\nlog.info("is not told")\n'
    )
    assert list(told_in(source)) == ["{} is blue.", "is {}, not red"]


# What a file as a whole is refused with is English.
REFUSALS = [
    text
    for path in SOURCES
    for argument in arguments_in(path.read_text(encoding="utf-8"), REFUSING)
    for text in template_of(argument)
    if not isinstance(argument, ast.Call) and re.search(r"[a-z]{2}", text.replace("{}", ""))
]
SPOKEN = [one for one in PROVOCATIONS if one.words[0] == "layer" and one.words[1] in ("check", "load", "load-all")]


@pytest.mark.parametrize("lang", ["tg", "ru"])
@pytest.mark.parametrize("provocation", SPOKEN, ids=lambda one: one.said[:60])
def test_a_report_is_told_in_the_language_that_is_asked_for(
    provocation: Provocation,
    lang: str,
    world: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    prepare(provocation, world, monkeypatch, capsys)
    code, said = run((*provocation.words, "--lang", lang), world, capsys)
    reason = provocation.said.rpartition("not done. ")[2]
    if code == 1 and any(matches(template, reason) for template in REFUSALS):
        return
    assert not re.search(".*".join(map(re.escape, provocation.said.split("…"))), said), said
    lines = [line for line in said.splitlines() if not line.startswith("Координат")]  # ways are named as PROJ does
    told = [line for line in lines if re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,} [a-z]{2,}", line)]
    assert told == []
