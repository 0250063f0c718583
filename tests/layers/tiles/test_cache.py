"""Finished tiles: one maker for a crowd, one place per tile, a newer version over the older."""

from __future__ import annotations

import gzip
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

import layers
from layers.cache.folders import Folder
from layers.tiles import cache as tile_cache
from layers.tiles.cache import DISK_ZOOM, ENTRY_BYTES, Place, TileCache
from layers.tiles.layer_tiles import Tile

PLACE = Place("plots", 10, 709, 394, "mvt")


def folder_of(path: Path) -> Folder:
    return Folder("tiles", path, 1_000_000_000)


class Maker:
    """Makes a tile and counts how often it had to."""

    def __init__(self, body: bytes = b"tile", note: str = "") -> None:
        self.tile = Tile(body, note)
        self.made = 0

    def __call__(self) -> Tile:
        self.made += 1
        return self.tile


def never() -> Tile:
    raise AssertionError("the tile is there and must not be made again")


def test_a_tile_is_made_once_and_then_comes_from_memory_or_disk(tmp_path: Path) -> None:
    cache, maker = TileCache(folder_of(tmp_path)), Maker(b"shape" * 100, "3 of 9 left out")
    first = cache.get(PLACE, "1", maker)
    assert gzip.decompress(first.body) == b"shape" * 100
    assert first.note == "3 of 9 left out"
    assert cache.get(PLACE, "1", never) == first
    assert TileCache(folder_of(tmp_path)).get(PLACE, "1", never) == first
    assert maker.made == 1


def test_a_new_version_takes_the_place_of_the_old(tmp_path: Path) -> None:
    cache = TileCache(folder_of(tmp_path))
    old = cache.get(PLACE, "1", Maker(b"old"))
    new = cache.get(PLACE, "2", Maker(b"new"))
    assert (gzip.decompress(old.body), gzip.decompress(new.body)) == (b"old", b"new")
    assert old.etag != new.etag
    assert TileCache(folder_of(tmp_path)).get(PLACE, "2", never) == new
    assert len(list(tmp_path.rglob("*.mvt"))) == 1


def test_what_other_code_made_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    TileCache(folder_of(tmp_path)).get(PLACE, "1", Maker(b"before"))
    monkeypatch.setattr(tile_cache, "code_digest", lambda: "an update")
    assert gzip.decompress(TileCache(folder_of(tmp_path)).get(PLACE, "1", Maker(b"now")).body) == b"now"
    TileCache(folder_of(tmp_path)).get(PLACE, "1", never)


def test_the_same_content_has_the_same_tag_whatever_its_version(tmp_path: Path) -> None:
    cache = TileCache(folder_of(tmp_path))
    assert cache.get(PLACE, "1", Maker(b"same")).etag == cache.get(PLACE, "2", Maker(b"same")).etag


def test_places_that_differ_in_anything_are_apart(tmp_path: Path) -> None:
    cache = TileCache(folder_of(tmp_path))
    places = [
        PLACE,
        replace(PLACE, variant="STAFF"),
        replace(PLACE, variant="PARTNER"),
        replace(PLACE, x=710),
        replace(PLACE, layer="canals"),
        replace(PLACE, suffix="png"),
    ]
    for number, place in enumerate(places):
        cache.get(place, "1", Maker(str(number).encode()))
    fresh = TileCache(folder_of(tmp_path))
    for number, place in enumerate(places):
        assert gzip.decompress(fresh.get(place, "1", never).body) == str(number).encode()


def test_a_crowd_waits_for_one_maker(tmp_path: Path) -> None:
    cache, began, may_end = TileCache(folder_of(tmp_path)), threading.Event(), threading.Event()
    made = []

    def slow() -> Tile:
        made.append(threading.get_ident())
        began.set()
        assert may_end.wait(10)
        return Tile(b"once")

    with ThreadPoolExecutor(12) as crowd:
        answers = [crowd.submit(cache.get, PLACE, "1", slow) for _ in range(12)]
        assert began.wait(10)
        may_end.set()
        assert {gzip.decompress(answer.result().body) for answer in answers} == {b"once"}
    assert len(made) == 1


def _count(folder: Path, queue: object) -> None:
    def make() -> Tile:
        with (folder / "made").open("a") as file:
            file.write("x")
        return Tile(b"shared")

    queue.put(TileCache(folder_of(folder)).get(PLACE, "1", make).body)  # type: ignore[attr-defined]


def test_workers_share_what_one_of_them_made(tmp_path: Path) -> None:
    context = get_context("fork")
    queue = context.Queue()
    workers = [context.Process(target=_count, args=(tmp_path, queue)) for _ in range(3)]
    for worker in workers:
        worker.start()
    bodies = {gzip.decompress(queue.get(timeout=60)) for _ in workers}
    for worker in workers:
        worker.join()
    assert bodies == {b"shared"}
    assert (tmp_path / "made").read_text() == "x"


@pytest.mark.parametrize("damage", [b"", b"{}", b"not json\nbody", b'{"version":"1"}\nbody'])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: bytes) -> None:
    TileCache(folder_of(tmp_path)).get(PLACE, "1", Maker(b"good"))
    (tmp_path / PLACE.file).write_bytes(damage)
    assert gzip.decompress(TileCache(folder_of(tmp_path)).get(PLACE, "1", Maker(b"again")).body) == b"again"


