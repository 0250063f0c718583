"""Files and frames into checked rows: nothing is guessed, nothing is lost, nothing half-loads."""

from layers.loading.load import load_frame
from layers.loading.report import LoadReport, Rejection, Repair, Transformation

__all__ = ["LoadReport", "Rejection", "Repair", "Transformation", "load_frame"]
