"""Forms as files: the XLSForm workbook, and the pictures its choices name in a folder beside it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from api.rendering.canal_pictures import draw_condition
from layers.cache.files import write_whole_at

SURVEY_COLUMNS: Final = (
    *("type", "name", "label", "hint", "required", "constraint", "constraint_message"),
    *("calculation", "appearance"),
)
CHOICE_COLUMNS: Final = ("list_name", "name", "label", "media::image")
MEDIA: Final = "-media"  # after the form's name: the folder of pictures, as form servers expect it


Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class SurveyForm:
    """A form: rows of the sheets *survey* and *choices*, and pictures its choices show.

    pictures : file name -> class of condition of a canal. settings : of the sheet of that name.
    """

    survey: tuple[Row, ...]
    choices: tuple[Row, ...]
    settings: Mapping[str, str]
    pictures: Mapping[str, int]

    @property
    def form_id(self) -> str:
        """What servers know the form by: layer, audience and edition."""
        return self.settings["form_id"]


def write_form(form: SurveyForm, path: Path) -> Path | None:
    """Write a form as XLSX and return the folder of its pictures, None where it has none.

    Both stand whole or as they were before.
    """
    book = Workbook()
    book.remove(book.active)
    _sheet(book.create_sheet("survey"), SURVEY_COLUMNS, form.survey)
    _sheet(book.create_sheet("choices"), CHOICE_COLUMNS, form.choices)
    _sheet(book.create_sheet("settings"), tuple(form.settings), [form.settings])
    folder = path.with_name(f"{path.stem}{MEDIA}") if form.pictures else None
    if folder is not None:
        with write_whole_at(folder) as draft:
            draft.mkdir()
            for name, condition in form.pictures.items():
                draw_condition(condition, draft / name)
            if folder.is_dir():  # a folder takes no other's place while it has files
                shutil.rmtree(folder)
    with write_whole_at(path) as draft:
        book.save(draft)
    return folder


def _sheet(sheet: Worksheet, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    sheet.append(list(columns))
    for row in rows:
        sheet.append([row.get(column, "") for column in columns])
    for row in sheet.iter_rows():
        for cell in row:
            cell.data_type = "s"  # a text that begins with = is no formula, and a code of digits no number
            cell.number_format = "@"
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
