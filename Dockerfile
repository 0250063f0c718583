# Obod as a service: the API, the planner's page and the commands. PostGIS runs elsewhere (docker-compose.yml).
FROM debian:bookworm-slim AS build
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends ca-certificates nodejs npm python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/obod
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund --omit=dev
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY geo geo
COPY layers layers
COPY api api
COPY scripts scripts
# Every package has a hash in constraints.txt, and one with another is refused.
RUN python3 -m venv .venv \
 && sed -n '/^uv==/,/[^\\]$/p' constraints.txt > uv.txt \
 && .venv/bin/pip install --quiet --require-hashes -r uv.txt \
 && .venv/bin/uv pip install --quiet --python .venv/bin/python -c constraints.txt setuptools \
 && .venv/bin/uv pip install --quiet --python .venv/bin/python --compile-bytecode --no-build-isolation -c constraints.txt -e . \
 && .venv/bin/uv pip uninstall --quiet --python .venv/bin/python uv setuptools

FROM debian:bookworm-slim
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends ca-certificates python3 \
    libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --home-dir /var/lib/obod --create-home --shell /usr/sbin/nologin obod
COPY --from=build /opt/obod /opt/obod
ENV PATH=/opt/obod/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CACHE_DIR=/var/lib/obod/numba \
    OBOD_HOME=/var/lib/obod \
    OBOD_HOST=0.0.0.0
USER obod
WORKDIR /var/lib/obod
VOLUME /var/lib/obod
EXPOSE 8000
HEALTHCHECK --start-period=30s --interval=10s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ.get(\"OBOD_PORT\", 8000)}/readyz')"]
CMD ["obod", "serve"]
