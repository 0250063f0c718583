"""What is true about the demo region: where it lies, its districts and towns, and the course of its rivers.

Names, codes, populations and centres are those of the domain reference 2.1. Courses were read off the
public-domain GEBCO 2023 grid and rounded to 0.01 degrees and whole metres.
"""

from __future__ import annotations

from dataclasses import dataclass

LonLat = tuple[float, float]
Bounds = tuple[float, float, float, float]  # x_min, y_min, x_max, y_max, metres in EPSG:32642


@dataclass(frozen=True, slots=True)
class Names:
    """A name in the three languages of the service."""

    en: str
    tg: str
    ru: str


@dataclass(frozen=True, slots=True)
class Town:
    """A town or village of true name and place; ``kind`` and ``population`` as the settlements layer has them."""

    key: str
    names: Names
    at: LonLat
    kind: str = "village"
    population: int | None = None


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name a district had, with the last year it was in use (None = not known, or a spelling still met)."""

    names: Names
    used_to: int | None = None


@dataclass(frozen=True, slots=True)
class District:
    """A district of the demo region.

    code : HASC code. short : two letters for the ids of its rows. centre : the town plots gather around.
    share : part of the region's plots. jamoats : true names, in order along the river; empty = none are drawn.
    """

    code: str
    short: str
    region: str
    names: Names
    centre: LonLat
    population: int | None
    share: float
    towns: tuple[Town, ...]
    former: tuple[FormerName, ...] = ()
    jamoats: tuple[Names, ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """A river of true name and course, source to mouth: longitude, latitude, elevation in m.

    upstream_km2 : area drained above the first point, outside the area mapped.
    districts : code of the district on each stretch, with the point of ``points`` where that stretch ends.
    """

    names: Names
    upstream_km2: float
    points: tuple[tuple[float, float, int], ...]
    districts: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """How land and water lie in an area; lengths in m, slopes as ratios.

    All figures are defaults of the demo, chosen to look like the place; none is a survey.
    floor_from_km2 : streams draining more have a farmed floor. wander : how far terrace edges stray, standard
    deviation of the logarithm of their distance from the river. fan_fall : steepness of
    fans against those of the mountains. canal_fall : fall of a main canal.
    intake_every_m : distance between intakes on one bank.
    canals_apart_m : main canals end this near another one. band_m : farthest field below a canal.
    lapse : July and January mean temperature (degC) at ``climate_level_m``.
    """

    bumps_m: float
    ridge_m: float
    floor_reach_m: float
    floor_from_km2: float
    terraces: tuple[tuple[float, float], ...]
    wander: float
    fan_fall: float
    canal_fall: float
    canal_length_m: float
    intake_every_m: float
    canals_apart_m: float
    band_m: float
    pumped_share: float
    july_c: float
    january_c: float
    climate_level_m: float


@dataclass(frozen=True, slots=True)
class Area:
    """One area of interest: bounds on a lattice of 960 m, so that grids of 30 to 960 m nest in it."""

    id: str
    bounds: Bounds
    courses: tuple[Course, ...]
    districts: tuple[District, ...]
    setting: Setting


RASHT = District(
    code="TJ.RR.GA",
    short="ga",
    region="TJ-RA",
    names=Names("Rasht", "Рашт", "Раштский"),
    centre=(70.37, 39.03),
    population=127_400,
    share=0.29,
    towns=(
        Town("gharm", Names("Gharm", "Ғарм", "Гарм"), (70.37, 39.03), "town", 8_000),
        Town("navobod", Names("Navobod", "Навобод", "Навабад"), (70.15, 39.01), "town", 5_000),
        Town("kalanak", Names("Kalanak", "Қалъанак", "Каланак"), (70.51, 39.09)),
    ),
    former=(FormerName(Names("Gharm", "Ғарм", "Гармский"), 2001),),
    jamoats=(
        Names("Navobod", "Навобод", "Навабад"),
        Names("Askalon", "Асқалон", "Аскалон"),
        Names("Obi Mehnat", "Оби Меҳнат", "Оби Мехнат"),
        Names("Rahimzoda", "Раҳимзода", "Рахимзода"),
        Names("Gharm", "Ғарм", "Гарм"),
        Names("Navdi", "Навдӣ", "Навди"),
        Names("Kalai Surkh", "Қалъаи Сурх", "Калаи Сурх"),
        Names("Nusratullo Makhsum", "Нусратулло Махсум", "Нусратулло Махсум"),
        Names("Tagoba", "Тагоба", "Тагоба"),
        Names("Kalanak", "Қалъанак", "Каланак"),
        Names("Hijborak", "Ҳиҷборак", "Хиджборак"),
        Names("Jafr", "Ҷафр", "Джафр"),
        Names("Hoit", "Ҳоит", "Хаит"),
    ),
)
TOJIKOBOD = District(
    code="TJ.RR.TJ",
    short="tj",
    region="TJ-RA",
    names=Names("Tojikobod", "Тоҷикобод", "Таджикабадский"),
    centre=(70.84, 39.12),
    population=None,
    share=0.12,
    towns=(Town("tojikobod", Names("Tojikobod", "Тоҷикобод", "Таджикабад"), (70.84, 39.12)),),
)
LAKHSH = District(
    code="TJ.RR.DZ",
    short="dz",
    region="TJ-RA",
    names=Names("Lakhsh", "Лахш", "Лахшский"),
    centre=(71.19, 39.22),
    population=64_400,
    share=0.14,
    towns=(Town("vahdat", Names("Vahdat", "Ваҳдат", "Вахдат"), (71.19, 39.22), "town", 5_900),),
    former=(FormerName(Names("Jirgatol", "Ҷиргатол", "Джиргитальский"), 2016),),
    jamoats=(
        Names("Nurafshon", "Нурафшон", "Нурафшон"),
        Names("Pildon", "Пилдон", "Пилдон"),
        Names("Surkhob", "Сурхоб", "Сурхоб"),
        Names("Navruz", "Наврӯз", "Навруз"),
        Names("Istiqlol", "Истиқлол", "Истиклол"),
        Names("Lakhsh", "Лахш", "Лахш"),
        Names("Sarital", "Саритал", "Саритал"),
        Names("Sayliobod", "Сайлиобод", "Сайлиобод"),
        Names("Lakhshi Bolo", "Лахши Боло", "Лахши Боло"),
    ),
)
NUROBOD = District(
    code="TJ.RR.DA",
    short="da",
    region="TJ-RA",
    names=Names("Nurobod", "Нуробод", "Нурабадский"),
    centre=(69.97, 38.87),
    population=None,
    share=0.10,
    towns=(Town("darband", Names("Darband", "Дарбанд", "Дарбанд"), (69.97, 38.87)),),
    former=(FormerName(Names("Darband", "Дарбанд", "Дарбандский")),),
)
SANGVOR = District(
    code="TJ.RR.TV",
    short="tv",
    region="TJ-RA",
    names=Names("Sangvor", "Сангвор", "Сангворский"),
    centre=(70.48, 38.70),
    population=23_300,
    share=0.08,
    towns=(
        Town("tavildara", Names("Tavildara", "Тавилдара", "Тавильдара"), (70.48, 38.70)),
        Town("childara", Names("Childara", "Чилдара", "Чильдара"), (70.30, 38.78)),
        Town("sangvor", Names("Sangvor", "Сангвор", "Сангвор"), (71.21, 38.78)),
    ),
    former=(FormerName(Names("Tavildara", "Тавилдара", "Тавильдаринский"), 2016),),
)
QUBODIYON = District(
    code="TJ.KL.KA",
    short="ka",
    region="TJ-KT",
    names=Names("Qubodiyon", "Қубодиён", "Кубодиёнский"),
    centre=(68.18, 37.40),
    population=None,
    share=0.27,
    towns=(Town("qubodiyon", Names("Qubodiyon", "Қубодиён", "Кубодиён"), (68.18, 37.40), "town"),),
    former=(
        FormerName(Names("Qabodiyon", "Қабодиён", "Кабодиён")),
        FormerName(Names("Kabodiyon", "Қабодиён", "Кабадиан")),
    ),
)

VAKHSH = Course(
    names=Names("Surkhob / Vakhsh", "Сурхоб / Вахш", "Сурхоб / Вахш"),
    upstream_km2=6_500.0,
    points=(
        (71.67, 39.03, 3_178),
        (71.69, 39.09, 2_600),
        (71.68, 39.15, 2_173),
        (71.60, 39.15, 2_062),
        (71.54, 39.19, 1_983),
        (71.47, 39.24, 1_910),
        (71.39, 39.27, 1_860),
        (71.34, 39.23, 1_829),
        (71.28, 39.20, 1_794),
        (71.19, 39.19, 1_706),
        (71.12, 39.17, 1_662),
        (71.03, 39.15, 1_613),
        (70.95, 39.15, 1_569),
        (70.87, 39.14, 1_528),
        (70.79, 39.12, 1_494),
        (70.72, 39.09, 1_463),
        (70.65, 39.08, 1_433),
        (70.57, 39.08, 1_402),
        (70.50, 39.06, 1_367),
        (70.42, 39.05, 1_337),
        (70.34, 39.01, 1_310),
        (70.26, 39.00, 1_279),
        (70.18, 39.00, 1_249),
        (70.11, 38.95, 1_225),
        (70.08, 38.89, 1_209),
        (70.01, 38.86, 1_187),
        (69.93, 38.85, 1_151),
        (69.87, 38.80, 1_098),
        (69.83, 38.74, 1_070),
        (69.77, 38.69, 1_040),
        (69.73, 38.64, 1_008),
        (69.69, 38.58, 950),
    ),
    districts=((11, "TJ.RR.DZ"), (16, "TJ.RR.TJ"), (23, "TJ.RR.GA"), (31, "TJ.RR.DA")),
)
OBIKHINGOU = Course(
    names=Names("Obikhingou", "Обихингоу", "Обихингоу"),
    upstream_km2=1_400.0,
    points=(
        (71.61, 38.95, 2_925),
        (71.55, 38.90, 2_729),
        (71.49, 38.87, 2_574),
        (71.41, 38.87, 2_513),
        (71.33, 38.85, 2_426),
        (71.26, 38.81, 2_329),
        (71.19, 38.78, 2_203),
        (71.12, 38.81, 2_135),
        (71.10, 38.87, 2_087),
        (71.03, 38.91, 2_003),
        (70.94, 38.89, 1_928),
        (70.88, 38.85, 1_846),
        (70.80, 38.84, 1_793),
        (70.72, 38.81, 1_735),
        (70.65, 38.77, 1_692),
        (70.58, 38.73, 1_651),
        (70.50, 38.71, 1_606),
        (70.43, 38.72, 1_553),
        (70.35, 38.74, 1_496),
        (70.30, 38.78, 1_449),
        (70.23, 38.80, 1_404),
        (70.17, 38.83, 1_354),
        (70.11, 38.85, 1_290),
        (70.04, 38.87, 1_203),
        (70.01, 38.86, 1_187),
    ),
    districts=((20, "TJ.RR.TV"), (24, "TJ.RR.DA")),
)
KYZYLSU = Course(
    names=Names("Kyzylsu", "Қизилсу", "Кызылсу"),
    upstream_km2=6_200.0,
    points=(
        (71.70, 39.39, 2_172),
        (71.64, 39.37, 2_058),
        (71.57, 39.35, 2_005),
        (71.49, 39.33, 1_952),
        (71.41, 39.30, 1_901),
        (71.39, 39.27, 1_860),
    ),
    districts=((5, "TJ.RR.DZ"),),
)
KOFARNIHON = Course(
    names=Names("Kofarnihon", "Кофарниҳон", "Кафирниган"),
    upstream_km2=9_000.0,
    points=(
        (68.19, 37.81, 490),
        (68.19, 37.77, 477),
        (68.16, 37.71, 462),
        (68.14, 37.64, 447),
        (68.14, 37.58, 431),
        (68.14, 37.52, 416),
        (68.15, 37.45, 400),
        (68.16, 37.39, 384),
        (68.15, 37.33, 372),
        (68.17, 37.27, 359),
        (68.17, 37.21, 349),
        (68.15, 37.15, 340),
        (68.11, 37.11, 333),
        (68.09, 37.05, 324),
    ),
    districts=((13, "TJ.KL.KA"),),
)

VALLEY = Setting(
    bumps_m=35.0,
    ridge_m=2_300.0,
    floor_reach_m=4_500.0,
    floor_from_km2=45.0,
    terraces=((0.0, 0.008), (420.0, 0.11), (470.0, 0.018), (1_250.0, 0.14), (1_320.0, 0.03), (2_300.0, 0.05)),
    wander=0.16,
    fan_fall=1.0,
    canal_fall=0.0016,
    canal_length_m=24_000.0,
    intake_every_m=3_200.0,
    canals_apart_m=240.0,
    band_m=900.0,
    pumped_share=0.06,
    july_c=22.5,
    january_c=-5.0,
    climate_level_m=1_300.0,
)
LOWLAND = Setting(
    bumps_m=14.0,
    ridge_m=520.0,
    floor_reach_m=13_000.0,
    floor_from_km2=700.0,
    terraces=((0.0, 0.0025), (2_600.0, 0.045), (2_700.0, 0.0035), (6_000.0, 0.06), (6_120.0, 0.005), (10_000.0, 0.012)),
    wander=0.05,
    fan_fall=0.22,
    canal_fall=0.0003,
    canal_length_m=45_000.0,
    intake_every_m=4_200.0,
    canals_apart_m=600.0,
    band_m=1_500.0,
    pumped_share=0.35,
    july_c=30.0,
    january_c=2.0,
    climate_level_m=400.0,
)

AREAS: tuple[Area, ...] = (
    Area(
        id="rasht",
        bounds=(559_680.0, 4_262_400.0, 738_240.0, 4_366_080.0),
        courses=(VAKHSH, OBIKHINGOU, KYZYLSU),
        districts=(RASHT, TOJIKOBOD, LAKHSH, NUROBOD, SANGVOR),
        setting=VALLEY,
    ),
    Area(
        id="qubodiyon",
        bounds=(403_200.0, 4_101_120.0, 447_360.0, 4_188_480.0),
        courses=(KOFARNIHON,),
        districts=(QUBODIYON,),
        setting=LOWLAND,
    ),
)

DISTRICTS: tuple[District, ...] = tuple(district for area in AREAS for district in area.districts)
