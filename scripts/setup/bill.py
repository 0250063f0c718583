"""Says what is installed: ``python -m scripts.setup.bill`` (``make bill``) writes a software bill of materials.

``bill.cdx.json`` is CycloneDX 1.6, packages of Python and of the page, each with version, licence and, for those of the
page, its hash; those of Python stand in constraints.txt. ``docs/licences.md`` is the same as a table of licences.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

ROOT: Final = Path(__file__).parents[2]
BILL: Final = ROOT / "bill.cdx.json"
PAGE: Final = ROOT / "docs" / "licences.md"
UNTOLD: Final = "not told"
# Licences that packages do not tell in their metadata, from the text of the licence that lies beside it.
FROM_THEIR_TEXT: Final[Mapping[str, str]] = {
    "cligj": "BSD-3-Clause",
    "exactextract": "Apache-2.0",
    "partd": "BSD-3-Clause",
    "protobuf": "BSD-3-Clause",
    "pypdfium2": "Apache-2.0 OR BSD-3-Clause",
    "pyxform": "BSD-2-Clause",
    "pyphen": "LGPL-2.1-or-later",  # one of three to choose from, beside the GPL and the MPL; used unchanged
    "@mapbox/jsonlint-lines-primitives": "MIT",
}
# What metadata say in the words of the package index, as SPDX has it.
CLASSIFIERS: Final[Mapping[str, str]] = {
    "License :: OSI Approved :: BSD License": "BSD",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: MIT License": "MIT",
}
HEAD: Final = """# Licences of what is installed

Written by `make bill`, beside `bill.cdx.json`: packages of Python, those for tests included, and of the page, as
`constraints.txt` and `package-lock.json` pin them. PostgreSQL (PostgreSQL License), PostGIS (GPL-2.0-or-later), nginx
(BSD-2-Clause) and Chromium come from the system and are run as they are, not linked. Wheels of rasterio and pyogrio
hold GDAL (MIT) and what it needs; those of shapely GEOS (LGPL-2.1-or-later), of psycopg libpq (PostgreSQL License).

"""


def installed_packages() -> dict[str, Any]:
    """Return the bill of the packages of Python in this environment."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "bill.json")
        command = [Path(sys.executable).parent / "cyclonedx-py", "environment", "--output-reproducible"]
        options = ["--pyproject", ROOT / "pyproject.toml", "--mc-type", "application", "-o", target, sys.executable]
        subprocess.run([str(part) for part in (*command, *options)], check=True, stderr=subprocess.DEVNULL)
        found: dict[str, Any] = json.loads(target.read_bytes())
    return found


def page_packages(lock: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the packages that a package-lock.json pins, as components of a bill."""
    components = {}
    for place, package in lock["packages"].items():
        name = place.rpartition("node_modules/")[2]
        if not name:
            continue
        address = f"pkg:npm/{quote(name, safe='/')}@{package['version']}"
        algorithm, _, digest = package["integrity"].partition("-")
        components[address] = {
            "type": "library",
            "bom-ref": address,
            "name": name,
            "version": package["version"],
            "purl": address,
            "hashes": [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(digest).hex()}],
            "licenses": [{"expression": package["license"]}] if "license" in package else [],
        }
    return [components[address] for address in sorted(components)]


def licence_of(component: Mapping[str, Any]) -> str:
    """Return the licence of a component, as SPDX writes it where that is known."""
    if component["name"] in FROM_THEIR_TEXT:
        return FROM_THEIR_TEXT[component["name"]]
    told = [
        choice.get("expression") or choice["license"].get("id") or choice["license"].get("name", "")
        for choice in component.get("licenses", ())
    ]
    named = [CLASSIFIERS.get(name, name) for name in told if name != "License :: OSI Approved"]
    exact = [name for name in named if name != "BSD" or not any(other.startswith("BSD-") for other in named)]
    return ", ".join(dict.fromkeys(exact)) or UNTOLD


def pinned_names(constraints: str) -> set[str]:
    """Return the packages of Python that a text of constraints pins, by normalised name."""
    return {normalised(line.partition("==")[0]) for line in constraints.splitlines() if "==" in line}


def normalised(name: str) -> str:
    """Return the name of a package of Python as its index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def make_bill(python: Mapping[str, Any], lock: Mapping[str, Any], pinned: Set[str]) -> dict[str, Any]:
    """Return one bill of both: of what is pinned alone, without places on this machine."""
    components = [
        {name: value for name, value in component.items() if name != "externalReferences"}
        for component in python["components"]
        if normalised(component["name"]) in pinned
    ]
    return {**python, "components": components + page_packages(lock)}


def licence_page(bill: Mapping[str, Any]) -> str:
    """Return the table of licences: each with the packages under it."""
    under = defaultdict(set)
    for component in bill["components"]:
        under[licence_of(component)].add(f"{component['name']} {component['version']}")
    rows = [f"| {licence} | {', '.join(sorted(names, key=str.casefold))} |" for licence, names in sorted(under.items())]
    return HEAD + "\n".join(["| licence | packages |", "|---|---|", *rows]) + "\n"


def main() -> None:
    """Write both files and say where they are."""
    lock, pinned = json.loads((ROOT / "package-lock.json").read_bytes()), (ROOT / "constraints.txt").read_text()
    bill = make_bill(installed_packages(), lock, pinned_names(pinned))
    BILL.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n")
    PAGE.write_text(licence_page(bill))
    sys.stdout.write(f"{len(bill['components'])} packages: {BILL.name}, {PAGE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
