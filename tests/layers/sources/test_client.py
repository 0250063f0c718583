"""The HTTP client against every fault of a server; a file is whole or it is not there."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from layers.errors import SourceUnavailable
from layers.sources.client import Budget, Client, NotThere, Version
from tests.clients.mirror import Answer, Mirror, running_mirror

HOSTS = frozenset({"127.0.0.1"})
CONTENT = bytes(range(256)) * 1_000  # 256,000 bytes: several pieces


class Patience:
    """Notes how long it would have been waited."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with running_mirror() as running:
        yield running


@pytest.fixture
def patience() -> Patience:
    return Patience()


@pytest.fixture
def client(patience: Patience) -> Iterator[Client]:
    opened = Client(Budget(10**9), wait=patience)
    yield opened
    opened.close()


def test_a_file_comes_whole_and_is_not_sent_again_as_long_as_it_is_the_same(
    mirror: Mirror, client: Client, tmp_path: Path
) -> None:
    url, target = mirror.put("/a.tif", CONTENT), tmp_path / "a.tif"
    version = client.fetch(url, HOSTS, target)
    assert target.read_bytes() == CONTENT
    assert version is not None
    assert (version.size, version.sha256, version.day) == (256_000, hashlib.sha256(CONTENT).hexdigest(), "2026-05-28")
    assert client.fetch(url, HOSTS, target, known=version) is None
    mirror.put("/a.tif", b"other")
    assert client.fetch(url, HOSTS, target, known=version) != version
    assert target.read_bytes() == b"other"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif"]


def test_what_was_cut_goes_on_where_it_was_cut(mirror: Mirror, client: Client, tmp_path: Path) -> None:
    url = mirror.put("/a.tif", CONTENT)
    mirror.fault("/a.tif", Answer(CONTENT, cut=100_000), Answer(CONTENT, cut=50_000))
    client.fetch(url, HOSTS, tmp_path / "a.tif", checksum=f"md5:{hashlib.md5(CONTENT).hexdigest()}")
    assert (tmp_path / "a.tif").read_bytes() == CONTENT
    starts = [int(asked.headers["Range"][6:-1]) for asked in mirror.asked("/a.tif") if "Range" in asked.headers]
    assert len(starts) == 2
    assert 0 < starts[0] <= 100_000 < starts[1] <= 150_000


def test_it_goes_on_in_another_process(mirror: Mirror, client: Client, tmp_path: Path) -> None:
    url = mirror.put("/a.tif", CONTENT)
    mirror.fault("/a.tif", *[Answer(CONTENT, cut=30_000)] * 5)
    with pytest.raises(SourceUnavailable, match=r"a\.tif did not come whole in 5 tries; the same command goes on"):
        client.fetch(url, HOSTS, tmp_path / "a.tif")
    assert not (tmp_path / "a.tif").exists()
    again = Client(Budget(CONTENT.__len__() - 100_000))  # not enough for all of it from the beginning
    assert again.fetch(url, HOSTS, tmp_path / "a.tif") is not None
    again.close()
    assert (tmp_path / "a.tif").read_bytes() == CONTENT


@pytest.mark.parametrize("heeds", [True, False])
def test_parts_of_two_versions_are_never_joined(mirror: Mirror, client: Client, tmp_path: Path, heeds: bool) -> None:
    newer = CONTENT[::-1]
    url = mirror.put("/a.tif", newer, heeds_if_range=heeds)
    mirror.fault("/a.tif", Answer(CONTENT, cut=100_000))
    client.fetch(url, HOSTS, tmp_path / "a.tif")
    assert (tmp_path / "a.tif").read_bytes() == newer


def test_a_part_without_a_validator_begins_anew(mirror: Mirror, client: Client, tmp_path: Path) -> None:
    bare = {"ETag": "", "Last-Modified": ""}
    url = mirror.put("/a.tif", CONTENT, headers=bare)
    mirror.fault("/a.tif", Answer(CONTENT[::-1], cut=100_000, headers=bare))
    client.fetch(url, HOSTS, tmp_path / "a.tif")
    assert (tmp_path / "a.tif").read_bytes() == CONTENT
    assert all("Range" not in asked.headers for asked in mirror.asked("/a.tif"))


def test_a_busy_server_is_waited_for_as_long_as_it_asks(
    mirror: Mirror, client: Client, patience: Patience, tmp_path: Path
) -> None:
    url = mirror.put("/a.tif", CONTENT)
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    mirror.fault(
        "/a.tif",
        Answer(status=429, headers={"Retry-After": "7"}),
        Answer(status=503, headers={"Retry-After": soon}),
        Answer(status=503),
    )
    client.fetch(url, HOSTS, tmp_path / "a.tif")
    assert patience.pauses == [7.0, pytest.approx(40.0, abs=5.0), 8.0]
    assert (tmp_path / "a.tif").read_bytes() == CONTENT


