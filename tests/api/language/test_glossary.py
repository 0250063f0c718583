"""The words of the glossary in both catalogues: corrected pairs, letters, spelling, what is filled in."""

from __future__ import annotations

import re
from string import Formatter
from typing import Final

import pytest

from api.language.translate import UNREVIEWED, Language, number, read_catalogue
from api.language.wording import unit_after_number

CORRECTED: Final = (  # message id, Tajik, Russian
    (
        "Jamoat and registry office",
        "Ҷамоат, шуъбаи САҲШ ё мақоми бақайдгирии молу мулк",
        "Джамоат, отдел ЗАГС или орган регистрации недвижимости",
    ),
    ("Availability", "Ҳолати истифодаи қитъа", "Состояние использования"),
    (
        "Head of gravity water above the plot",
        "Баландии сатҳи оби канал нисбат ба қитъа",
        "Уровень воды в канале относительно участка",
    ),
    (
        "Gates and a turn schedule at the outlet",
        "Дарвозаҳо ва ҷадвали навбати об дар баромадгоҳи об",
        "Затворы и график очереди полива на водовыпуске",
    ),
    (
        "Mines or unexploded ordnance, confirmed",
        "Минаҳо ё лавозимоти ҷангии нотаркида: тасдиқшуда",
        "Мины или неразорвавшиеся боеприпасы: подтверждены",
    ),
    (
        "Mines or unexploded ordnance, suspected",
        "Минаҳо ё лавозимоти ҷангии нотаркида: эҳтимолӣ",
        "Мины или неразорвавшиеся боеприпасы: предполагаются",
    ),
    ("Hazard events", "Ҳодисаҳои хатарноки табиӣ", "Опасные природные явления"),
    (
        "Land and water for families left behind",
        "Замин ва об барои оилаҳои муҳоҷирони меҳнатӣ",
        "Земля и вода для семей трудовых мигрантов",
    ),
    ("Household fit", "Мувофиқат ба хонавода", "Соответствие возможностям домохозяйства"),
    (
        "Not known of the fit: {criteria}.",
        "Барои баҳодиҳии мувофиқат номаълум: {criteria}.",
        "Для оценки соответствия неизвестно: {criteria}.",
    ),
    (
        "Fit of labour at worst, 0-1",
        "Мувофиқати қувваи корӣ дар бадтарин ҳолат, 0–1",
        "Соответствие по рабочим рукам, худший случай, 0–1",
    ),
    (
        "Fit of labour at best, 0-1",
        "Мувофиқати қувваи корӣ дар беҳтарин ҳолат, 0–1",
        "Соответствие по рабочим рукам, лучший случай, 0–1",
    ),
    (
        "Fit of land rights at worst, 0-1",
        "Мувофиқати ҳуқуқи истифодаи замин дар бадтарин ҳолат, 0–1",
        "Соответствие по правам на землю, худший случай, 0–1",
    ),
    (
        "Fit of land rights at best, 0-1",
        "Мувофиқати ҳуқуқи истифодаи замин дар беҳтарин ҳолат, 0–1",
        "Соответствие по правам на землю, лучший случай, 0–1",
    ),
    ("Priority for support", "Афзалият барои дастгирӣ", "Приоритет поддержки"),
    (
        "Left out, so that no household can be told from it.",
        "Нишон дода нашуд, то ягон хонавода аз он шинохта нашавад.",
        "Не показано, чтобы нельзя было узнать отдельную семью.",
    ),
    ("One mother with small children", "Модар танҳо бо кӯдакони хурд", "Мать одна с маленькими детьми"),
    (
        "Ask legal aid about the open dispute",
        "Доир ба баҳси ҳалношуда ба маркази ёрии ҳуқуқӣ муроҷиат кунед",
        "По неурегулированному спору обратитесь за юридической помощью",
    ),
    (
        "Committee of emergency situations",
        "Кумитаи ҳолатҳои фавқулодда ва мудофиаи гражданӣ",
        "Комитет по чрезвычайным ситуациям и гражданской обороне",
    ),
    (
        "Apply to the district authority",
        "Ба мақомоти иҷроияи ҳокимияти давлатии ноҳия ариза диҳед",
        "Подайте заявление в хукумат района",
    ),
    ("District authority", "Мақомоти иҷроияи ҳокимияти давлатии ноҳия", "Хукумат района"),
    (
        "Self-help group or women's committee",
        "Гурӯҳи худёрӣ ё шуъбаи кор бо занон ва оила",
        "Группа самопомощи или отдел по делам женщин и семьи",
    ),
    (
        "Talk to legal aid first; do not apply alone",
        "Аввал ба маркази ёрии ҳуқуқӣ муроҷиат кунед; танҳо ариза надиҳед",
        "Сначала обратитесь в центр юридической помощи; не подавайте заявление в одиночку",
    ),
    ("State reserve", "Замини захираи давлатӣ", "Земля государственного запаса"),
    ("Marginally suitable", "Каммувофиқ", "Ограниченно пригодные"),
    (
        "Marginally suitable: severe limits, only just worth the work",
        "Каммувофиқ: маҳдудиятҳои ҷиддӣ, ба заҳматаш базӯр меарзад",
        "Ограниченно пригодные: сильные ограничения, труд едва окупается",
    ),
    (
        "The class is held at {class}: {reason}.",
        "Дараҷа аз {class} беҳтар намешавад: {reason}.",
        "Класс не лучше {class}: {reason}.",
    ),
    ("Nothing holds this plot back.", "Ин қитъа маҳдудияте надорад.", "Этот участок ничто не ограничивает."),
    ("Low: awareness", "Паст: сокинонро огоҳ кардан", "Низкая: предупредить жителей"),
    ("Evidence", "Эътимоднокӣ", "Достоверность"),
    (
        "Water turns scheduled, April-September",
        "Навбатҳои об аз рӯйи ҷадвал, апрел–сентябр",
        "Очереди полива по графику, апрель–сентябрь",
    ),
    (
        "Water turns delivered, April-September",
        "Навбатҳое, ки об расонида шуд, апрел–сентябр",
        "Очереди полива, когда вода пришла, апрель–сентябрь",
    ),
    ("Water turns delivered", "Ҳиссаи навбатҳое, ки об расонида шуд", "Доля очередей полива, когда вода пришла"),
    (
        "Water turns at night or with heavy gate work",
        "Навбатҳои об, ки шабона ё бо дарвозаҳои вазнинанд",
        "Очереди полива ночью или с тяжёлыми затворами",
    ),
    ("Head of the canal", "Саргаҳи канал", "Головная часть канала"),
    (
        "Repair and clean the canal reach",
        "Таъмир ва тоза кардани қисмати канал",
        "Отремонтировать и очистить участок канала",
    ),
    ("Take the data away", "Боргирии маълумот", "Скачать данные"),
    ("Colour plots by", "Ранги қитъаҳо", "Цвет участков"),
    ("Legend and layers", "Аломатҳои шартӣ ва қабатҳо", "Условные обозначения и слои"),
    (
        "The service did not answer. Try again.",
        "Система ҷавоб надод. Аз нав кӯшиш кунед.",
        "Система не ответила. Попробуйте ещё раз.",
    ),
    ("Ways and services", "Роҳҳо ва хизматрасониҳо", "Дорога и услуги"),
    ("No place of that name is known.", "Ҷойе бо чунин ном ёфт нашуд.", "Место с таким названием не найдено."),
    (
        "Two women of one house, one with small children",
        "Ду зани як хона, яке бо кӯдакони хурд",
        "Две женщины одного дома, у одной маленькие дети",
    ),
    ("Machine service", "Хадамоти кирояи техника", "Прокат сельхозтехники"),
    ("Right class", "Навъи ҳуқуқи истифодаи замин", "Вид права пользования землёй"),
    ("Land rights", "Ҳуқуқи истифодаи замин", "Права пользования землёй"),
    (
        "Check the business registration",
        "Бақайдгирии хоҷагии деҳқониро санҷед",
        "Проверьте регистрацию дехканского хозяйства",
    ),
    ("Water body", "Объекти об", "Водный объект"),
    ("Effective soil depth", "Ғафсии хок, ки ба реша дастрас аст", "Глубина почвы, доступная корням"),
    ("Place names", "Номҳои ҷуғрофӣ", "Географические названия"),
    ("Share of draws in that class, 0-1", "Ҳиссаи санҷишҳо дар ин дараҷа, 0–1", "Доля проб в этом классе, 0–1"),
)
TAJIK: Final = set("абвгғдеёжзиӣйкқлмнопрстуӯфхҳчҷшъэюя")  # spelling rules of 2021: no щ, ы, ь, ц
RUSSIAN: Final = set("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")
FORBIDDEN: Final = {  # spellings and words with another meaning, each with the one to write
    "tg": {
        r"кӯмак": "кумак", r"шӯъба": "шуъба", r"мӯҳлат": "муҳлат", r"мавзӯъ": "мавзуъ", r"мамнӯъ": "мамнуъ",
        r"нерӯ": "неру", r"\bрӯи\b": "рӯйи", r"\bҷое\b": "ҷойе", r"\bҷои\b": "ҷойи", r"релйеф": "релеф",
        r"\bхол\b": "балл", r"синф": "дараҷа", r"баҳогузор": "баҳо дода", r"заминдор": "истифодаи замин",
        r"моликият": "ҳуқуқи истифода", r"фишор": "баландии сатҳи об", r"обпахш": "зери об",
        r"обпарто": "баромадгоҳи об",
        r"содадор": "натрийдор", r"соли серобӣ": "соли сероб", r"нопурра": "намерасида", r"томорқа": "наздиҳавлигӣ",
        r"кумаки ҳуқуқӣ": "ёрии ҳуқуқӣ", r"партофташуда": "муҳоҷирони меҳнатӣ", r"камбизоат": "ниёз",
        r"моҳи (бад|вазнин)тарин": "бадтарин моҳ", r"хоҷаги(?!и деҳқон|и ҷангал|ро танҳо)": "хонавода",
    },
    "ru": {
        r"собственност": "право пользования", r"брошенн": "семьи трудовых мигрантов", r"покинут": "семьи мигрантов",
        r"очерёдности": "очереди полива", r"старик": "пожилые", r"нужд[аеуы]\b": "потребность", r"одинок": "одна",
        r"без рабочих рук": "мало рабочих рук", r"плитк": "тайлы", r"служб": "услуги",
        r"хвост канала": "концевая часть",
    },
}  # fmt: skip
LOOK_ALIKE: Final = re.compile(r"[A-Za-z][а-яёғӣқӯҳҷ]|[а-яёғӣқӯҳҷ][A-Za-z]", re.IGNORECASE)