def test_a_file_cut_short_is_made_again(tmp_path: Path) -> None:
    TileCache(folder_of(tmp_path)).get(PLACE, "1", Maker(b"good" * 50))
    path = tmp_path / PLACE.file
    path.write_bytes(path.read_bytes()[:-3])
    assert gzip.decompress(TileCache(folder_of(tmp_path)).get(PLACE, "1", Maker(b"again")).body) == b"again"


def test_memory_is_bounded_and_the_last_used_stay(tmp_path: Path) -> None:
    cache = TileCache(folder_of(tmp_path), memory_bytes=2 * (100 + ENTRY_BYTES) + 50)
    deep = [replace(PLACE, z=DISK_ZOOM + 1, x=x) for x in range(3)]  # too deep for the disk: memory only
    bodies = [bytes([65 + x]) * 100 for x in range(3)]
    for place, body in zip(deep, bodies, strict=True):
        cache.get(place, "1", Maker(body), compress=False)
        cache.get(deep[0], "1", never)
    assert cache.get(deep[2], "1", never, compress=False).body == bodies[2]
    forgotten = Maker(bodies[1])
    cache.get(deep[1], "1", forgotten, compress=False)
    assert forgotten.made == 1
    assert not list(tmp_path.rglob("*.mvt"))


@pytest.mark.parametrize("nothing", [Tile(b""), Tile(b"a picture", blank=True)])
def test_a_tile_that_shows_nothing_is_not_on_disk_even_where_something_was(tmp_path: Path, nothing: Tile) -> None:
    cache, other = TileCache(folder_of(tmp_path)), replace(PLACE, x=1)
    cache.get(PLACE, "1", Maker(b"something"))
    assert len(list(tmp_path.rglob("*.mvt"))) == 1
    for place in (PLACE, other):
        assert gzip.decompress(cache.get(place, "2", lambda: nothing).body) == nothing.body
        cache.get(place, "2", never)
    assert not list(tmp_path.rglob("*.mvt"))


def test_what_is_not_to_lie_on_disk_is_kept_in_memory_and_never_read_from_there(tmp_path: Path) -> None:
    cache = TileCache(folder_of(tmp_path))
    cache.get(PLACE, "1", Maker(b"asked"), on_disk=False)
    cache.get(PLACE, "1", never, on_disk=False)
    assert not list(tmp_path.rglob("*.mvt"))
    again = Maker(b"asked")
    TileCache(folder_of(tmp_path)).get(PLACE, "1", again, on_disk=False)
    assert again.made == 1


def test_tiles_without_a_body_fill_memory_too(tmp_path: Path) -> None:
    cache = TileCache(folder_of(tmp_path), memory_bytes=100 * ENTRY_BYTES)
    for x in range(500):
        cache.get(replace(PLACE, z=DISK_ZOOM, x=x), "1", Maker(b""))
    first = Maker(b"")
    cache.get(replace(PLACE, z=DISK_ZOOM, x=0), "1", first)
    assert first.made == 1
    assert len(cache._memory) <= 100


def test_a_disk_that_takes_nothing_only_costs_speed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache, maker = TileCache(folder_of(tmp_path)), Maker(b"tile")
    (tmp_path / "plots").write_text("a file where a folder should be")
    assert gzip.decompress(cache.get(PLACE, "1", maker).body) == b"tile"
    assert cache.get(PLACE, "1", never).version == "1"
    assert "cannot be kept" in caplog.text


def test_a_disk_that_lets_nobody_lock_only_costs_what_workers_share(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file where a folder should be")
    cache, maker = TileCache(folder_of(tmp_path)), Maker(b"tile")
    with ThreadPoolExecutor(8) as crowd:
        found = list(crowd.map(lambda _: cache.get(PLACE, "1", maker), range(8)))
    assert {gzip.decompress(tile.body) for tile in found} == {b"tile"}
    assert maker.made == 1


def test_a_maker_that_fails_leaves_nothing_and_the_next_one_tries(tmp_path: Path) -> None:
    cache = TileCache(folder_of(tmp_path))

    def failing() -> Tile:
        raise RuntimeError("database away")

    with pytest.raises(RuntimeError):
        cache.get(PLACE, "1", failing)
    assert gzip.decompress(cache.get(PLACE, "1", Maker(b"tile")).body) == b"tile"


@pytest.mark.parametrize("changed", ["catalogue/land.py", "features/features.py", "tiles/mvt.py", "records/runs.py"])
def test_a_change_in_any_room_empties_the_tiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    home = Path(layers.__file__).parent
    for source in home.rglob("*.py"):
        target = tmp_path / source.relative_to(home)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    monkeypatch.setattr(layers, "__file__", str(tmp_path / "__init__.py"))
    before = tile_cache.code_digest.__wrapped__()
    with (tmp_path / changed).open("a") as file:
        file.write("\nADDED = 1\n")
    assert tile_cache.code_digest.__wrapped__() != before
