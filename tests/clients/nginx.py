"""A real nginx with the file that ships, before a service; only where things lie is another than in a container."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx.conf"
START_S = 30.0  # seconds a proxy has to begin


def find_nginx() -> str:
    """Return the program, which `make clients` installs. Debian keeps it where users do not look."""
    found = shutil.which("nginx", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
    assert found is not None, "nginx is not installed (Debian: nginx-light); make clients does it"
    return found


@contextmanager
def proxied(service: str, *, watchers: str = "") -> Iterator[str]:
    """Address of the proxy before a service.

    Parameters
    ----------
    watchers : what the folder of allowed addresses holds, such as ``allow 127.0.0.1;``.
    """
    program = find_nginx()
    with tempfile.TemporaryDirectory(prefix="obod-nginx-") as name, socket.socket() as free:
        place = Path(name)
        place.chmod(0o711)  # nginx serves as another user when it is started by root
        (place / "cache").mkdir()
        (place / "cache").chmod(0o777)
        (place / "obod.d").mkdir()
        (place / "obod.d" / "watchers.conf").write_text(watchers)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        text = CONFIGURATION.read_text()
        for here, there in (
            ("pid /tmp/nginx.pid;", f"pid {place}/nginx.pid;"),
            ("/var/cache/nginx/tiles", f"{place}/cache/tiles"),
            ("/etc/nginx/obod.d", f"{place}/obod.d"),
            ("server api:8000;", f"server {urlsplit(service).netloc};"),
            ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ):
            assert text.count(here) >= 1, here
            text = text.replace(here, there)
        (place / "nginx.conf").write_text(text)
        command = [program, "-p", name, "-c", str(place / "nginx.conf"), "-e", "stderr", "-g", "daemon off;"]
        with (place / "said").open("w") as said, subprocess.Popen(command, stderr=said) as running:
            try:
                _await_port(port, running, place / "said")
                yield f"http://127.0.0.1:{port}"
            finally:
                running.terminate()


def _await_port(port: int, running: subprocess.Popen[bytes], said: Path) -> None:
    until = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
            return
        except OSError:
            assert running.poll() is None, said.read_text()
            assert time.monotonic() < until, "nginx does not begin"
            time.sleep(0.02)
