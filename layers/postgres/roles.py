"""Names the database knows us by: its roles."""

from __future__ import annotations

from layers.audience import Audience

OWNER = "obod"  # owns the database and writes
API_LOGIN = "obod_api"  # logs in for the service; may do nothing until it takes an audience's role
ROLES = {audience: f"obod_{audience.name.lower()}" for audience in Audience}
QGIS_SCHEMA = "qgis"
