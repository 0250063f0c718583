#!/usr/bin/env bash
# Run once by the PostGIS image when it makes its database: the role that owns it, which is no superuser.
set -euo pipefail
psql --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname="$POSTGRES_DB" \
  --set=password="$OBOD_DB_PASSWORD" --set=database="$POSTGRES_DB" <<'SQL'
CREATE ROLE obod LOGIN CREATEROLE PASSWORD :'password';
GRANT SET ON PARAMETER session_replication_role TO obod;
ALTER DATABASE :"database" OWNER TO obod;
SQL
