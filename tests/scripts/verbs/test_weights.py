"""``obod weights`` as a workshop uses it: a table in, JSON out, one sentence when the table is wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.main import main

CONTRADICTION = ",water,land,market\nwater,1,2,1/9\nland,1/2,1,7\nmarket,9,1/7,1\n"


Answer = tuple[int, str, str]  # exit code, stdout, stderr


@pytest.fixture
def obod(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["obod", "weights", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return int(end.value.code or 0), captured.out, captured.err

    return run


def test_the_keys_of_the_contract_and_advice_that_works(tmp_path: Path, obod: Callable[..., Answer]) -> None:
    path = tmp_path / "panel.csv"
    path.write_text(CONTRADICTION)
    code, out, err = obod(str(path), "--ri", "saaty-1980")
    assert code == 0, err
    result = json.loads(out)
    assert {"names", "weights", "lambda_max", "ci", "cr", "ri", "consistent", "revisit"} <= result.keys()
    assert result["names"] == ["water", "land", "market"]
    assert sum(result["weights"]) == pytest.approx(1.0)
    assert result["lambda_max"] == pytest.approx(6.213, abs=5e-4)
    assert result["cr"] == pytest.approx(2.77, abs=5e-3)
    assert result["ri"] == "saaty-1980"
    assert result["consistent"] is False
    assert result["revisit"].keys() == {"row", "column", "given", "suggested", "cr_after"}
    assert result["revisit"]["cr_after"] < result["cr"]


def test_several_tables_are_one_group(tmp_path: Path, obod: Callable[..., Answer]) -> None:
    for name, value in (("one.csv", "2,1/2"), ("two.csv", "8,1/8")):
        above, below = value.split(",")
        (tmp_path / name).write_text(f",a,b\na,1,{above}\nb,{below},1\n")
    result = json.loads(obod(str(tmp_path / "one.csv"), str(tmp_path / "two.csv"), "--json")[1])
    assert result["weights"] == pytest.approx([0.8, 0.2])  # the geometric mean of 2 and 8 is 4
    assert result["judges"] == 2


def test_a_wrong_table_is_one_sentence_and_exit_code_1(tmp_path: Path, obod: Callable[..., Answer]) -> None:
    path = tmp_path / "panel.csv"
    path.write_text(CONTRADICTION.replace("1/7", "7"))
    code, out, err = obod(str(path))
    assert (code, out) == (1, "")
    assert err.startswith("panel.csv: row 'market', column 'land': expected the reciprocal of 7")
    assert str(tmp_path) not in err
    assert obod(str(tmp_path / "absent.csv"))[0] == 1
    assert obod(str(path), "--ri", "guess")[0] == 2
