"""Folders of what can be made again never hold more than they may, and lose what was used longest ago."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from layers.cache.folders import KINDS, Folder
from layers.settings import get_settings
from tests.clients.process import other_settings

KB = 1_000


def put(folder: Folder, name: str, size: int, used: float) -> Path:
    path = folder.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (used, used))
    return path


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Work of the background is done at once; the keys it was asked for by."""
    asked: list[object] = []

    def ask(_self: object, key: object, work: object) -> None:
        asked.append(key)
        assert callable(work)
        work()

    monkeypatch.setattr("layers.cache.background.Background.ask", ask)
    return asked


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    folder = Folder("tiles", tmp_path, 10 * KB)
    old, mid, new = (put(folder, f"plots/{at}/1.mvt", 3 * KB, at) for at in (1, 2, 3))
    folder.used(old)
    assert folder.make_room(3 * KB)
    assert [path.exists() for path in (old, mid, new)] == [True, False, True]
    assert not folder.make_room(11 * KB)  # larger than the folder: drives out nothing
    assert old.exists()


def test_what_is_in_use_makes_no_room(tmp_path: Path) -> None:
    folder = Folder("features", tmp_path, 10 * KB)
    rested, used = put(folder, "a.arrow", 5 * KB, 1), put(folder, "b.arrow", 5 * KB, 1)
    folder.used(used)
    assert folder.make_room(5 * KB, rested_s=3_600)
    assert (rested.exists(), used.exists()) == (False, True)
    assert not folder.make_room(8 * KB, rested_s=3_600)
    assert used.exists()


@pytest.mark.usefixtures("at_once")
def test_many_small_files_never_take_more_than_the_limit_and_what_all_write_at_once(tmp_path: Path) -> None:
    folder = Folder("tiles", tmp_path, 100 * KB)
    other = Folder("tiles", tmp_path, 100 * KB)  # as another process has it
    for number in range(600):
        for writer in (folder, other):
            path = put(writer, f"{number % 7}/{id(writer)}-{number}.mvt", KB, number + 1)
            writer.wrote(path.stat().st_size)
        held = sum(path.stat().st_size for path in tmp_path.rglob("*.mvt"))
        assert held <= 100 * KB + 2 * 100 * KB / 16 + 2 * KB
    assert (tmp_path / "2" / f"{id(folder)}-597.mvt").exists()  # 597 = 85 * 7 + 2


def test_locks_and_drafts_are_no_entries_and_what_earlier_versions_wrote_goes(tmp_path: Path) -> None:
    folder = Folder("tiles", tmp_path, 10 * KB)
    lock, draft = put(folder, "locks/001.lock", KB, 1), put(folder, "plots/1.draft", KB, 2e12)
    former, tile = put(folder, "a.entries", KB, 1), put(folder, "plots/1.mvt", KB, 1)
    found = folder.look()
    assert (found.entries, found.size_bytes, found.most_bytes, found.where) == (1, KB, 10 * KB, "disk")
    assert found.oldest_s is not None
    assert found.oldest_s > 1e9
    assert not former.exists()
    assert folder.clear() == (1, KB)
    assert (lock.exists(), draft.exists(), tile.exists()) == (True, True, False)
    assert folder.look().oldest_s is None


def test_a_census_waits_for_no_disk(tmp_path: Path, at_once: list[object]) -> None:
    folder = Folder("tiles", tmp_path / "not there", 10 * KB)
    assert folder.census() is None
    found = folder.census()
    assert found is not None
    assert (found.entries, found.size_bytes) == (0, 0)
    assert at_once == [("look", tmp_path / "not there")]


def test_every_kind_on_disk_has_a_limit_that_can_be_set(tmp_path: Path) -> None:
    names = {"tiles": "TILE", "exports": "EXPORT", "jobs": "JOB", "features": "TEXT", "pictures": "PICTURE"}
    names["scoring"] = "SCORING"
    assert names.keys() == KINDS.keys()
    limits = {f"{variable}_CACHE_GB": f"0.{number + 1}" for number, variable in enumerate(names.values())}
    with other_settings(HOME=str(tmp_path), **limits):
        found = {name: Folder.of(name) for name in names}
        assert [folder.most_bytes for folder in found.values()] == [number * 10**8 for number in (1, 2, 3, 4, 5, 6)]
        assert {folder.path for folder in found.values()} <= set(get_settings().made_from_data)
