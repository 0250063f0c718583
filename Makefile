# Two commands matter: make demo, make test. Everything they need is installed on the way; nothing is done twice.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin

ifdef PORT
export OBOD_PORT := $(PORT)
endif

.PHONY: help demo test test-all drills mutants check bill pin-images layer criterion bench clean install system-packages clients python
.DELETE_ON_ERROR:

help: ## List these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: install $(VENV)/relief ## Install, start a database, load and score the demo region, serve it (PORT=8123 for another port)
	@exec $(BIN)/obod up

test: install clients ## Run every test
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder # long files have few tests: they must not come last

test-all: install clients ## Run every test, heavy clients and long drills too
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --heavy

drills: install clients ## Run the long drills, write what they found into docs/drills.md (DRILL_MINUTES=30 of mixed load)
	$(BIN)/pytest -n 0 --heavy --figures -m heavy tests/drills tests/api/test_access.py tests/api/test_description.py \
		tests/api/test_nobody_dispossessed.py tests/layers/loading/test_untrusted_files.py

mutants: $(VENV)/installed ## Change the science in one place at a time, list what no test notices (MODULE=geo/crops/frost.py; takes an hour)
	@nice -n 19 $(BIN)/python -m tests.mutation $(MODULE)

check: $(VENV)/installed ## Lint, docstrings, types, import contracts, generated pages current
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/flake8 geo
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m layers.catalogue.readme --check
	$(BIN)/python -m scripts.draw_rooms --check
	$(BIN)/python -m scripts.document --check
	$(BIN)/python -m tests.expected --check

layer: ## Begin a layer: NAME=wells (GEOMETRY=POINT FILE=services TITLE="Wells")
	@$(BIN)/python -m scripts.setup.declare layer "NAME=$(NAME)" "GEOMETRY=$(GEOMETRY)" "FILE=$(FILE)" "TITLE=$(TITLE)"

criterion: ## Begin a criterion: NAME=wells_m GROUP=access LAYER=wells (TITLE= UNIT= KNOTS=0,500,1000,2000,3000 REACH_M=3000)
	@$(BIN)/python -m scripts.setup.declare criterion "NAME=$(NAME)" "GROUP=$(GROUP)" "LAYER=$(LAYER)" \
		"TITLE=$(TITLE)" "UNIT=$(UNIT)" "KNOTS=$(KNOTS)" "REACH_M=$(REACH_M)"

bench: install ## Measure beside other programs, write bench/RESULTS.md (BENCH_PLOTS=1000000, REGION=folder)
	-$(BIN)/pytest bench --benchmark-only --benchmark-columns=median,rounds -q
	-$(BIN)/python -m bench

bill: $(VENV)/installed node_modules/installed ## Write what is installed, with licences: bill.cdx.json (CycloneDX), docs/licences.md
	@$(BIN)/python -m scripts.setup.bill

pin-images: $(VENV)/installed ## Pin the images of docker-compose.yml and Dockerfile by digest, as their tags are now
	@$(BIN)/python -m scripts.setup.pin_images

clean: ## Remove .venv, front-end files and what can be made again; data stay (obod db remove)
	rm -rf $(VENV) node_modules $(addprefix .obod/,exports features pictures scoring tiles)
	@if [ -d .obod ]; then echo "The data stay in .obod; obod db remove names them, asks and deletes them."; fi

install: system-packages $(VENV)/installed node_modules/installed $(VENV)/compiled

system-packages:
	@scripts/setup/system-packages.sh database node paper

clients:
	@scripts/setup/system-packages.sh browser gdal nginx

python:
	@scripts/setup/system-packages.sh

$(VENV)/installed: pyproject.toml constraints.txt | python
	@echo "[2/8] Python packages into $(VENV)"
	@scripts/setup/python-environment.sh $(VENV)
	@touch $@

node_modules/installed: package.json package-lock.json
	@echo "[3/8] Front-end files into node_modules"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(VENV)/compiled: $(VENV)/installed
	@echo "[4/8] Compiling the kernels of the science, about a minute"
	@$(BIN)/python -m layers.warm_up
	@touch $@

$(VENV)/relief: $(VENV)/installed
	@echo "[5/8] True relief for the demo region"
	@$(BIN)/python -m scripts.demo_region.ground.fetch_relief
	@touch $@