def _entries(lang: Language) -> dict[str, str]:
    return {str(entry.id): str(entry.string) for entry in read_catalogue(lang) if entry.id}


def _wrong_spellings(lang: str, text: str) -> list[str]:
    return [right for wrong, right in FORBIDDEN[lang].items() if re.search(wrong, text.casefold())]


def _fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize(("message", "tajik", "russian"), CORRECTED)
def test_corrected_texts_stand_as_they_were_corrected(message: str, tajik: str, russian: str) -> None:
    assert (_entries("tg")[message], _entries("ru")[message]) == (tajik, russian)


@pytest.mark.parametrize(("lang", "alphabet"), [("tg", TAJIK), ("ru", RUSSIAN)])
def test_texts_use_the_letters_of_their_alphabet_and_none_that_look_like_them(
    lang: Language, alphabet: set[str]
) -> None:
    for message, text in _entries(lang).items():
        said = re.sub(r"\{\w+\}", " ", text)
        other = {letter for letter in said.casefold() if letter.isalpha() and not letter.isascii()} - alphabet
        assert not {letter for letter in other if "\u0400" <= letter <= "\u052f"}, (message, text)
        assert not LOOK_ALIKE.search(said), (message, text)
    if lang == "tg":
        assert set("ғӣқӯҳҷ") <= set("".join(_entries(lang).values()))


