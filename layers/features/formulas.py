"""Texts that a spreadsheet would run: marked where they are written into a table, unmarked where one is read.

The mark is the one spreadsheets know, an apostrophe in front. What is marked and unmarked is what it was.
"""

from __future__ import annotations

MARK = "'"
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet may run a text that begins with one (CWE-1236)


def guarded(text: str) -> str:
    """Return a text no spreadsheet takes for a formula."""
    return f"{MARK}{text}" if text.lstrip(MARK).startswith(FORMULA_SIGNS) else text


def unguarded(text: str) -> str:
    """Return the text that ``guarded`` was given."""
    return text[1:] if text.startswith(MARK) and text.lstrip(MARK).startswith(FORMULA_SIGNS) else text
