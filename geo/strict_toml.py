"""Files that people write (schemes, profiles, remedies, mappings): TOML held to its declared form, one wording."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from geo.errors import SchemeError

# What a kind of fault is called; names in braces are those pydantic gives with it.
_WORDS: Final[Mapping[str, str]] = {
    "extra_forbidden": "this key is not known",
    "missing": "this key is missing",
    **dict.fromkeys(("string_type", "string_unicode"), "a text expected"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number expected"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number expected"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false expected"),
    **dict.fromkeys(("list_type", "tuple_type", "set_type"), "a list expected"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "a table expected"),
    "finite_number": "a finite number expected",
    "greater_than": "a number above {gt} expected",
    "greater_than_equal": "{ge} or more expected",
    "less_than": "a number below {lt} expected",
    "less_than_equal": "{le} or less expected",
    "literal_error": "{expected} expected",
    "string_too_short": "at least {min_length} characters expected",
    "string_too_long": "at most {max_length} characters expected",
    "too_short": "at least {min_length} of them expected",
    "too_long": "at most {max_length} of them expected",
}
_GIVEN: Final = 40  # characters of what stands there that a refusal repeats


class StrictModel(BaseModel):
    """A file, or a table of one; an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Form = TypeVar("Form", bound=StrictModel)


def parse_toml(form: type[Form], text: str, *, source: str) -> Form:
    """Return what a TOML text says, checked against its form.

    Parameters
    ----------
    form : the keys of the file and what each may hold.
    text : the TOML.
    source : file name that a refusal speaks of.

    Returns
    -------
    Form : one value of ``form``.

    Raises
    ------
    SchemeError : not TOML, or a key that is unknown, missing or holds what it may not; names file and key.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SchemeError(f"{source}: not valid TOML: {error}") from None
    except RecursionError:
        raise SchemeError(f"{source}: not valid TOML: lists or tables lie too deep in each other") from None
    try:
        return form.model_validate(document)
    except ValidationError as error:
        faults = [(_find_keys(document, fault), fault) for fault in error.errors(include_url=False)]
    first = faults[0][0]
    # A key that takes a text or a table has a fault for each; what is wrong inside the table it has says most.
    keys, fault = max(
        (one for one in faults if one[0][: len(first)] == first),
        key=lambda one: (len(one[0]), one[1]["type"] not in ("string_type", "model_type")),
    )
    raise SchemeError(f"{source}: {'.'.join(keys) or 'the file'}: {_say_fault(fault)}")


def _say_fault(fault: Mapping[str, Any]) -> str:
    """Return what was expected, and what stands there where that is one text or number."""
    words = _WORDS.get(fault["type"])
    if words is None:
        return str(fault["msg"].removeprefix("Value error, "))
    with_it = {
        name: f"{value:g}" if isinstance(value, float) else value for name, value in fault.get("ctx", {}).items()
    }
    said, given = words.format(**with_it), fault["input"]
    if fault["type"] == "extra_forbidden" or not isinstance(given, str | int | float) or len(str(given)) > _GIVEN:
        return said
    return f"{said}, got {str(given).lower() if isinstance(given, bool) else repr(given)}"


def _plain(value: Any) -> Any:
    return f"{value:g}" if isinstance(value, float) else value


def _find_keys(document: Any, fault: Mapping[str, Any]) -> list[str]:
    """Return the keys of the document that a fault is at; other parts of its path name a kind of value."""
    *path, last = fault["loc"] or ("",)
    keys = []
    for part in (*path, last):
        inside = dict(enumerate(document)) if isinstance(document, list) else document
        if isinstance(inside, Mapping) and part in inside:
            document = inside[part]
            keys.append(str(part))
    return [*keys, str(last)] if fault["type"] == "missing" else keys


def list_shipped(folder: str) -> tuple[str, ...]:
    """Return the names of the TOML files that come with the package.

    Parameters
    ----------
    folder : folder of ``geo``: schemes or profiles.

    Returns
    -------
    tuple of str : names without ``.toml``, in alphabetical order.
    """
    files = (resources.files("geo") / folder).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def read_shipped_or_file(name_or_path: str | Path, *, folder: str, thing: str) -> tuple[str, str]:
    """Return the text of a file that comes with the package, by name, or of any other file, by path.

    Parameters
    ----------
    name_or_path : a name of ``list_shipped(folder)``, or where a file lies.
    folder : folder of ``geo``: schemes or profiles.
    thing : what the file is, for refusals.

    Returns
    -------
    (str, str) : the text, and the file name that refusals speak of.

    Raises
    ------
    SchemeError : there is no such file, or its text is not UTF-8.
    """
    wanted = str(name_or_path)
    if wanted in list_shipped(folder):
        return (resources.files("geo") / folder / f"{wanted}.toml").read_text(encoding="utf-8"), f"{wanted}.toml"
    path = Path(wanted)
    otherwise = f"there is no {thing} '{path.name}': give one of {', '.join(list_shipped(folder))}, or a TOML file"
    return read_text(path, otherwise=otherwise), path.name


def read_text(path: Path, *, otherwise: str) -> str:
    """Return the text of a file.

    Parameters
    ----------
    path : where it lies.
    otherwise : sentence of the refusal where there is no such file.

    Returns
    -------
    str : the whole text.

    Raises
    ------
    SchemeError : there is no such file, or its text is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")  # editors on Windows begin a file with a mark
    except OSError:
        raise SchemeError(otherwise) from None
    except UnicodeDecodeError:
        raise SchemeError(f"{path.name}: the text is not UTF-8") from None
