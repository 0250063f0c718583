#!/usr/bin/env bash
# Installs what of the named kinds is missing (database, node, paper, browser, gdal, nginx), through apt where there is one.
# Where there is not, or without the right to use it, one sentence says what to install.
set -euo pipefail

has_postgis() { # a server of version 15 or newer with PostGIS beside it, or a database elsewhere
  [ -n "${OBOD_DATABASE_URL:-}" ] && return 0
  local bin major
  for bin in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
    [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] || continue
    major=$("$bin/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    [ "$major" -ge 15 ] || continue
    [ -f "/usr/share/postgresql/$major/extension/postgis.control" ] && return 0
    [ -f "$("$bin/pg_config" --sharedir 2>/dev/null || true)/extension/postgis.control" ] && return 0
  done
  return 1
}

has_python() { # Python 3.11 or newer that can make virtual environments
  local python
  for python in python3 python3.13 python3.12 python3.11; do
    "$python" -c 'import ensurepip, sys, venv; assert sys.version_info >= (3, 11)' 2>/dev/null && return 0
  done
  return 1
}

has_node() { command -v node >/dev/null && command -v npm >/dev/null; }

has_browser() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; }

newest_postgis() { # Debian names the package after the server's version: postgresql-15-postgis-3
  apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' | cut -d' ' -f1 | sort -V | tail -n 1
}

has_gdal() { command -v ogr2ogr >/dev/null; } # its programs, for the tests that read and write as other people do

has_nginx() { # the proxy of deploy/nginx.conf, for the test that runs it
  command -v nginx >/dev/null || [ -x /usr/sbin/nginx ]
}

has_paper() { # what reports as PDF are set with: Pango, and a font that has every letter of Tajik
  [ -n "$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | grep libpangoft2-1.0)" ] &&
    [ -n "$(find /usr/share/fonts /usr/local/share/fonts -name DejaVuSans.ttf 2>/dev/null)" ]
}

missing=()
has_python || missing+=(python)
for kind in "$@"; do
  case $kind in
    database) has_postgis || missing+=(postgis) ;;
    node) has_node || missing+=(node) ;;
    paper) has_paper || missing+=(paper) ;;
    browser) has_browser || missing+=(browser) ;;
    gdal) has_gdal || missing+=(gdal) ;;
    nginx) has_nginx || missing+=(nginx) ;;
  esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "[1/8] System packages: ${missing[*]}"
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
if ! command -v apt-get >/dev/null || { [ ${#as_root[@]} -gt 0 ] && ! command -v sudo >/dev/null; }; then
  declare -A name=(
    [python]="Python 3.11 or newer with venv"
    [postgis]="PostgreSQL 15 or newer with PostGIS 3.3 or newer (Debian 12: postgresql-15-postgis-3)"
    [paper]="Pango and the font DejaVu Sans (Debian: libpangoft2-1.0-0 fonts-dejavu-core)"
    [node]="Node.js 18 or newer with npm" [browser]="Chromium" [gdal]="the programs of GDAL (Debian: gdal-bin)"
    [nginx]="nginx (Debian: nginx-light)"
  )
  wanted=$(for kind in "${missing[@]}"; do echo "${name[$kind]}"; done | paste -sd, | sed 's/,/, /g')
  echo "Please install $wanted, then run this again." >&2
  exit 1
fi

"${as_root[@]}" apt-get update -qq
packages=()
for kind in "${missing[@]}"; do
  case $kind in
    python) packages+=(python3 python3-venv) ;;
    postgis) packages+=("$(newest_postgis)") ;;
    node) packages+=(nodejs npm) ;;
    paper) packages+=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core) ;;
    browser) packages+=(chromium fonts-dejavu-core) ;;
    gdal) packages+=(gdal-bin) ;;
    nginx) packages+=(nginx-light) ;;
  esac
done

# Installing the servers would also make and start a cluster, and a web server, for the whole machine, which nobody asked
# for. What says so for the time of the installation is taken away at the end.
quiet=()
trap '[ ${#quiet[@]} -eq 0 ] || "${as_root[@]}" rm -f "${quiet[@]}"' EXIT
if [ ! -e /etc/postgresql-common ]; then
  quiet+=(/etc/postgresql-common/createcluster.d/obod.conf)
  "${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
  echo "create_main_cluster = false" | "${as_root[@]}" tee "${quiet[-1]}" >/dev/null
fi
if [[ " ${missing[*]} " == *" nginx "* ]] && [ ! -e /usr/sbin/policy-rc.d ]; then
  quiet+=(/usr/sbin/policy-rc.d)
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "${quiet[-1]}" >/dev/null
  "${as_root[@]}" chmod 755 "${quiet[-1]}"
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
if [[ " ${missing[*]} " == *" nginx "* ]] && command -v systemctl >/dev/null; then
  "${as_root[@]}" systemctl --quiet disable nginx 2>/dev/null || true # nor at the next start of the machine
fi
