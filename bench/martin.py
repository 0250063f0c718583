"""Martin, a tile server in Rust, on the table the other peers read: built with cargo where cargo is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass

from bench import closed_loop, peers
from bench.closed_loop import Pass

VERSION = "1.14.0"
CACHE_MB = 512  # for finished tiles; all of those measured fit in
BUILD_S = 7_200.0  # seconds the build may take; half an hour on two cores
FEW, MANY = 1, 8  # clients


@dataclass(frozen=True)
class Measured:
    """Passes over the same tiles: never asked before, and asked before by few and by many; bytes of the largest.

    It keeps tiles as the database gave them and packs them for every answer; ``unpacked`` is the pass of many without.
    """

    name: str
    cold: Pass
    again: dict[int, Pass]
    unpacked: Pass
    largest: int


def program() -> str:
    """Return the path of Martin, built of its release if it is not there, with the PostgreSQL source only.

    Raises
    ------
    Missing : cargo is not installed, or it cannot build it.
    """
    folder = peers.CACHE / "environments" / "martin"
    built = folder / "bin" / "martin"
    if not built.exists():
        if shutil.which("cargo") is None:
            raise peers.Missing("cargo is not installed to build it; not measured")
        peers.say("building Martin, which takes half an hour")
        command = ["cargo", "install", "martin", "--version", VERSION, "--locked", "--root", str(folder)]
        features = ["--no-default-features", "--features", "postgres"]
        target = {"CARGO_TARGET_DIR": str(folder / "target"), "CARGO_PROFILE_RELEASE_LTO": "off"}
        ended = subprocess.run(
            [*command, *features], env=os.environ | target, capture_output=True, text=True, timeout=BUILD_S
        )
        shutil.rmtree(folder / "target", ignore_errors=True)
        if ended.returncode:
            raise peers.Missing("cargo cannot build it here; not measured")
    return str(built)


def tiles(url: str, schema: str, addresses: list[tuple[int, int, int]], least_s: float) -> Measured:
    """Ask Martin for tiles of the table ``plots``, as it comes: a worker a core and its own cache.

    Raises
    ------
    Missing : it cannot be had here.
    """
    path = program()
    port = peers.free_port()
    source = {
        "connection_string": url,
        "auto_bounds": "skip",
        "auto_publish": {"from_schemas": [schema], "tables": {"source_id_format": "{table}"}, "functions": False},
    }
    config = peers.CACHE / "martin.yaml"
    said = {
        "listen_addresses": f"127.0.0.1:{port}",
        "cache": {"size_mb": CACHE_MB, "tile_size_mb": CACHE_MB},
        "postgres": source,
    }
    config.write_text(json.dumps(said))  # JSON is YAML
    with ExitStack() as stack:
        base = stack.enter_context(peers.serving([path, "--config", str(config)], "/health", port=port, log="martin"))
        asked = [f"{base}/plots/{z}/{x}/{y}" for z, x, y in addresses]
        closed_loop.get(f"{base}/plots/15/0/0")
        cold = closed_loop.run(asked, FEW)
        again = {n: closed_loop.run(asked, n, least_s=least_s) for n in (FEW, MANY)}
        unpacked = closed_loop.run(asked, MANY, least_s=least_s, fields={"Accept-Encoding": "identity"})
        largest = max(len(closed_loop.get(address).content) for address in asked)
    return Measured(f"martin {VERSION}", cold, again, unpacked, largest)
