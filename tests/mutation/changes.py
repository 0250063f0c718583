"""Small changes of a module's code: each is one that a slip of the hand makes and that gives wrong numbers."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
CALLED = {"minimum": "maximum", "maximum": "minimum", "min": "max", "max": "min", "any": "all", "all": "any"}


class Change(NamedTuple):
    """A module with one change: its line and function, how the line reads before and after, the new source."""

    line: int
    where: str
    was: str
    now: str
    source: str


def changes(source: str, count: int, seed: int) -> list[Change]:
    """Return ``count`` changes of a module drawn from all there are, the same for the same seed, by line.

    Parameters
    ----------
    source : code of the module.
    count : how many; all where there are fewer.
    seed : of the draw.

    Returns
    -------
    changes, none of which leaves the code as it was
    """
    tree = ast.parse(source)
    places = [place for place, node in enumerate(ast.walk(tree)) if _changed(node) is not None]
    said = _said_only(tree)
    nodes = list(ast.walk(tree))
    places = [place for place in places if id(nodes[place]) not in said]
    drawn = random.Random(seed).sample(places, min(count, len(places)))
    lines = source.split("\n")
    return sorted(_at(tree, place, lines) for place in drawn)


def _at(tree: ast.Module, place: int, lines: Sequence[str]) -> Change:
    new = copy.deepcopy(tree)
    node = list(ast.walk(new))[place]
    was = ast.unparse(node)
    instead = _changed(node)
    assert instead is not None
    for name, value in ast.iter_fields(instead):
        setattr(node, name, value)
    now = ast.unparse(node)
    source = ast.unparse(ast.fix_missing_locations(new))
    if isinstance(node, ast.expr | ast.stmt) and node.lineno == node.end_lineno:
        code = lines[node.lineno - 1].partition("  # ")[0].encode()
        now = (code[: node.col_offset] + now.encode() + code[node.end_col_offset :]).decode().strip()
        was = code.decode().strip()
    line = getattr(node, "lineno", 0)
    return Change(line, _name_at(tree, line), was, now, source)


def _name_at(tree: ast.Module, line: int) -> str:
    """Return the name of the function or class of a line, which stays when lines are added; else that it is outside."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.lineno <= line <= (node.end_lineno or line):
            return node.name
    return "module"


def _changed(node: ast.AST) -> ast.AST | None:
    """Return a node of the same kind with one thing else, None where nothing is to be changed."""
    new = copy.copy(node)
    if isinstance(new, ast.Compare) and type(new.ops[0]) in COMPARED:
        new.ops = [COMPARED[type(new.ops[0])](), *new.ops[1:]]
    elif isinstance(new, ast.BinOp | ast.AugAssign) and type(new.op) in COUNTED:
        new.op = COUNTED[type(new.op)]()
    elif isinstance(new, ast.BoolOp):
        new.op = ast.Or() if isinstance(new.op, ast.And) else ast.And()
    elif isinstance(new, ast.Constant) and isinstance(new.value, bool):
        new.value = not new.value
    elif isinstance(new, ast.Constant) and isinstance(new.value, int | float):
        new.value = new.value + 1 if isinstance(new.value, int) else new.value * 1.1 + 0.01
    elif isinstance(new, ast.Attribute) and new.attr in CALLED:
        new.attr = CALLED[new.attr]
    elif isinstance(new, ast.Name) and new.id in CALLED:
        new.id = CALLED[new.id]
    else:
        return None
    return new


def _said_only(tree: ast.Module) -> set[int]:
    """Return nodes that compute nothing: annotations, decorators, and bounds of hash tables and caches."""
    found: set[int] = set()
    for node in ast.walk(tree):
        for part in _unread(node):
            found |= {id(inner) for inner in ast.walk(part)}
    return found


def _unread(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield from node.decorator_list
    if isinstance(node, ast.FunctionDef) and node.returns is not None:
        yield node.returns
    if isinstance(node, ast.keyword) and node.arg == "strict":  # a guard: what is zipped is of one length
        yield node.value
    if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
        yield node.annotation
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp | ast.Subscript):
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if names and names[0][:1].isupper() and not names[0].isupper():  # a name of a type
            yield node.value
