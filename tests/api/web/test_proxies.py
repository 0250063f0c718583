"""Where the service lies: below a path, behind proxies that are trusted or not, under hosts it answers for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from layers.errors import LayersError
from layers.settings import get_settings
from tests.clients.process import other_settings
from tests.worlds.three_districts import RASHT, Land

PROXY, STRANGER = ("10.1.2.3", 50_000), ("192.0.2.7", 50_000)
TILE = "/tiles/plots/15/22789/12520.mvt"
SAID = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "land.example.org", "X-Forwarded-Prefix": "/deep/obod"}


@contextmanager
def served(client: tuple[str, int] = STRANGER, **variables: str) -> Iterator[TestClient]:
    """A client of a service with these settings."""
    named = {name.upper(): value for name, value in variables.items()}
    with other_settings(**named), TestClient(create_app(), raise_server_exceptions=False, client=client) as opened:
        yield opened


def links(client: TestClient, address: str = "/tiles/plots.json", **fields: str) -> str:
    """Where the answer says the tiles are."""
    answer = client.get(address, headers=fields)
    assert answer.status_code == 200, answer.text
    found = answer.json()["tiles"][0]
    assert isinstance(found, str)
    return found.removesuffix("/tiles/plots/{z}/{x}/{y}.mvt")


def test_the_service_lies_below_a_path_whether_a_proxy_takes_it_off_or_not(land: Land) -> None:
    assert land.rows
    with served(root_path="/obod") as client:
        for address in ("/tiles/plots.json", "/obod/tiles/plots.json"):
            assert links(client, address) == "http://testserver/obod"
        page = client.get("/obod/").text
        assert client.get("/obod").text == page
        assert '"/static/' not in page
        assert '"/obod/static/' in page
        listed = client.get(f"/obod/districts/{RASHT}/plots?limit=1").json()["links"]
        assert all(link["href"].startswith(f"http://testserver/obod/districts/{RASHT}/plots") for link in listed)
        framed = client.get("/obod/maps/plots").headers
        assert "frame-ancestors *" in framed["content-security-policy"]
        for _ in range(2):  # made, then kept
            assert client.get(f"/obod{TILE}").status_code == 200
        assert client.get("/obod/nothing").status_code == 404
        assert client.get("/openapi.json").json()["servers"][0]["url"] == "/obod"


def test_a_trusted_proxy_says_where_the_service_lies(land: Land) -> None:
    assert land.rows
    with served(PROXY, trusted_proxies="10.0.0.0/8, 2001:db8::1") as client:
        assert links(client, **SAID) == "https://land.example.org/deep/obod"
        assert links(client) == "http://testserver"
        odd = {"X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "a b", "X-Forwarded-Prefix": "//evil.example"}
        assert links(client, **odd) == "http://testserver"


def test_nobody_else_is_believed(land: Land) -> None:
    assert land.rows
    for client, trusted in ((STRANGER, "10.0.0.0/8"), (PROXY, ""), (("nobody", 1), "10.0.0.0/8")):
        with served(client, trusted_proxies=trusted) as opened:
            assert links(opened, **SAID) == "http://testserver"


def test_a_service_answers_for_its_hosts_only(land: Land) -> None:
    assert land.rows
    with served(allowed_hosts="Land.example.org, *.obod.example, [::1]") as client:
        for host in ("land.example.org", "LAND.example.org:8443", "rasht.obod.example", "[::1]:8000"):
            assert client.get("/layers", headers={"Host": host}).status_code == 200, host
        for host in (
            "evil.example",
            "obod.example",
            "land.example.org.evil.example",
            "evil.example:80@land.example.org",
        ):
            answer = client.get("/layers", headers={"Host": host})
            assert (answer.status_code, answer.headers["content-type"]) == (421, "application/problem+json"), host
            assert "content-security-policy" in answer.headers
            assert host not in answer.text
            assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TRUSTED_PROXIES", "10.0.0.0/8, nginx", "'nginx' is not an address or network"),
        ("ALLOWED_HOSTS", "https://land.example.org", "is not a host such as"),
        ("ALLOWED_HOSTS", "land.example.org:443", "without a port"),
        ("ROOT_PATH", "obod/", "OBOD_ROOT_PATH is not understood"),
    ],
)
def test_a_setting_nobody_understands_is_refused(name: str, value: str, told: str) -> None:
    with other_settings(**{name: value}), pytest.raises(LayersError, match=told):
        get_settings()
