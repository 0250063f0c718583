"""The table of roles: every name the database knows Obod by, and how far each may read.

The owner writes. The service logs in as a role that may do nothing until it takes one of ``READERS`` for the length
of a transaction. What an audience may read is declared on layers and attributes; a computation asked for by anybody
takes ``SCIENCE``, which reads more than the public and never what a staff connection would: no right, document,
dispute or cadastral number can enter a result by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass

from layers.audience import PARTNER, PUBLIC, STAFF, Audience

DATABASE = "obod"  # of the embedded server
SUPERUSER = "postgres"  # of the embedded server; only makes the database and its extension
OWNER = "obod"  # owns the database and writes
API_LOGIN = "obod_api"  # logs in for the service; may do nothing until it takes the role of a reader
SERVICE_LOGIN = "obod_service_"  # begins the name of a login that serves where the database is not the embedded one
VIEW_LOGIN = "obod_view_"  # begins the name of a login for the public views
KEY_LOGIN = "obod_key_"  # begins the name of a login that belongs to a key; database, key and audience follow
RUN_LOGIN = "obod_run_"  # begins the name of the login that the workers of one run are given, a member of SCIENCE
QGIS_SCHEMA = "qgis"


@dataclass(frozen=True, slots=True)
class Role:
    """A role that is taken for one transaction.

    name : in PostgreSQL.
    audience : what is declared for this audience may be read.
    also : tables of a narrower audience that may be read besides, each named for a reason.
    """

    name: str
    audience: Audience
    also: frozenset[str] = frozenset()


ROLES = {
    PUBLIC: Role("obod_public", PUBLIC),
    PARTNER: Role("obod_partner", PARTNER),
    STAFF: Role("obod_staff", STAFF),
}
# Surveys as partners read them, and counts of households by jamoat: bands of need are computed from those.
SCIENCE = Role("obod_science", PARTNER, also=frozenset({"jamoat_households"}))
READERS = (*ROLES.values(), SCIENCE)
# What people who open the database themselves may read: the views of ``QGIS_SCHEMA``, and no table. Views show what is
# served; tables hold drafts and what rows said before. Each reads what those before it do.
VIEWERS = {PUBLIC: "obod_public_views", PARTNER: "obod_partner_views", STAFF: "obod_staff_views"}
MEMBERSHIPS = (
    (VIEWERS[PUBLIC], VIEWERS[PARTNER]),
    (VIEWERS[PARTNER], VIEWERS[STAFF]),
    *((VIEWERS[audience], role.name) for audience, role in ROLES.items()),
)
