"""Which code a result follows from, as a digest that a comment or a docstring does not change."""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import geo
from layers.cache import array_cache
from layers.grids import rasters, resampling

TABLES = {".toml", ".csv"}  # endings of files of geo that hold figures

# What only says or warms up what the rest computes; a test holds that no result is computed from these.
SAYS_ONLY = (
    "warm_up.py",
    "programme",
    "suitability/explanation.py",
    "suitability/remedies.py",
    "suitability/remedies.toml",
    "household_fit/explanation.py",
    "household_fit/remedies.py",
    "household_fit/remedies.toml",
)


@lru_cache
def science_digest() -> str:
    """Return the digest, hex, of the code and tables that results follow from, comments and docstrings left out."""
    home = Path(geo.__file__).parent
    digest = hashlib.sha256()
    for source in sorted(home.rglob("*")):
        name = source.relative_to(home).as_posix()
        if name.startswith(SAYS_ONLY):
            continue
        if source.suffix == ".py":
            digest.update(f"{name}\n{bare_code(source.read_text(encoding='utf-8'))}".encode())
        elif source.suffix in TABLES:
            digest.update(name.encode() + b"\n" + source.read_bytes())
    return digest.hexdigest()


@lru_cache
def findings_digest() -> str:
    """Return the digest, hex, of the science, of how rasters are read and of how kept arrays are laid out."""
    digest = hashlib.sha256(science_digest().encode())
    for module in (rasters, resampling, array_cache):
        digest.update(bare_code(Path(str(module.__file__)).read_text(encoding="utf-8")).encode())
    return digest.hexdigest()


def code_version() -> str:
    """Return the version of the package and a digest of the science it scores with: ``0.1.0+geo.1a2b3c4d``."""
    return f"{metadata.version('obod')}+geo.{science_digest()[:8]}"


def bare_code(source: str) -> str:
    """Return Python source without comments, docstrings and blank lines; the same in every version of Python.

    Raises
    ------
    SyntaxError : ``source`` is not Python.
    """
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        docstring = _docstring(node)
        if docstring is not None:
            for row in range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1):
                lines[row - 1] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _docstring(node: ast.AST) -> ast.Expr | None:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
        first = node.body[0]
        alone = isinstance(node, ast.Module) or first.lineno > node.lineno
        if alone and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            return first if isinstance(first.value.value, str) else None
    return None
