"""Runs of a module's tests, one for each change of it, forked from a process that has read all libraries already."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, ForkProcess
from pathlib import Path
from types import TracebackType
from typing import Any

FORK: ForkContext = multiprocessing.get_context("fork")
LONGEST_S = 300.0  # s; a change that makes the tests hang is noticed
OWN = ("geo", "layers", "api", "scripts", "tests")
# Tests need no database, so that no fixture of all is made.
OPTIONS = ("-x", "-q", "-n", "0", "--noconftest", "-p", "no:cacheprovider", "--assert=plain")


class Runs:
    """The tests of one module in a copy of the tree; the copy is as before after.

    Parameters
    ----------
    tree : the copy of the tree, absolute.
    module : path of the module in it.
    tests : paths of its tests in it.

    Notes
    -----
    Kernels run as plain Python: what they compute is the same, and nothing has to be compiled for each change. A test
    fails or passes by what it reads anew: no bytecode is kept of the copy.
    """

    def __init__(self, tree: Path, module: str, tests: Sequence[str]) -> None:
        self._place = tree / module
        self._before = self._place.read_text(encoding="utf-8")
        self._stamp = self._place.stat()
        self._asked, theirs = FORK.Pipe()
        self._server: ForkProcess = FORK.Process(
            target=_serve, args=(theirs, tree, [*tests, *OPTIONS], "/kernels/" in module)
        )

    def __enter__(self) -> Runs:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._asked.send(False)
        self._server.join()

    def hold(self, source: str | None = None) -> bool:
        """Return whether the tests pass with another source of the module, or as it is; not where they never end."""
        if source is not None:
            self._place.write_text(source, encoding="utf-8")
        try:
            self._asked.send(True)
            return bool(self._asked.recv())
        finally:
            self._place.write_text(self._before, encoding="utf-8")
            # What was compiled of it is still good.
            os.utime(self._place, ns=(self._stamp.st_atime_ns, self._stamp.st_mtime_ns))


def _serve(asked: Connection, tree: Path, options: Sequence[str], plain: bool) -> None:
    """Read the libraries that the tests read, then run the tests in a process of their own each time it is asked."""
    _begin(tree, plain)
    names, theirs = FORK.Pipe(duplex=False)
    first = FORK.Process(target=_collect, args=(theirs, options))
    first.start()
    for name in names.recv():
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    first.join()
    while asked.recv():
        run = FORK.Process(target=_run, args=(options,))
        run.start()
        run.join(LONGEST_S)
        if run.is_alive():
            run.kill()
            run.join()
        asked.send(run.exitcode == 0)


def _begin(tree: Path, plain: bool) -> None:
    """Leave the project's own modules for those of the copy; no code read from it is kept, the next one is another."""
    os.chdir(tree)
    sys.path[:] = [str(tree), *(path for path in sys.path if path and Path(path) != Path.cwd())]
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
        del sys.modules[name]
    sys.dont_write_bytecode = True
    if plain:
        os.environ["NUMBA_DISABLE_JIT"] = "1"
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)


def _collect(theirs: Connection, options: Sequence[str]) -> None:
    import pytest

    pytest.main([*options, "--collect-only"])
    names: list[Any] = [name for name in sys.modules if name.partition(".")[0] not in (*OWN, "__main__", "pytest")]
    theirs.send(names)


def _run(options: Sequence[str]) -> None:
    """End with what the tests end with; a failure is not looked at, so that no smaller example of it is sought."""
    import pytest
    from hypothesis import Phase, settings

    settings.register_profile(
        "quick", deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate]
    )
    settings.load_profile("quick")
    sys.exit(int(pytest.main(list(options))))
