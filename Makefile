# `make` alone prints the targets.
VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
INSTALLED_LAKES := $(VENV)/.installed-lakes
SAMPLE_LAKE := sample-lake
DEMO_LAKE := demo-lake
TERRAFORM ?= terraform
CHECKOV := .venv-checkov/.installed
CLIENTS := .venv-clients/.installed
READERS := .venv-readers/.installed
FAULT_SEEDS ?= 20
LOCK := uv pip compile pyproject.toml --quiet --generate-hashes --no-emit-index-url \
	--python-version 3.11 --custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.PHONY: help run demo test check bench install install-dev lakes archive sample picture docs lock package clean checkov cloud cloud-stop cloud-clean clients readers e2e faults destroy

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED) sample ## install, make the sample, run the job on it in ./sample-lake
	@$(PYTHON) -m spark_app run organic_share --source $(SAMPLE_LAKE)/raw/installs --lake $(SAMPLE_LAKE)

demo: $(INSTALLED_LAKES) ## install, deliver samples of events twice, make every lake table of them in ./demo-lake
	@rm -rf $(DEMO_LAKE)
	@$(PYTHON) -m scripts.demo --lake $(DEMO_LAKE)

test: $(INSTALLED_DEV) $(INSTALLED_LAKES) ## install, run every test
	@$(PYTHON) -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --ignore tests/cloud --ignore tests/faults

check: $(INSTALLED_DEV) ## check format, lint, types and imports, and the format of terraform/
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	@if command -v terraform >/dev/null; then terraform fmt -check -recursive terraform; fi

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

lakes: $(INSTALLED_LAKES) ## fetch Iceberg and archive its classes, so that lake tables start fast

$(INSTALLED_LAKES): $(INSTALLED)
	@$(PYTHON) -m scripts.make_class_archive --lakes
	@touch $@

archive: $(INSTALLED_LAKES) ## make the archives of Java classes again, after Java was upgraded
	@$(PYTHON) -m scripts.make_class_archive --again
	@$(PYTHON) -m scripts.make_class_archive --lakes --again

sample: $(INSTALLED) ## make the embedded sample in ./sample-lake
	@$(PYTHON) -m scripts.make_sample --out $(SAMPLE_LAKE)/raw/installs

picture: $(INSTALLED_DEV) ## take the README's picture of the sample's report
	@$(PYTHON) -m scripts.make_picture --report $(SAMPLE_LAKE)/report/organic_share.html --out docs/report.png

docs: $(INSTALLED) ## write what follows from the declarations: spark_app/jobs.json, docs/jobs, lists
	@$(PYTHON) -m scripts.make_docs

lock: ## write the lock files again from pyproject.toml (needs uv)
	@$(LOCK) --output-file requirements.lock
	@$(LOCK) --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	@$(LOCK) --extra cluster --constraint requirements.lock --no-emit-package pyspark \
		--no-emit-package py4j --output-file bootstrap/requirements.lock

checkov: $(CHECKOV) ## install checkov into .venv-checkov; the tests of terraform/ use it

$(CHECKOV): .ci/checkov.lock
	@python3.11 -m venv .venv-checkov
	@.venv-checkov/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

cloud: $(INSTALLED_DEV) ## start a local cloud in ./.cloud: S3, IAM, EC2 and EMR on this machine
	@$(PYTHON) -m scripts.local_cloud start

cloud-stop: $(INSTALLED_DEV) ## end the local cloud and every process it started
	@$(PYTHON) -m scripts.local_cloud stop

cloud-clean: $(INSTALLED_DEV) ## delete the logs that the clusters of ended local clouds left
	@$(PYTHON) -m scripts.local_cloud clean

clients: $(CLIENTS) ## install other tools' clients of EMR into .venv-clients; the tests of e2e use them

$(CLIENTS): .ci/clients.lock
	@python3.11 -m venv .venv-clients
	@.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

readers: $(READERS) ## install DuckDB with its Iceberg extension into .venv-readers; tests of lake tables use it

$(READERS): .ci/readers.lock
	@python3.11 -m venv .venv-readers
	@.venv-readers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

e2e: $(INSTALLED_DEV) $(CLIENTS) ## package, apply, submit, read and destroy, in a local cloud of its own
	@$(PYTHON) -m pytest tests/cloud

faults: $(INSTALLED_DEV) ## let S3, EMR and processes fail, in many ways; FAULT_SEEDS=20
	@FAULT_SEEDS=$(FAULT_SEEDS) $(PYTHON) -m pytest tests/faults -s

destroy: ## end the cluster and all that can be made again; the lake's bucket stays
	@case "$(TERRAFORM) $$AWS_ENDPOINT_URL" in "terraform http://127.0.0.1"*) \
		echo "error: this shell talks to the local cloud; make destroy TERRAFORM=.cloud/terraform" >&2; exit 2;; esac
	@terraform -chdir=$(TERRAFORM) destroy -target=module.compute $(if $(AUTO),-auto-approve)
	@echo "kept, with all that lies in it: $$(terraform -chdir=$(TERRAFORM) output -raw kept)"

package: $(INSTALLED) ## make the package for the cluster in ./dist
	@$(PYTHON) -m scripts.make_declarations
	@$(PYTHON) -m scripts.make_package --out dist

clean: ## delete what make made: .venv, the sample, packages, build and caches
	@if [ -d .cloud ]; then $(MAKE) cloud-stop; fi
	rm -rf $(VENV) .venv-checkov .venv-clients .venv-readers $(SAMPLE_LAKE) $(DEMO_LAKE) build dist .cloud .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find spark_app benchmarks scripts tests -name __pycache__ -type d -exec rm -rf {} +