def test_who_asks_for_an_hour_is_left_for_another_day(mirror: Mirror, client: Client, tmp_path: Path) -> None:
    url = mirror.put("/a.tif", CONTENT)
    mirror.fault("/a.tif", Answer(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(SourceUnavailable, match=r"127\.0\.0\.1 is busy and asks to come back in 60 minutes\."):
        client.fetch(url, HOSTS, tmp_path / "a.tif")
    assert len(mirror.log) == 1


def test_a_server_that_stays_away_is_tried_five_times(
    mirror: Mirror, client: Client, patience: Patience, tmp_path: Path
) -> None:
    mirror.fault("/a.tif", *[Answer(status=503)] * 9)
    with pytest.raises(SourceUnavailable, match=r"127\.0\.0\.1 does not answer\."):
        client.fetch(mirror.url + "/a.tif", HOSTS, tmp_path / "a.tif")
    assert (len(mirror.log), patience.pauses) == (5, [2.0, 4.0, 8.0, 16.0])


def test_a_closed_port_is_told(client: Client, patience: Patience, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(SourceUnavailable, match="does not answer"):
        client.fetch(f"http://127.0.0.1:{port}/a", HOSTS, tmp_path / "a")
    assert len(patience.pauses) == 4


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b"<!DOCTYPE html><p>Moved"), "answers with a page for people instead of the file"),
        (Answer(b"\n <HTML>login"), "answers with a page for people"),
        (Answer(b"{}", headers={"Content-Type": "text/html; charset=utf-8"}), "answers with a page for people"),
        (Answer(status=403), "answers with status 403"),
        (Answer(status=500), "answers with status 500"),
    ],
)
def test_what_is_no_file_is_refused(mirror: Mirror, client: Client, tmp_path: Path, answer: Answer, said: str) -> None:
    target = tmp_path / "a.tif"
    target.write_bytes(b"of yesterday")
    mirror.answers["/a.tif"] = answer
    with pytest.raises(SourceUnavailable, match=said):
        client.fetch(mirror.url + "/a.tif", HOSTS, target)
    with pytest.raises(SourceUnavailable, match=said):
        client.ask(mirror.url + "/a.tif", HOSTS)
    assert target.read_bytes() == b"of yesterday"


def test_a_file_that_is_not_there_is_told_apart(mirror: Mirror, client: Client, tmp_path: Path) -> None:
    with pytest.raises(NotThere, match=r"b\.tif: 127\.0\.0\.1 has no such file\."):
        client.fetch(mirror.url + "/b.tif", HOSTS, tmp_path / "b.tif")
    with pytest.raises(NotThere):
        client.measure(mirror.url + "/b.tif", HOSTS)


def test_a_wrong_sum_leaves_nothing_of_it(mirror: Mirror, client: Client, tmp_path: Path) -> None:
    target = tmp_path / "a.tif"
    target.write_bytes(b"of yesterday")
    url = mirror.put("/a.tif", CONTENT)
    for wrong in ("md5:" + "0" * 32, "sha256:" + "0" * 64):
        with pytest.raises(SourceUnavailable, match="has not the checksum that is published for it"):
            client.fetch(url, HOSTS, target, checksum=wrong)
    assert target.read_bytes() == b"of yesterday"
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".part"]


def test_a_redirect_leads_only_to_hosts_that_were_named(mirror: Mirror, client: Client, tmp_path: Path) -> None:
    mirror.put("/b.tif", CONTENT)
    for status, leads in ((302, f"{mirror.other}/b.tif"), (307, "/c.tif")):
        mirror.answers["/a.tif"] = Answer(status=status, headers={"Location": leads})
        mirror.put("/c.tif", CONTENT)
        if leads.startswith("http"):
            with pytest.raises(SourceUnavailable, match="leads to http://localhost, which its source does not name"):
                client.fetch(mirror.url + "/a.tif", HOSTS, tmp_path / "a.tif")
        client.fetch(mirror.url + "/a.tif", HOSTS | {"localhost"}, tmp_path / "a.tif")
        assert (tmp_path / "a.tif").read_bytes() == CONTENT
    for leads in ("http://example.org/x", "ftp://127.0.0.1/x", "file:///etc/hostname"):
        mirror.answers["/a.tif"] = Answer(status=301, headers={"Location": leads})
        with pytest.raises(SourceUnavailable, match="leads to"):
            client.fetch(mirror.url + "/a.tif", HOSTS | {"example.org"}, tmp_path / "a.tif")
    mirror.answers["/a.tif"] = Answer(status=301, headers={"Location": "/a.tif"})
    with pytest.raises(SourceUnavailable, match="from address to address without end"):
        client.fetch(mirror.url + "/a.tif", HOSTS, tmp_path / "a.tif")


def test_no_more_comes_than_is_allowed_and_the_next_goes_on(mirror: Mirror, tmp_path: Path) -> None:
    url = mirror.put("/a.tif", CONTENT)
    small = Client(Budget(150_000))
    with pytest.raises(SourceUnavailable, match=r"More than 0\.00015 GB would come, which OBOD_FETCH_GB allows"):
        small.fetch(url, HOSTS, tmp_path / "a.tif")
    small.close()
    another = Client(Budget(150_000))
    assert another.fetch(url, HOSTS, tmp_path / "a.tif") is not None
    another.close()
    assert (tmp_path / "a.tif").read_bytes() == CONTENT


def test_size_is_told_without_content(mirror: Mirror, client: Client) -> None:
    url = mirror.put("/a.tif", CONTENT)
    assert client.measure(url, HOSTS) == 256_000
    mirror.answers["/a.tif"] = Answer(status=405)
    assert client.measure(url, HOSTS) is None
    assert [asked.method for asked in mirror.log] == ["HEAD", "HEAD"]


def test_an_unknown_host_is_not_asked(client: Client, tmp_path: Path) -> None:
    known = Version("https://example.org/a")
    with pytest.raises(SourceUnavailable):
        client.fetch(known.url, HOSTS, tmp_path / "a", known=known)
