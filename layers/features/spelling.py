"""How names of places are compared: in any script, with the words for what they are, with one letter wrong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Final

from rapidfuzz.distance import OSA

# Letters to a common ground of both scripts. What spellings confuse is made equal: q and k, kh and h, gh and g,
# j and dzh, y and i, o and u after Tajik ӯ.
_LATIN: Final = {
    **dict(zip("абвгғдезийкқлмнопрстуфхҳчҷшэыӣӯ", "abvggdeziikklmnoprstufhhcjseiiu", strict=True)),
    "ё": "io",
    "ж": "z",
    "ц": "ts",
    "щ": "s",
    "ю": "iu",
    "я": "ia",
    "ъ": "",
    "ь": "",
}
_DIGRAPHS: Final = (
    ("dzh", "j"),
    ("dz", "j"),
    ("дж", "ҷ"),
    ("kh", "h"),
    ("gh", "g"),
    ("zh", "z"),
    ("sh", "s"),
    ("ch", "c"),
)
_LETTERS: Final = {"q": "k", "y": "i", "w": "v", "x": "h"}


def spelling_key(name: str) -> str:
    """Return a name as Latin letters that do not depend on script or way of writing.

    Қабодиён, Кабодиён and Qabodiyon have the same key; so have Ҷиргатол and Jirgatol. A key is its own key: letters
    that become a digraph only once they are Latin (qx, written for kh) are read again.
    """
    key = _spell(name)
    while key != name:
        name, key = key, _spell(key)
    return key


def _spell(name: str) -> str:
    text = unicodedata.normalize("NFC", name).casefold()
    for spelled, letter in _DIGRAPHS:
        text = text.replace(spelled, letter)
    latin = "".join(_LATIN.get(letter, letter) for letter in text)
    plain = unicodedata.normalize("NFKD", latin)
    letters = (_LETTERS.get(letter, letter) for letter in plain if letter.isalnum())
    return "".join(letter for letter, _repeated in groupby(letters))


# Words that say what a place is, by the layer that is meant; None: more than one may be (a town can be a district).
_KINDS: Final[Mapping[str | None, str]] = {
    "regions": "вилоят вилояти область области region oblast viloyat viloyati province",
    "districts": "ноҳия ноҳияи район района районе районы district rayon raion nohiya nohiyai nohia",
    "jamoats": "ҷамоат ҷамоати джамоат джамоата jamoat jamoati dzhamoat сельсовет",
    "settlements": "деҳа деҳаи деҳот село села кишлак кишлака посёлок village qishloq kishlak deha dehai",
    "rivers": "дарё дарёи река реки river daryo daryoi",
    None: "шаҳр шаҳри шаҳрак шаҳраки город города г city town of shahr shahri",
}
# Endings of Russian adjectives made of names of places, as keys, the longer ones first; what is left is the name.
_ADJECTIVE: Final = re.compile(r"(?:in|ov|ev)?sk(?:i|aia|oe|ogo|om|omu|oi|uiu|ih)$")
SHORTEST_STEM: Final = 3  # letters; what is left of a shorter word says nothing
SHORTEST_PART: Final = 3  # letters that are looked for inside words
SHORTEST_WRONG: Final = 4  # letters of a name in which one may be wrong
MOST_WORDS: Final = 6  # of what is looked for; nobody is called by more

# How well a name fits what was looked for; less is better.
WHOLE, ALIKE, BEGINNING, LATER_WORD, INSIDE, ONE_WRONG = range(6)


@dataclass(frozen=True)
class Spelling:
    """A name as keys of its words. ``words`` are without those that say what the place is, where others are left."""

    all_words: tuple[str, ...]
    words: tuple[str, ...]

    @cached_property
    def forms(self) -> tuple[tuple[str, ...], ...]:
        """Return the words as they are said, and without what the place is; once where that is the same."""
        return tuple(dict.fromkeys((self.all_words, self.words)))


@dataclass(frozen=True)
class Asked(Spelling):
    """What was looked for, and the layer that is meant where it was said: "Rasht district"."""

    layer: str | None

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """Return what the words may be made of, joined: Раштский of Рашт, Дангаринский of Дангара."""
        *before, last = self.words
        found = _ADJECTIVE.search(last)
        if found is None or found.start() < SHORTEST_STEM:
            return ()
        whole = last[: last.rindex("sk")]
        return tuple(dict.fromkeys("".join((*before, stem)) for stem in (whole, last[: found.start()])))


def spell(name: str) -> Spelling:
    """Return the keys of the words of a name."""
    words = _words(name)
    return Spelling(words, _without_kinds(words))


def read_asked(text: str) -> Asked | None:
    """Return what a text looks for; None where it has no letter or digit, or more words than any name."""
    words = _words(text)
    if not words or len(words) > MOST_WORDS:
        return None
    layers = {_KIND_OF[word] for word in words if word in _KIND_OF} if len(words) > 1 else set()
    layers.discard(None)
    return Asked(words, _without_kinds(words), layers.pop() if len(layers) == 1 else None)


def fit(asked: Asked, name: Spelling) -> int | None:
    """Return how well a name fits, ``WHOLE`` to ``INSIDE``; None where it does not. No match goes across words."""
    found = [one for form in name.forms for words in asked.forms if (one := _fit(words, form)) is not None]
    if any(_made_of(stem, "".join(name.words)) for stem in asked.stems):
        found.append(ALIKE)
    return min(found, default=None)


def one_wrong(asked: Asked, name: Spelling) -> bool:
    """Whether one letter too many, missing, wrong or changed with its neighbour keeps a name from being the one."""
    wanted = "".join(asked.words)
    if len(wanted) < SHORTEST_WRONG:
        return False
    wholes = ("".join(name.words), *name.words)
    return any(OSA.distance(wanted, whole, score_cutoff=1) <= 1 for whole in wholes)


def _fit(asked: tuple[str, ...], name: tuple[str, ...]) -> int | None:
    wanted, whole = "".join(asked), "".join(name)
    if wanted == whole:
        return WHOLE
    if _loose(wanted) == _loose(whole):
        return ALIKE
    starts = [at for at in range(len(name) - len(asked) + 1) if _begins(asked, name[at:])]
    if starts:
        return BEGINNING if starts[0] == 0 else LATER_WORD
    if len(asked) == 1 and len(wanted) >= SHORTEST_PART and any(wanted in word for word in name):
        return INSIDE
    return None


def _begins(asked: tuple[str, ...], name: tuple[str, ...]) -> bool:
    """Whether words are the first ones of a name, the last of them perhaps not yet typed to its end."""
    *whole, last = asked
    return tuple(whole) == name[: len(whole)] and name[len(whole)].startswith(last)


def _made_of(stem: str, name: str) -> bool:
    """Whether a stem is a name but for its last letter: Дангар(а)инский, Восе(й)ский."""
    longer, shorter = (name, stem) if len(name) >= len(stem) else (stem, name)
    return len(shorter) >= SHORTEST_STEM and longer.startswith(shorter) and len(longer) <= len(shorter) + 1


def _loose(key: str) -> str:
    """Letters that keyboards without ҷ make one: ч and ҷ."""
    return key.replace("c", "j")


def _words(text: str) -> tuple[str, ...]:
    parts = re.split(r"[\W_]+", unicodedata.normalize("NFC", text))
    return tuple(key for key in map(spelling_key, parts) if key)


def _without_kinds(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in _KIND_OF) or words


_KIND_OF: Final[Mapping[str, str | None]] = {
    spelling_key(word): layer for layer, words in _KINDS.items() for word in words.split()
}
