# One command per habit; `make help` lists them. Everything is installed by the files of this folder, into .venv/.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
READY  := $(VENV)/.ready
# What `make run` shows of the samples: campaign/closing, or a campaign alone where nothing is ranked
SHOW   ?= lam-dong-2023/q2 an-giang-2022/final can-tho-2023/wave-1 ba-ria-vung-tau-2017/final-2020 chiem-hoa-2021
# Networks here are closed and the data is personal: no telemetry from anything.
export GX_ANALYTICS_ENABLED := false
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED := false
export DO_NOT_TRACK := 1
RUN_DAGS := $(BIN)/python -m thidua.orchestration.run_dags

.DEFAULT_GOAL := help
.PHONY: help setup run pipeline up test lint lint-sql lint-rest format bench bench-intake bench-desk screenshots pictures fuzz docs lock lock-bi test-bi test-compose secrets clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "make: $(PYTHON) is not Python 3.11 to 3.13; say which is: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -E '^uv==' requirements.txt)"
	@$(UV) pip install --quiet --python $(BIN)/python -r requirements.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

setup: $(READY) ## install everything into .venv/

run: $(READY) ## put the sample exports into landing/, run the DAGs, show the rankings
	@$(BIN)/thidua sample
	@$(RUN_DAGS) ingest_exports build_warehouse
	@for shown in $(SHOW); do case $$shown in \
		*/*) $(BIN)/thidua rankings --campaign $${shown%/*} --period $${shown#*/} || exit ;; \
		*) $(BIN)/thidua progress --campaign $$shown || exit ;; \
	esac; done
	@$(BIN)/thidua status || test $$? -eq 1 # 1: files wait for their offices, which is no failure of the run
	@$(BIN)/thidua where

pipeline: $(READY) ## run the DAGs over whatever is in landing/
	@$(RUN_DAGS) ingest_exports build_warehouse

up: $(READY) ## Airflow with its pages on 127.0.0.1:8080, watching landing/
	@$(BIN)/python -m thidua.orchestration.up

test: lint ## everything that CI runs, a file of tests to each of two processes
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=10

# SQL takes as long as all the rest: beside each other, each with its lines together.
lint: $(READY) ## check style, types, SQL, the lock; fixes nothing
	@$(MAKE) --no-print-directory --jobs=2 --output-sync lint-sql lint-rest

lint-sql: $(READY)
	@$(BIN)/sqlfluff lint dbt_project

lint-rest: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/thidua check-contracts >/dev/null
	@$(BIN)/python tests/check_lock.py

format: $(READY) ## format Python and SQL
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix dbt_project

bench: $(READY) ## measure against the bare engine, in one run
	@$(BIN)/python tests/bench/bench.py

bench-intake: $(READY) ## intake of a nation's lists; ROWS=10000000 make bench-intake
	@$(BIN)/python -m tests.bench.bench_intake

bench-desk: $(READY) ## how long the pages take, with 12 units and with 700 offices
	@$(BIN)/python -W ignore -m tests.bench.bench_desk

screenshots: $(READY) ## the pictures of docs/, taken by a browser over the samples
	@$(BIN)/python -W ignore -m tests.desk.screenshots

fuzz: $(READY) ## many more random campaigns against the oracle, thousands of damaged files
	@$(BIN)/pytest -m fuzz tests/property tests/intake

pictures: $(READY) ## draw the pages that docs/annexes.md shows, from the samples; needs LibreOffice and pdftoppm
	@rm -rf var/pictures && $(BIN)/thidua annex lam-dong-2023 q2 --draft --out var/pictures
	@mkdir -p docs/pictures
	@pdftoppm -r 75 -gray -png -singlefile var/pictures/bang-xep-hang_q2_tam-tinh.pdf docs/pictures/bang-xep-hang
	@pdftoppm -r 75 -gray -png -singlefile var/pictures/don-vi/dam-rong_q2_tam-tinh.pdf docs/pictures/thong-bao-don-vi

docs: $(READY) ## dbt's documentation of every table, in var/docs
	@$(BIN)/thidua docs

lock: $(READY) ## compile requirements.in into requirements.txt
	@$(UV) pip compile requirements.in -o requirements.txt --universal --python-version 3.11 --quiet \
		--custom-compile-command "make lock"

test-compose: $(READY) ## the server on a container engine: DAGs on Celery, kills, the marts in Postgres
	@$(BIN)/pytest -m compose tests/compose

secrets: ## make the secrets that .env lacks, for `docker compose up`
	@sh deploy/make-secrets.sh

# Superset and MetricFlow pin what the project pins otherwise: each has an environment of its own, made when it is asked for.
.venv-bi/.ready: bi/requirements.txt $(READY)
	@$(UV) venv --quiet --clear --python $(BIN)/python .venv-bi
	@$(UV) pip install --quiet --python .venv-bi/bin/python -r bi/requirements.txt
	@touch $@

.venv-metrics/.ready: bi/requirements-metrics.txt $(READY)
	@$(UV) venv --quiet --clear --python $(BIN)/python .venv-metrics
	@$(UV) pip install --quiet --python .venv-metrics/bin/python -r bi/requirements-metrics.txt
	@touch $@

test-bi: .venv-bi/.ready .venv-metrics/.ready ## a real Superset asks every chart, MetricFlow every metric; THIDUA_BI_PICTURE=docs/pictures/superset.png
	@$(BIN)/pytest -p no:xdist tests/bi/test_*.py tests/bi/real_*.py

lock-bi: $(READY) ## compile bi/requirements*.in
	@for source in requirements requirements-metrics; do \
		$(UV) pip compile bi/$$source.in -o bi/$$source.txt --universal --python-version 3.11 --quiet \
			--custom-compile-command "make lock-bi" || exit; \
	done

clean: ## remove the environment and caches; var/ stays
	@rm -rf $(VENV) .venv-bi .venv-metrics .pytest_cache .mypy_cache .ruff_cache dbt_project/target
