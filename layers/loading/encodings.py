"""Text of old files: which bytes stand for which letters, and 8-bit Tajik fonts that draw Tajik on other letters."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path

from layers.errors import DataRefused

TAJIK_FONT = "tajik-font"

# Fonts such as "Times New Roman Tj" draw the six Tajik letters in the places where cp1251 has Serbian, Macedonian
# and Ukrainian ones, so that a text typed with them reads "Љумњурии Тољикистон" in any other font. Other fonts used
# other places: a mapping file may give its own [letters]. Default to calibrate.
TAJIK_LETTERS: Mapping[str, str] = {
    "ѓ": "ғ", "Ѓ": "Ғ",
    "ї": "ӣ", "Ї": "Ӣ",
    "ќ": "қ", "Ќ": "Қ",
    "ў": "ӯ", "Ў": "Ӯ",
    "њ": "ҳ", "Њ": "Ҳ",
    "љ": "ҷ", "Љ": "Ҷ",
}  # fmt: skip

# Language driver of a .dbf, byte 29 of its header (ESRI's list). 0x00, 0x03 and 0x57 ("ANSI") are what programs
# write without knowing, so they are taken as not declared.
DBF_DRIVERS = {0xC9: "cp1251", 0x26: "cp866", 0x65: "cp866", 0xC8: "cp1250", 0x7D: "cp1255", 0x7E: "cp1256"}


class TextDecoder:
    """Turns the bytes of one file into text.

    Parameters
    ----------
    encoding : a Python codec or ``tajik-font``; None = UTF-8. letters : replaced after decoding; for
        ``tajik-font`` the table above where none is given.

    Raises
    ------
    DataRefused : no such encoding.
    """

    def __init__(self, encoding: str | None, letters: Mapping[str, str] | None = None) -> None:
        tajik = encoding is not None and encoding.casefold() == TAJIK_FONT
        self.declared = encoding is not None
        self.codec = "cp1251" if tajik else encoding or "utf-8"
        try:
            codecs.lookup(self.codec)
        except LookupError:
            raise DataRefused(
                f"There is no encoding {encoding}; use a name such as utf-8, cp1251, koi8_t or {TAJIK_FONT}."
            ) from None
        table = letters if letters is not None else TAJIK_LETTERS if tajik else {}
        self._letters = str.maketrans(dict(table))

    def decode(self, raw: bytes, *, prefer_utf8: bool = False, relettered: bool = True) -> str:
        """Return the text of some bytes; raises UnicodeDecodeError.

        Parameters
        ----------
        prefer_utf8 : for formats that are UTF-8 by definition: the encoding then only serves bytes that are not.
        relettered : put the font's letters right too; not in the names of columns.
        """
        try:
            text = raw.decode("utf-8" if prefer_utf8 else self.codec)
        except UnicodeDecodeError:
            if not (prefer_utf8 and self.declared):
                raise
            text = raw.decode(self.codec)
        return text.translate(self._letters) if relettered else text

    def of_utf8(self) -> TextDecoder:
        """Return a decoder of UTF-8 that puts the same letters right."""
        other = TextDecoder("utf-8")
        other._letters = self._letters
        return other

    @property
    def changes_letters(self) -> bool:
        """Whether text that is plain ASCII or UTF-8 already has to be decoded for its letters."""
        return bool(self._letters)


def undecodable(file_name: str, row: int, field: str, raw: bytes, decoder: TextDecoder) -> DataRefused:
    """Return the refusal of a text that is not in the encoding it was read with."""
    if decoder.declared:
        return DataRefused(f"{file_name} row {row}, {field}: the text is not {decoder.codec}; say another --encoding.")
    cyrillic = raw.decode("cp1251", errors="replace")
    letters = [letter for letter in cyrillic if letter.isalpha()]
    share = sum("Ѐ" <= letter <= "ӿ" for letter in letters) / max(len(letters), 1)
    hint = f" In cp1251 it reads {cyrillic[:30]!r}." if share > 0.5 else ""
    return DataRefused(
        f"{file_name} row {row}, {field}: the text is not UTF-8 and the file does not say what it is; "
        f"say --encoding cp1251, {TAJIK_FONT} or another.{hint}"
    )


def dbf_encoding(path: Path) -> str | None:
    """Return the encoding a Shapefile declares: by its .cpg, else by its .dbf; None when neither says."""
    for suffix in (".cpg", ".CPG"):
        if (declared := path.with_suffix(suffix)).exists():
            name = declared.read_text(encoding="ascii", errors="replace").strip()
            if name.isdigit():
                name = f"cp{name}"
            try:
                return codecs.lookup(name).name
            except LookupError:
                return None
    for suffix in (".dbf", ".DBF"):
        if (table := path.with_suffix(suffix)).exists():
            with table.open("rb") as opened:
                header = opened.read(32)
            return DBF_DRIVERS.get(header[29]) if len(header) == 32 else None
    return None
