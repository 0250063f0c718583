"""Files and frames into checked rows: nothing is guessed, nothing is lost, nothing half-loads."""

from layers.loading.files import check_file, load_file
from layers.loading.load import load_frame
from layers.loading.opened_file import Options
from layers.loading.undo import undo
from layers.records.load_report import LoadReport, Rejection, Repair, Transformation

__all__ = [
    "LoadReport",
    "Options",
    "Rejection",
    "Repair",
    "Transformation",
    "check_file",
    "load_file",
    "load_frame",
    "undo",
]
