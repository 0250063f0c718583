"""What people type and the place that comes first: other names, other scripts, the kind said, one letter wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.features.places import Gazetteer, Place

BOX = (68.0, 37.0, 69.0, 38.0)

# Code -> names in Tajik, Russian and English, then former and other names. Districts are true ones; of smaller places
# enough to be confused with them.
DISTRICTS = {
    "rasht": ("Рашт", "Рашт", "Rasht", "Гарм", "Ғарм", "Gharm"),
    "lakhsh": ("Лахш", "Лахш", "Lakhsh", "Ҷиргатол", "Джиргиталь", "Jirgatol"),
    "tojikobod": ("Тоҷикобод", "Таджикабад", "Tojikobod"),
    "nurobod": ("Нуробод", "Нурабад", "Nurobod", "Дарбанд"),
    "sangvor": ("Сангвор", "Сангвор", "Sangvor", "Тавилдара"),
    "kulob": ("Кӯлоб", "Куляб", "Kulob"),
    "bokhtar": ("Бохтар", "Бохтар", "Bokhtar", "Қӯрғонтеппа", "Курган-Тюбе", "Qurghonteppa"),
    "kushoniyon": ("Кӯшониён", "Кушониён", "Kushoniyon"),
    "vakhsh": ("Вахш", "Вахш", "Vakhsh"),
    "yovon": ("Ёвон", "Яван", "Yovon"),
    "danghara": ("Данғара", "Дангара", "Danghara"),
    "farkhor": ("Фархор", "Фархор", "Farkhor"),
    "hamadoni": ("Ҳамадонӣ", "Хамадони", "Hamadoni", "Москва", "Moskovskiy"),
    "vose": ("Восеъ", "Восе", "Vose'"),
    "panj": ("Панҷ", "Пяндж", "Panj"),
    "jayhun": ("Ҷайҳун", "Джайхун", "Jayhun", "Қумсангир", "Кумсангир"),
    "jomi": ("Ҷомӣ", "Джоми", "Jomi"),
    "qubodiyon": ("Қубодиён", "Кубодиён", "Qubodiyon", "Қабодиён", "Кабодиён"),
    "shahritus": ("Шаҳритӯс", "Шаартуз", "Shahritus"),
    "nosir": ("Носири Хусрав", "Носири Хусрав", "Nosiri Khusrav", "Бешкент"),
    "khuroson": ("Хуросон", "Хуросон", "Khuroson"),
    "muminobod": ("Мӯъминобод", "Муминабад", "Muminobod"),
    "khovaling": ("Ховалинг", "Ховалинг", "Khovaling"),
    "temurmalik": ("Темурмалик", "Темурмалик", "Temurmalik"),
    "levakand": ("Леваканд", "Леваканд", "Levakand", "Сарбанд"),
}
JAMOATS = {"j-kalanak": ("Қалъанак", "Каланак", "Qal'anak"), "j-navobod": ("Навобод", "Навабад", "Navobod")}
VILLAGES = {
    "v-bogh": ("Боғи Ҳабиб", "Боги Хабиб", "Boghi Habib"),
    "v-rasht": ("Рашти Боло", "Рашти Боло", "Rashti Bolo"),
    "v-navobod": ("Навобод", "Навабад", "Navobod"),
    "v-chorbogh": ("Чорбоғ", "Чорбог", "Chorbogh"),
    "v-obigarm": ("Оби Гарм", "Обигарм", "Obi Garm"),
    "v-hait": ("Ҳоит", "Хаит", "Hoit"),
    "v-jafr": ("Ҷафр", "Джафр", "Jafr"),
}
RIVERS = {
    "r-vakhsh": ("Вахш", "Вахш", "Vakhsh"),
    "r-surkhob": ("Сурхоб", "Сурхоб", "Surkhob"),
    "r-kyzylsu": ("Қизилсу", "Кызылсу", "Qizilsu"),
    "r-panj": ("Панҷ", "Пяндж", "Panj"),
}
REGIONS = {"khatlon": ("Хатлон", "Хатлон", "Khatlon")}

QUERIES = """
Рашт > rasht | рашт > rasht | Rasht > rasht | РАШТ > rasht | Раштский район > rasht | Раштского района > rasht
раштский > rasht | ноҳияи Рашт > rasht | Rasht district > rasht | rasht rayon > rasht | Rasht nohiyai > rasht
Гарм > rasht | Гармский район > rasht | Gharm > rasht | garm > rasht | Рашти Боло > v-rasht | Рашти > v-rasht
Рошт > rasht | Рашд > rasht | Рашжт > rasht | Лахш > lakhsh | Лахшский > lakhsh | Джиргитальский район > lakhsh
Jirgatal > lakhsh | Чиргатол > lakhsh | Lakhs > lakhsh | Точикобод > tojikobod | Таджикабадский > tojikobod
Tojikobot > tojikobod | Нурабадский район > nurobod | Нуробад > nurobod | Тавильдаринский район > sangvor
Кулоб > kulob | Кулябский > kulob | Куляб > kulob | город Куляб > kulob | шаҳри Кӯлоб > kulob | Kulab > kulob
Курган-Тюбе > bokhtar | Курганттюбе > bokhtar | Кургантюбе > bokhtar | Курган Тюбе > bokhtar
Qurgonteppa > bokhtar | Кургонтеппа > bokhtar | Бохтарский > bokhtar | Вахш > vakhsh | Вахшский район > vakhsh
река Вахш > r-vakhsh | дарёи Вахш > r-vakhsh | Vakhsh river > r-vakhsh | Яван > yovon | Яванский район > yovon
Yavan > yovon | Дангара > danghara | Дангаринский район > danghara | Dangara > danghara | Фархорский > farkhor
Хамадонинский > hamadoni | Московский район > hamadoni | Восе > vose | Восейский > vose | Пяндж > panj
Пянджский район > panj | река Пяндж > r-panj | Панч > panj | Чайхун > jayhun | Кумсангирский район > jayhun
Чоми > jomi | Шаартузский район > shahritus | Шахритуз > shahritus | Носири > nosir | Хусрав > nosir
Nosir Khusraw > nosir | Хуросонский > khuroson | Муминобод > muminobod | Муминабадский район > muminobod
Ховалинг район > khovaling | Хавалинг > khovaling | Темурмалек > temurmalik | Сарбанд > levakand
Навобод > j-navobod | деҳаи Навобод > v-navobod | село Навабад > v-navobod | ҷамоати Навобод > j-navobod
Боги Хабиб > v-bogh | Богихабиб > v-bogh | Хабиб > v-bogh | Чорбог > v-chorbogh | Обигарм > v-obigarm
Obigarm > v-obigarm | Хаит > v-hait | Джафр > v-jafr | Чафр > v-jafr | Сурхоб > r-surkhob
дарёи Сурхоб > r-surkhob | Кызылсу > r-kyzylsu | Кызыл-су > r-kyzylsu | Хатлон > khatlon
Хатлонская область > khatlon | вилояти Хатлон > khatlon | Khatlon region > khatlon
"""


def _gazetteer() -> Gazetteer:
    places, names = [], []
    for layer, rows in (
        ("regions", REGIONS),
        ("districts", DISTRICTS),
        ("jamoats", JAMOATS),
        ("settlements", VILLAGES),
        ("rivers", RIVERS),
    ):
        for code, (tg, ru, en, *former) in rows.items():
            places.append(Place(layer, code, {"tg": tg, "ru": ru, "en": en}, None, BOX))
            names += [(layer, code, name) for name in (tg, ru, en, *former)]
    return Gazetteer(places, names)


GAZETTEER = _gazetteer()
ASKED = [tuple(pair.strip() for pair in query.split(">")) for query in QUERIES.replace("\n", "|").split("|") if query]


def test_there_are_enough_of_them() -> None:
    assert len({said for said, _ in ASKED}) == len(ASKED) >= 100


@pytest.mark.parametrize(("said", "code"), ASKED)
def test_the_place_that_was_meant_comes_first(said: str, code: str) -> None:
    found = GAZETTEER.find(said)
    assert [hit.place.code for hit in found[:1]] == [code]


@pytest.mark.parametrize("said", ["гиҳаб", "иҲа", "рихус", "ан-тю", "ти бо хуш"])
def test_no_match_goes_across_the_gap_between_words(said: str) -> None:
    assert GAZETTEER.find(said) == []


@pytest.mark.parametrize("said", ["Рошд", "Кёлан", "Вжш", "Ваш", "Москау", "район", "река"])
def test_two_letters_wrong_or_a_word_for_a_kind_find_nothing(said: str) -> None:
    assert GAZETTEER.find(said) == []


def test_names_with_a_letter_wrong_do_not_stand_beside_the_right_one() -> None:
    assert [hit.place.code for hit in GAZETTEER.find("Панҷ")] == ["panj", "r-panj"]
    assert [hit.place.code for hit in GAZETTEER.find("Навобод")] == ["j-navobod", "v-navobod"]


@given(st.text(max_size=60))
def test_anything_may_be_typed(said: str) -> None:
    assert len(GAZETTEER.find(said)) <= 20


@given(st.sampled_from([(code, name) for code, names in DISTRICTS.items() for name in names]))
def test_a_whole_name_finds_its_district_first(named: tuple[str, str]) -> None:
    code, name = named
    assert GAZETTEER.find(name)[0].place.code == code
    assert GAZETTEER.find(name.upper())[0].place.code == code
