"""How the service was addressed: below which path, by which host, through which proxies.

What a proxy says of the request it passes on (``X-Forwarded-*``) counts only if the proxy is trusted; from anybody else
it is left out. A proxy may take the path below which the service lies off a request, or leave it on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from api.web.errors import Problem, problem
from api.web.policy import route_path, security_headers

PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+", re.ASCII)
HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", re.ASCII)
OTHER_HOST: Final = Problem(421, "other-host", "This service does not answer for that host")
OPEN_TO_ALL: Final = ("/healthz", "/readyz")  # asked by whoever watches the machine, under any name
FORWARDED: Final = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-prefix")

Network = IPv4Network | IPv6Network


class Proxies:
    """ASGI middleware: makes of a request what it was before trusted proxies, and refuses other hosts.

    Parameters
    ----------
    root_path : below which the service lies, such as ``/obod``; '' = none.
    trusted : networks of proxies whose word counts.
    hosts : names it answers for, ``*.example.org`` for all below one; none = any.
    """

    def __init__(self, app: ASGIApp, root_path: str, trusted: Sequence[Network], hosts: Sequence[str]) -> None:
        self.app = app
        self._root_path = root_path
        self._trusted = trusted
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            root_path = self._root_path
            told = {name: value.decode("latin-1") for name, value in scope["headers"] if name in FORWARDED}
            if told:
                scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in FORWARDED]
                if self._is_trusted((scope.get("client") or ("",))[0]):
                    root_path = self._believe(scope, told) or root_path
            if root_path:
                _place_below(scope, root_path)
            if self._hosts and not self._answers_for(scope):
                answer = problem(OTHER_HOST, "This service does not answer for the host that was asked.")
                answer.headers.update(security_headers(route_path(scope)))
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _is_trusted(self, address: str) -> bool:
        try:
            asked = ip_address(address)
        except ValueError:
            return False
        return any(asked in network for network in self._trusted if network.version == asked.version)

    def _believe(self, scope: Scope, told: dict[bytes, str]) -> str:
        """Take over what a trusted proxy says; return the path it serves this below, '' if it says none."""
        if (scheme := told.get(b"x-forwarded-proto", "").strip().lower()) in ("http", "https"):
            scope["scheme"] = scheme
        # Each proxy adds whom it was asked by: the last that is not trusted itself is the client.
        passed = [part.strip() for part in told.get(b"x-forwarded-for", "").split(",") if part.strip()]
        client = next((part for part in reversed(passed) if not self._is_trusted(part)), None)
        if client is not None:
            scope["client"] = (client, 0)
        host = told.get(b"x-forwarded-host", "").strip().lower()
        if HOST.fullmatch(host):
            others = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope["headers"] = [(b"host", host.encode()), *others]
        prefix = told.get(b"x-forwarded-prefix", "").strip().rstrip("/")
        return prefix if PREFIX.fullmatch(prefix) else ""

    def _answers_for(self, scope: Scope) -> bool:
        if route_path(scope) in OPEN_TO_ALL:
            return True
        asked = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        found = HOST.fullmatch(asked.lower())
        if found is None:
            return False
        name = found["name"]
        return any(name == host or (host.startswith("*.") and name.endswith(host[1:])) for host in self._hosts)


def _place_below(scope: Scope, root_path: str) -> None:
    """Say that the service lies below a path, and what is asked for within it."""
    path, raw = scope["path"], scope.get("raw_path", scope["path"].encode())
    if path == root_path:
        path, raw = f"{path}/", raw + b"/"
    elif not path.startswith(f"{root_path}/"):
        path, raw = root_path + path, root_path.encode() + raw
    scope.update(path=path, raw_path=raw, root_path=root_path)