@pytest.mark.parametrize("lang", ["tg", "ru"])
def test_no_text_has_a_spelling_or_word_the_glossary_refuses(lang: Language) -> None:
    assert {message: wrong for message, text in _entries(lang).items() if (wrong := _wrong_spellings(lang, text))} == {}


def test_refused_spellings_are_found() -> None:
    assert _wrong_spellings("tg", "Чӣ кӯмак мекунад аз рӯи ҷадвал") == ["кумак", "рӯйи"]
    assert _wrong_spellings("ru", "Старики ждут дома") == ["пожилые"]
    assert LOOK_ALIKE.search("oб")
    assert not LOOK_ALIKE.search("об, EGM2008")


@pytest.mark.parametrize("lang", ["tg", "ru"])
def test_every_text_fills_in_what_its_message_does(lang: Language) -> None:
    for message, text in _entries(lang).items():
        assert _fields(text) == _fields(message), message


@pytest.mark.parametrize("lang", ["tg", "ru"])
def test_corrected_texts_wait_for_a_native_reader(lang: Language) -> None:
    marked = {entry.id for entry in read_catalogue(lang) if UNREVIEWED in entry.user_comments}
    assert {message for message, _, _ in CORRECTED} <= marked


def test_negative_numbers_have_a_minus_sign_and_no_hyphen() -> None:
    assert [number(-41.21, lang, digits=2) for lang in ("tg", "ru")] == ["\u221241,21", "\u221241,21"]


def test_no_unit_stands_after_a_ratio_a_class_a_level_or_a_count() -> None:
    assert [unit_after_number(unit) for unit in ("ratio", "class", "level", "count", "")] == [""] * 5
    assert unit_after_number("m³/s") == "m³/s"
