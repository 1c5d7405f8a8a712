# `make` alone prints the targets.
VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
SAMPLE_LAKE := sample-lake
LOCK := uv pip compile pyproject.toml --quiet --generate-hashes --no-emit-index-url \
	--python-version 3.11 --custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.PHONY: help run test check bench install install-dev archive sample picture lock package clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED) sample ## install, make the sample, run the job on it in ./sample-lake
	@$(PYTHON) -m spark_app run organic_share --source $(SAMPLE_LAKE)/raw/installs --lake $(SAMPLE_LAKE)

test: $(INSTALLED_DEV) ## install, run every test
	@$(PYTHON) -m pytest --numprocesses 2 --dist loadfile

check: $(INSTALLED_DEV) ## check format, lint and types
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy

bench: $(INSTALLED_DEV) ## compare speed and memory with other ways; ARGS="--rows 50M"
	@$(PYTHON) -m benchmarks.compare $(ARGS)

install: $(INSTALLED) ## install what a run needs into .venv

install-dev: $(INSTALLED_DEV) ## install what tests, checks and benchmarks need as well

$(INSTALLED): requirements.lock
	@scripts/install requirements.lock
	@touch $@

$(INSTALLED_DEV): requirements.lock requirements-dev.lock
	@scripts/install requirements-dev.lock
	@touch $(INSTALLED) $@

archive: $(INSTALLED) ## make the archive of Java classes again, after Java was upgraded
	@$(PYTHON) -m scripts.make_class_archive --again

sample: $(INSTALLED) ## make the embedded sample in ./sample-lake
	@$(PYTHON) -m scripts.make_sample --out $(SAMPLE_LAKE)/raw/installs

picture: $(INSTALLED_DEV) ## take the README's picture of the sample's report
	@$(PYTHON) -m scripts.make_picture --report $(SAMPLE_LAKE)/report/organic_share.html --out docs/report.png

lock: ## write the lock files again from pyproject.toml (needs uv)
	@$(LOCK) --output-file requirements.lock
	@$(LOCK) --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	@$(LOCK) --extra cluster --constraint requirements.lock --no-emit-package pyspark \
		--no-emit-package py4j --output-file bootstrap/requirements.lock

package: $(INSTALLED) ## make the package for the cluster in ./dist
	@$(PYTHON) -m scripts.make_package --out dist

clean: ## delete what make made: .venv, the sample, build and caches
	rm -rf $(VENV) $(SAMPLE_LAKE) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find spark_app benchmarks scripts tests -name __pycache__ -type d -exec rm -rf {} +
