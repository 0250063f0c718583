"""Which code a result follows from, as a digest that a comment or a docstring does not change."""

from __future__ import annotations

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
    """Return Python source without comments, strings that stand alone and blank lines; alike in every Python.

    Read from tokens: parsing into a tree fails by chance where threads do it at once (CPython issue 106905).

    Raises
    ------
    tokenize.TokenError : ``source`` is not Python.
    """
    lines = source.splitlines()
    begins, alone = True, None  # whether a statement begins here; the string that may be all of it
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
        elif token.type == tokenize.NEWLINE:
            if alone is not None:
                for row in range(alone.start[0], alone.end[0] + 1):
                    lines[row - 1] = ""
            begins, alone = True, None
        elif token.type not in (tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
            alone = token if begins and token.type == tokenize.STRING else None
            begins = False
    return "\n".join(line.rstrip() for line in lines if line.strip())
