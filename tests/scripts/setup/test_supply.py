"""What is installed is pinned, told with its licences, and the same for everybody."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from scripts.setup.bill import UNTOLD, licence_of, licence_page, make_bill, page_packages, pinned_names
from scripts.setup.pin_images import images_in, pin

ROOT = Path(__file__).parents[3]
DIGEST = "sha256:" + "0123456789abcdef" * 4


def test_every_package_of_python_is_pinned_by_hash() -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / "constraints.txt").read_text().strip())
    for entry in entries:
        first, *hashes = [line.strip(" \\") for line in entry.splitlines()]
        assert re.fullmatch(r"[a-z0-9.-]+==[0-9a-z.+!]+( ; .*)?", first), first
        assert hashes, first
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes), first
    pinned = {entry.split("==")[0] for entry in entries}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {re.split(r"[^A-Za-z0-9._-]", text)[0].lower() for text in wanted} <= pinned
    assert {"setuptools", "uv"} <= pinned


def test_another_file_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    wheel = "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(tmp_path / wheel, "w") as archive:
        archive.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        archive.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("thing-1.0.dist-info/RECORD", "")
    pinned = f"thing @ {(tmp_path / wheel).as_uri()} --hash={DIGEST}\n"
    (tmp_path / "constraints.txt").write_text(pinned)
    command = ["uv", "pip", "install", "--offline", "--require-hashes", "-r", "constraints.txt", "--target", "there"]
    uv = ROOT / ".venv" / "bin" / "uv"
    said = subprocess.run([uv, *command[1:]], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode != 0
    assert "Hash mismatch" in said.stderr


def test_images_are_pinned_and_pinned_anew() -> None:
    texts = [(ROOT / name).read_text() for name in ("docker-compose.yml", "Dockerfile")]
    assert images_in(texts) == ["debian:bookworm-slim", "nginx:1.26", "postgis/postgis:16-3.4"]
    once = [pin(text, lambda _: DIGEST) for text in texts]
    assert sum(text.count(DIGEST) for text in once) == 4  # the image of Debian twice
    assert f"    image: nginx:1.26@{DIGEST}\n" in once[0]
    assert "    image: obod\n" in once[0]
    assert f"FROM debian:bookworm-slim@{DIGEST} AS build\n" in once[1]
    assert [pin(text, lambda _: DIGEST) for text in once] == once
    assert images_in(once) == images_in(texts)


APPROVED = "License :: OSI Approved ::"
BSD = {"license": {"id": "BSD-3-Clause"}}
LOCK: dict[str, Any] = {
    "packages": {
        "": {"name": "obod", "version": "1"},
        "node_modules/leaflet": {"version": "1.9.4", "integrity": "sha512-AAEC", "license": "BSD-2-Clause"},
        "node_modules/x/node_modules/@scope/y": {"version": "2.0.0", "integrity": "sha256-/w==", "license": "MIT"},
    }
}


def test_packages_of_the_page_stand_in_the_bill_with_their_hashes() -> None:
    first, second = page_packages(LOCK)
    assert (first["purl"], first["hashes"]) == ("pkg:npm/%40scope/y@2.0.0", [{"alg": "SHA-256", "content": "ff"}])
    assert (second["name"], second["hashes"]) == ("leaflet", [{"alg": "SHA-512", "content": "000102"}])


def test_a_bill_names_no_place_and_the_licences_of_all() -> None:
    references = [{"type": "distribution", "url": "file:///somewhere"}]
    python = {
        "bomFormat": "CycloneDX",
        "components": [
            {"name": "obod", "version": "1"},
            {"name": "numpy", "version": "2", "licenses": [{"expression": "BSD-3-Clause AND MIT"}]},
            {"name": "cligj", "version": "3", "externalReferences": references},
            {"name": "Six_Six", "version": "4", "licenses": [{"license": {"name": f"{APPROVED} MIT License"}}]},
            {"name": "two", "version": "6", "licenses": [{"license": {"name": f"{APPROVED} BSD License"}}, BSD]},
            {"name": "odd", "version": "5"},
        ],
    }
    pins = pinned_names("numpy==2 \\\n    --hash=x\nsix-six==4\ncligj==3\nodd==5 ; x\ntwo==6\n")
    bill = make_bill(python, LOCK, pins)
    names = [component["name"] for component in bill["components"]]
    assert names == ["numpy", "cligj", "Six_Six", "two", "odd", "@scope/y", "leaflet"]
    assert "file://" not in json.dumps(bill)
    told = [licence_of(component) for component in bill["components"]]
    assert told == ["BSD-3-Clause AND MIT", "BSD-3-Clause", "MIT", "BSD-3-Clause", UNTOLD, "MIT", "BSD-2-Clause"]
    assert "| MIT | @scope/y 2.0.0, Six_Six 4 |\n" in licence_page(bill)


def test_every_licence_is_told() -> None:
    page = (ROOT / "docs" / "licences.md").read_text()
    assert f"| {UNTOLD} |" not in page
    linked = page.split("| licence |")[1]
    assert not re.search(r"(?<!L)GPL-", linked), "what is linked may not be under the GPL"
