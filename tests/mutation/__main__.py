"""Change the science in one place at a time and see whether its tests notice: ``make mutants``.

Each change is made in a copy of the tree, and the tests named for its module run on it, kernels compiled again. What no
test notices is listed in ``tests/mutation/survivors.txt``; a reason written there after ``: no matter,`` stays with the
change, which then counts as one that no input can tell from the code as it is.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from tests.mutation.changes import Change, changes
from tests.mutation.runs import Runs

ROOT = Path(__file__).parents[2]
REPORT = Path(__file__).with_name("survivors.txt")
REASON = ": no matter, "
SEED, COUNT = 2026, 10_000  # more than a module has
SUITABILITY = "tests/geo/suitability/"
SLOW = f"{SUITABILITY}test_slow_reference.py"
# What is compiled holds constants as they were, so that only the plain reference is looked at.
COMPILED = "--deselect=tests/geo/crops/test_ratings.py::test_the_compiled_ranking_is_that_of_one_crop_after_the_other"
CROPS = (
    COMPILED,
    *(f"tests/geo/crops/test_{name}.py" for name in ("ratings", "slow_crops", "field_school")),
    f"{SUITABILITY}test_field_school.py",
    f"{SUITABILITY}test_crop_choice.py",
)
# Module -> tests that are to notice a change of it, the narrowest first: they run until one fails.
MODULES: dict[str, Sequence[str]] = {
    "geo/suitability/kernels/combination.py": ("tests/geo/suitability/test_combination.py", SLOW),
    "geo/suitability/rating.py": (
        f"{SUITABILITY}test_rating.py",
        f"{SUITABILITY}test_suitability.py",
        f"{SUITABILITY}test_explanation.py",
    ),
    "geo/contract/memberships.py": ("tests/geo/contract", f"{SUITABILITY}test_suitability.py"),
    "geo/hazard/levels.py": ("tests/geo/hazard/test_levels.py", "tests/geo/measures/test_hazard.py"),
    "geo/water/irrigation.py": (
        "tests/geo/water/test_published.py",
        "tests/geo/water/test_irrigation.py",
        "tests/geo/water/need",
        "tests/geo/measures/test_water_by_month.py",
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
        # As long as all others together, and no more than they see.
        f"--deselect={SUITABILITY}test_remedies.py::test_no_set_that_only_repairs_beats_the_potential",
        f"{SUITABILITY}test_slow_remedies.py",
        f"{SUITABILITY}test_field_school.py",
        f"{SUITABILITY}test_remedies.py",
    ),
}


def main(arguments: Sequence[str]) -> int:
    """Change the modules named, or all, and write the report; modules not named keep their lines in it."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="What changes do tests notice?")
    parser.add_argument("module", nargs="*", choices=[*MODULES, []], help="path of a module; all unless one is named")
    parser.add_argument("--draw", type=int, default=COUNT, help="changes of a module drawn at random; all unless said")
    parser.add_argument("--again", action="store_true", help="only those the report lists, where tests were added")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("geo", "layers", "api", "scripts", "tests"):
            shutil.copytree(ROOT / name, tree / name)
        shutil.copy2(ROOT / "pyproject.toml", tree)
        for module in asked.module or MODULES:
            drawn = changes((ROOT / module).read_text(encoding="utf-8"), asked.draw, SEED)
            before = _told().get(module, [])
            known = {line.partition(REASON)[0] for line in before}
            tried = [change for change in drawn if not asked.again or _line(change) in known]
            with Runs(tree, module, MODULES[module]) as runs:
                if not runs.hold():
                    sys.stderr.write(f"{module}: its tests fail as it is\n")
                    return 1
                alive = [change for change in tried if runs.hold(change.source)]
            lines = list(_tell(module, len(drawn), alive, before))
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            sys.stdout.flush()
            told = _told() | {module: lines}
            REPORT.write_text("".join(f"{line}\n" for name in MODULES for line in told.get(name, [])), encoding="utf-8")
    return 0


def _tell(module: str, drawn: int, alive: Sequence[Change], before: Iterable[str]) -> Iterable[str]:
    """Return the lines of a module: how many changes were noticed of those that matter, and one for each other."""
    reasons = dict(line.split(REASON, 1) for line in before if REASON in line)
    lines = [_line(change) for change in alive]
    matter = sum(line not in reasons for line in lines)
    equal = len(lines) - matter
    yield f"{module}: {drawn - len(lines)} of {drawn - equal} noticed" + (f", {equal} do not matter" if equal else "")
    for line in lines:
        yield line + (f"{REASON}{reasons[line]}" if line in reasons else "")


def _line(change: Change) -> str:
    return f"  {change.where}: {change.was} -> {change.now}"


def _told() -> dict[str, list[str]]:
    """Return what the report says so far, by module."""
    lines = REPORT.read_text(encoding="utf-8").splitlines() if REPORT.exists() else []
    heads = [number for number, line in enumerate(lines) if not line.startswith(" ")] + [len(lines)]
    return {lines[a].partition(":")[0]: lines[a:b] for a, b in pairwise(heads)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
