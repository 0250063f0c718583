"""Three languages: nothing untranslated, nothing stale, each alphabet in its own order."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.language import translate as translation
from api.language.translate import (
    LANGUAGES,
    Language,
    day,
    language_of,
    local_name,
    name_district,
    number,
    read_catalogue,
    sort_key,
    translate,
    unreviewed,
)
from api.language.wording import CODES, label_of
from api.messages import messages, update
from layers.catalogue import BY_NAME
from layers.catalogue.base import STAFF

TRANSLATED = [lang for lang in LANGUAGES if lang != "en"]
PLACEHOLDER = re.compile(r"\{(\w+)\}")
TAJIK_LETTERS = set("абвгғдеёжзиӣйкқлмнопрстуӯфхҳчҷшъэюя")  # the 35 letters of the Tajik alphabet
ONLY_TAJIK = set("ғӣқӯҳҷ")


@pytest.fixture(scope="module", name="wanted")
def _wanted() -> list[str]:
    return messages()


@pytest.mark.parametrize("lang", TRANSLATED)
def test_every_text_is_translated_and_no_entry_is_left_over(lang: translation.Language, wanted: list[str]) -> None:
    known = {entry.id: entry.string for entry in read_catalogue(lang) if entry.id}
    assert [message for message in wanted if not known.get(message)] == []
    assert sorted(known) == sorted(wanted)


@pytest.mark.parametrize("lang", TRANSLATED)
def test_translations_keep_what_is_filled_in(lang: translation.Language) -> None:
    for entry in read_catalogue(lang):
        if entry.id:
            assert sorted(PLACEHOLDER.findall(str(entry.string))) == sorted(PLACEHOLDER.findall(str(entry.id))), (
                entry.id
            )


def test_each_language_is_written_in_its_own_alphabet() -> None:
    for entry in read_catalogue("tg"):
        cyrillic = {letter for letter in str(entry.string).casefold() if "а" <= letter <= "ӿ"}
        assert cyrillic <= TAJIK_LETTERS, (entry.id, entry.string)
    for entry in read_catalogue("ru"):
        assert not ONLY_TAJIK & set(str(entry.string).casefold()), (entry.id, entry.string)


def test_unreviewed_texts_are_counted(wanted: list[str]) -> None:
    for lang in TRANSLATED:
        marked = unreviewed(lang)
        assert {entry.id for entry in marked} <= set(wanted)
        po = (translation.CATALOGUES / lang / "LC_MESSAGES" / "obod.po").read_text()
        assert po.count("# unreviewed\n") == len(marked)


def test_bringing_catalogues_up_to_date_changes_nothing_when_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {lang: _catalogue_of(translation.CATALOGUES, lang).read_text() for lang in TRANSLATED}
    for lang, text in before.items():
        _catalogue_of(tmp_path, lang).parent.mkdir(parents=True)
        _catalogue_of(tmp_path, lang).write_text(text)
    monkeypatch.setattr(translation, "CATALOGUES", tmp_path)
    monkeypatch.setattr("api.messages.CATALOGUES", tmp_path)
    update()
    assert {lang: _catalogue_of(tmp_path, lang).read_text() for lang in TRANSLATED} == before


def test_a_missing_text_falls_back_from_tajik_to_russian_to_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    for lang, text in (("tg", 'msgid "Water"\nmsgstr "Об"\n'), ("ru", 'msgid "Soil"\nmsgstr "Почва"\n')):
        _catalogue_of(tmp_path, lang).parent.mkdir(parents=True)
        _catalogue_of(tmp_path, lang).write_text(header + text)
    monkeypatch.setattr(translation, "CATALOGUES", tmp_path)
    translation._texts.cache_clear()
    try:
        assert [translate(text, "tg") for text in ("Water", "Soil", "Slope")] == ["Об", "Почва", "Slope"]
        assert [translate(text, "ru") for text in ("Water", "Soil")] == ["Water", "Почва"]
    finally:
        translation._texts.cache_clear()


@pytest.mark.parametrize(
    ("requested", "accepted", "expected"),
    [
        ("tg", "ru", "tg"),
        ("RU", None, "ru"),
        (None, "ru-RU,ru;q=0.9,en-US;q=0.8", "ru"),
        (None, "fr;q=1, en;q=0.4, tg;q=0.7", "tg"),
        (None, "ru;q=0, en;q=0.1", "en"),
        (None, "uz,ky;q=0.8", "tg"),
        ("xx", "ru", "ru"),
        (None, None, "en"),
        (None, "*", "en"),
        (None, "ru;q=many, en", "en"),
    ],
)
def test_language_is_the_link_s_then_the_reader_s(requested: str | None, accepted: str | None, expected: str) -> None:
    assert language_of(requested, accepted) == expected


def test_numbers_and_dates_are_written_as_in_the_language() -> None:
    assert number(12345.678, "en", digits=1) == "12,345.7"
    assert number(12345.678, "ru", digits=1) == "12\xa0345,7"
    assert number(12345.678, "tg", digits=1) == "12\xa0345,7"
    assert number(None, "tg") == "–"
    assert [number(-1.3330449515774948e30, lang, digits=2) for lang in ("en", "ru")] == ["-1.33E30", "−1,33E30"]
    assert number(1e308, "tg") == "1E308"
    assert number(999_999_999_999_999.0, "en") == "999,999,999,999,999"
    assert [day(date(2026, 5, 9), lang) for lang in LANGUAGES] == ["09.05.2026", "09.05.2026", "9 May 2026"]


def test_tajik_words_stand_in_the_order_of_the_tajik_alphabet() -> None:
    ordered = ["Варзоб", "Гулистон", "Ғафуров", "Данғара", "Ёвон", "Исфара", "Ӣ", "Йигит", "Кӯлоб", "Қубодиён"]
    ordered += ["Лахш", "Тоҷикобод", "Тошкент", "Улуғ", "Ӯротеппа", "Фархор", "Хуросон", "Ҳисор", "Чилгазӣ", "Ҷайҳун"]
    shuffled = sorted(ordered, reverse=True)
    assert sorted(shuffled, key=lambda name: sort_key(name, "tg")) == ordered
    assert sorted(ordered) != ordered  # code points would put ғ ӣ қ ӯ ҳ ҷ after я


def test_russian_takes_yo_as_ye_and_english_ignores_accents() -> None:
    assert sorted(["Ёлка", "Ель", "Еж"], key=lambda name: sort_key(name, "ru")) == ["Еж", "Ёлка", "Ель"]
    assert sorted(["Zoé", "zoa", "Zof"], key=lambda name: sort_key(name, "en")) == ["zoa", "Zoé", "Zof"]


@given(st.text(), st.sampled_from(LANGUAGES))
def test_any_text_has_a_place_in_the_order_and_case_does_not_matter(text: str, lang: translation.Language) -> None:
    assert sort_key(text, lang) == sort_key(text.casefold(), lang)


def test_a_place_is_named_in_the_language_or_the_next_known_one() -> None:
    names = {"tg": "Қубодиён", "ru": "Кубодиён", "en": None}
    assert [local_name(names, lang) for lang in LANGUAGES] == ["Қубодиён", "Кубодиён", "Қубодиён"]
    assert local_name({}, "tg", otherwise="TJ.KL.KA") == "TJ.KL.KA"


def test_every_code_of_every_attribute_has_plain_words(wanted: list[str]) -> None:
    known = set(wanted)
    for layer in BY_NAME.values():
        for name, about in layer.attributes(STAFF).items():
            if name in ("right_class", "layer"):  # rights keep their codes; layers are named by their titles
                continue
            drawn = layer.card.legend if name == layer.card.drawn_by else {}
            assert [code for code in about.values if code not in drawn and code not in CODES] == [], (layer, name)
            assert all(label_of(layer, name, code) in known for code in about.values), (layer, name)


def _catalogue_of(root: Path, lang: str) -> Path:
    return root / lang / "LC_MESSAGES" / "obod.po"


@pytest.mark.parametrize(
    ("room", "text"),
    [
        ("api/content", "Only the first {rows} rows are in this file; more match."),
        ("api/maps", "Boundaries are not official."),
        ("api/routes", "No jamoat recorded"),
    ],
)
def test_texts_are_collected_from_modules_in_every_room(room: str, text: str, wanted: list[str]) -> None:
    home = Path(translation.__file__).parents[2]
    assert any(text in module.read_text(encoding="utf-8") for module in (home / room).rglob("*.py"))
    assert text in wanted


@pytest.mark.parametrize(
    ("name", "lang", "called"),
    [
        ("Раштский", "ru", "Раштский район"),
        ("Дусти", "ru", "район Дусти"),
        ("Джалолиддина Балхи", "ru", "район Джалолиддина Балхи"),
        ("Раштский район", "ru", "Раштский район"),
        ("Rasht", "ru", "район Rasht"),
        ("Рашт", "tg", "ноҳияи Рашт"),
        ("ноҳияи Рашт", "tg", "ноҳияи Рашт"),
        ("шаҳри Кӯлоб", "tg", "шаҳри Кӯлоб"),
        ("Rasht", "en", "Rasht district"),
        ("Rasht District", "en", "Rasht District"),
    ],
)
def test_the_word_for_a_district_stands_where_grammar_wants_it(name: str, lang: Language, called: str) -> None:
    assert name_district(name, lang) == called
