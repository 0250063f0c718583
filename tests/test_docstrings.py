"""Examples in docstrings are run: what they print is what the code gives."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import api
import geo
import layers
import scripts

PACKAGES = (geo, layers, api, scripts)
ENTRIES = ("__main__", "env")  # run when they are imported
FEWEST = 9  # examples there are at least: a search that finds none is a search in the wrong place


def _modules() -> list[str]:
    names = [package.__name__ for package in PACKAGES]
    for package in PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.rpartition(".")[2] not in ENTRIES and ".versions" not in module.name:
                names.append(module.name)
    return names


@pytest.fixture(scope="module", name="examples")
def _examples() -> dict[str, list[doctest.DocTest]]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = {name: finder.find(importlib.import_module(name), name) for name in _modules()}
    return {name: tests for name, tests in found.items() if tests}


def test_examples_are_found(examples: dict[str, list[doctest.DocTest]]) -> None:
    assert sum(len(test.examples) for tests in examples.values() for test in tests) >= FEWEST


def test_examples_print_what_they_say(examples: dict[str, list[doctest.DocTest]]) -> None:
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for tests in examples.values():
        for test in tests:
            runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
