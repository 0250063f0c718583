"""Change the science in one place at a time and see whether its tests notice: ``make mutants``.

Each change is made in a copy of the tree, and the tests named for its module run on it, kernels compiled again. What no
test notices is listed in ``tests/mutation/survivors.txt``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tests.mutation.changes import Change, changes

ROOT = Path(__file__).parents[2]
REPORT = Path(__file__).with_name("survivors.txt")
SEED, COUNT = 2026, 25
LONGEST_S = 300.0  # s; a change that makes the tests hang is noticed
SUITABILITY = "tests/geo/suitability/"
SLOW = f"{SUITABILITY}test_slow_reference.py"
CROPS = ("tests/geo/crops", f"{SUITABILITY}test_crop_choice.py", f"{SUITABILITY}test_field_school.py")
# Module -> tests that are to notice a change of it.
MODULES: dict[str, Sequence[str]] = {
    "geo/suitability/kernels/combination.py": (SLOW,),
    "geo/suitability/rating.py": (f"{SUITABILITY}test_suitability.py", f"{SUITABILITY}test_explanation.py"),
    "geo/contract/memberships.py": ("tests/geo/contract", f"{SUITABILITY}test_suitability.py"),
    "geo/hazard/levels.py": ("tests/geo/hazard/test_levels.py", "tests/geo/measures/test_hazard.py"),
    "geo/water/irrigation.py": (
        "tests/geo/water/test_published.py",
        "tests/geo/water/test_irrigation.py",
        "tests/geo/crops/test_published.py",
    ),
    "geo/water/repair.py": ("tests/geo/water/test_repair.py",),
    "geo/crops/ratings.py": CROPS,
    "geo/crops/climate.py": CROPS,
    "geo/crops/frost.py": ("tests/geo/crops/test_frost.py",),
    "geo/measures/climate.py": ("tests/geo/measures/test_climate.py", f"{SUITABILITY}test_crop_choice.py"),
    "geo/measures/water_by_month.py": ("tests/geo/measures/test_water_by_month.py",),
    "geo/crops/water_months.py": ("tests/geo/measures/test_water_by_month.py",),
    "geo/suitability/value_errors.py": (f"{SUITABILITY}test_value_errors.py",),
    "geo/measures/water_in_reach.py": ("tests/geo/measures/test_water_in_reach.py",),
    "geo/panel/weights.py": ("tests/geo/panel/test_weights.py",),
    "geo/suitability/remedies.py": (
        f"{SUITABILITY}test_slow_remedies.py",
        f"{SUITABILITY}test_remedies.py",
        f"{SUITABILITY}test_field_school.py",
    ),
}


def noticed(tree: Path, module: str, change: Change, tests: Sequence[str]) -> bool:
    """Return whether a test fails, or none ends, with the change in a copy of the tree; the copy is as before after."""
    place = tree / module
    before = place.read_text(encoding="utf-8")
    stamp = place.stat()
    place.write_text(change.source, encoding="utf-8")
    try:
        return not hold(tree, module, tests)
    finally:
        place.write_text(before, encoding="utf-8")
        os.utime(place, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # what was compiled of it is still good


def hold(tree: Path, module: str, tests: Sequence[str]) -> bool:
    """Return whether tests pass in a copy of the tree; they need no database, so that no fixture of all is made.

    Kernels run as plain Python: what they compute is the same, and nothing has to be compiled for each change.
    """
    command = [sys.executable, "-m", "pytest", *tests, "-x", "-q", "-n", "0", "--noconftest", "-p", "no:cacheprovider"]
    plain = {"NUMBA_DISABLE_JIT": "1"} if "/kernels/" in module else {}
    try:
        done = subprocess.run(
            command, cwd=tree, capture_output=True, timeout=LONGEST_S, check=False, env={**os.environ, **plain}
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main(wanted: Sequence[str]) -> int:
    """Change the modules named, or all, and write the report; modules not named keep their lines in it."""
    if strange := [name for name in wanted if name not in MODULES]:
        sys.stderr.write(f"{strange[0]} is not one of {', '.join(MODULES)}\n")
        return 2
    told = dict(_told())
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("geo", "layers", "api", "scripts", "tests"):
            shutil.copytree(ROOT / name, tree / name)
        shutil.copy2(ROOT / "pyproject.toml", tree)
        for module in wanted or MODULES:
            if not hold(tree, module, MODULES[module]):
                sys.stderr.write(f"{module}: its tests fail as it is\n")
                return 1
            drawn = changes((ROOT / module).read_text(encoding="utf-8"), COUNT, SEED)
            alive = [change for change in drawn if not noticed(tree, module, change, MODULES[module])]
            told[module] = [f"{module}: {len(drawn) - len(alive)} of {len(drawn)} noticed"]
            told[module] += [f"  line {change.line}: {change.was} -> {change.now}" for change in alive]
            sys.stdout.write("".join(f"{line}\n" for line in told[module]))
            sys.stdout.flush()
            REPORT.write_text("".join(f"{line}\n" for name in MODULES for line in told.get(name, [])), encoding="utf-8")
    return 0


def _told() -> list[tuple[str, list[str]]]:
    """Return what the report says so far, by module."""
    lines = REPORT.read_text(encoding="utf-8").splitlines() if REPORT.exists() else []
    heads = [number for number, line in enumerate(lines) if not line.startswith(" ")] + [len(lines)]
    return [(lines[a].partition(":")[0], lines[a:b]) for a, b in pairwise(heads)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
