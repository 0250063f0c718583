"""Files that are there whole or not at all, and what is left of those that never were."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from layers.cache.files import DRAFT, DRAFT_KEPT_S, files_in, open_log, sweep_drafts, write_whole


def test_a_file_takes_its_place_when_all_is_written(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with write_whole(target) as file:
        file.write(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("failure", [OSError("the disk is full"), KeyboardInterrupt(), ValueError("no such cells")])
def test_after_an_error_the_file_is_as_it_was(tmp_path: Path, failure: BaseException) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")

    def fail() -> None:
        with write_whole(target) as file:
            file.write(b"half")
            raise failure

    with pytest.raises(type(failure)):
        fail()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_drafts_that_nobody_writes_to_any_more_are_swept(tmp_path: Path) -> None:
    left, written, kept = (tmp_path / name for name in (f"left{DRAFT}", f"written{DRAFT}", "kept.bin"))
    for path in (left, written, kept):
        path.write_bytes(b"half")
    long_ago = written.stat().st_mtime - 2 * DRAFT_KEPT_S
    for path in (left, kept):
        os.utime(path, (long_ago, long_ago))
    sweep_drafts(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([written, kept])


def test_a_file_that_goes_meanwhile_is_left_out(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.bin").write_bytes(b"12")
    found = files_in(tmp_path, ".bin")
    first, facts = next(found)
    assert facts.st_size == 2
    for path in tmp_path.iterdir():
        if path != first:
            path.unlink()
    assert list(found) == []
    assert list(files_in(tmp_path / "nowhere", ".bin")) == []


def test_a_log_that_has_grown_too_long_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layers.cache.files.LONGEST_LOG", 10)
    log, former = tmp_path / "log" / "draws.log", tmp_path / "log" / "draws.former"
    for line in (b"first line\n", b"second line\n", b"third line\n"):
        with open_log(log) as file:
            file.write(line)
    assert (former.read_bytes(), log.read_bytes()) == (b"second line\n", b"third line\n")
