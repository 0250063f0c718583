"""The whole of ``make demo`` after installing: from an empty folder to an answer, and to nothing left running."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from layers.postgres.cluster import Cluster

ROOT = Path(__file__).parents[3]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    Cluster(tmp_path / "home").remove()


@pytest.mark.heavy
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_up_serves_a_scored_region_and_stops_everything(home: Path, ending: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OBOD_")}
    environment |= {"OBOD_HOME": str(home), "OBOD_PORT": str(port)}
    command = [sys.executable, "-m", "scripts", "up", "--plots", "1000"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        said, printed = [], ""
        for line in running.stdout:
            said.append(line.partition(":")[0])
            printed += line
            if said[-1] == "Staff key":
                break
        assert said[-5:] == ["Planner", "GIS officer", "NGO worker", "Programmer", "Staff key"]
        secret = (home / "staff.key").read_text().strip().rpartition("_")[2]
        assert len(secret) == 64
        assert secret not in printed
        assert "obod key show-demo" in printed
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/districts") as answer:
            districts = json.load(answer)
        second = {**environment, "OBOD_PORT": str(port + 1)}
        refused = subprocess.run(command, cwd=ROOT, env=second, capture_output=True, text=True)
        assert (refused.returncode, "already" in refused.stderr) == (1, True)
        assert Cluster(home).status().running
        running.send_signal(ending)
        running.wait(120)
    assert sum(district["plots"] for district in districts) == 1_000
    assert not Cluster(home).status().running
