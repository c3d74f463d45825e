# make demo | test | test-packs | test-matrix | check | bench | bench-peers | soak | fuzz | mutants | clean. Each installs what it needs first; see .ci/bootstrap.
.PHONY: help demo test test-packs test-matrix check bench bench-peers soak fuzz mutants clean
.DEFAULT_GOAL := help

python := .venv/bin/python
compiled := $(if $(COMPILED),.ci/compiled)

help:
	@echo "make demo          an ERP and a CRM come into step before your eyes (about a minute; leaves nothing behind)"
	@echo "make demo KEEP=1   the same, and everything goes on running for you to play with"
	@echo "make test          all tests, on private servers that are started for them"
	@echo "make test-packs    the mapping packs, against Tryton itself, which is installed into .venv/tryton first (a minute or two)"
	@echo "make test-matrix   the tests that need servers, against other versions of PostgreSQL, MariaDB and MySQL, which are fetched first (hours)"
	@echo "make check         format, lint, types, floors, house rules, spelling"
	@echo "make bench         rows per second, milliseconds from commit to visible, catching up, loading, cost by size; beside the servers' own (CASES=update ROUNDS=1: less)"
	@echo "make bench-peers   the same rows through Debezium and pg_chameleon, which are installed into .venv/peers first (PEERS='my-pg debezium' ROUNDS=1: less)"
	@echo "make soak          kills, cut networks, servers that crash: half an hour of it (MINUTES=5: less), then the other long tests"
	@echo "make fuzz          changed and damaged logs against both decoders, for MINUTES=5; .fuzz keeps what fails"
	@echo "make mutants       is there a test that notices when a line says something else? PART=mapping SAMPLE=100 SEED=7: a hundred lines of another part"
	@echo "COMPILED=1         with test or bench: on what a build may compile; see docs/performance.md"
	@echo "make clean         removes .venv and what tools leave behind"

demo:
	@.ci/bootstrap servers
	@$(python) -m demo $(if $(KEEP),--keep)

test:
	@.ci/bootstrap servers
	@$(compiled) $(python) -m pytest -q -n 2 -m "not soak and not packs"

test-packs:
	@.ci/bootstrap servers
	@test -x .venv/tryton/bin/python || $(python) -m venv .venv/tryton
	@.venv/tryton/bin/python -m pip --quiet --quiet --disable-pip-version-check --no-input install --requirement .ci/packs.lock
	@$(python) -m pytest -q tests/packs

test-matrix:
	@.ci/bootstrap servers
	@$(python) -m tests.matrix $(SERVERS)

check:
	@.ci/bootstrap
	@$(python) -m ruff format --check --quiet .
	@$(python) -m ruff check --quiet .
	@$(python) -m mypy
	@.venv/bin/lint-imports
	@$(python) -m pytest -q tests/house
	@.venv/bin/codespell

bench:
	@.ci/bootstrap servers
	@mkdir -p .bench
	@$(compiled) $(python) -m bench --json .bench/results.json $(if $(ROUNDS),--rounds $(ROUNDS)) $(CASES)
	@test -x .venv/plot/bin/python || $(python) -m venv .venv/plot
	@.venv/plot/bin/python -m pip --quiet --quiet --disable-pip-version-check --no-input install --requirement .ci/plot.lock
	@.venv/plot/bin/python -m bench.plot .bench/results.json .bench/performance.svg
	@echo "drawn: .bench/performance.svg"
	@$(if $(CASES),,$(compiled) $(python) -m bench.catchup $(if $(ROUNDS),--rounds $(ROUNDS)))
	@$(if $(CASES),,$(compiled) $(python) -m bench.initial $(if $(ROUNDS),--rounds $(ROUNDS)))
	@$(if $(CASES),,$(compiled) $(python) -m bench.linear --json .bench/linear.json && .venv/plot/bin/python -m bench.plot .bench/linear.json .bench/linear.svg)

bench-peers:
	@.ci/bootstrap servers
	@mkdir -p .bench
	@$(python) -m bench.peers --json .bench/peers.json $(if $(ROWS),--rows $(ROWS)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(PEERS)

soak:
	@.ci/bootstrap servers
	@$(python) -m tests.soak --minutes $(or $(MINUTES),30) $(if $(SEED),--seed $(SEED))
	@$(python) -m tests.simulation --steps $(or $(STEPS),3000000) $(if $(SEED),--seed $(SEED))
	@$(python) -m pytest -q -m soak

fuzz:
	@.ci/bootstrap
	@test -d .venv/fuzz || $(python) -m pip --quiet --disable-pip-version-check --no-input install --no-deps --only-binary :all: --target .venv/fuzz atheris==3.0.0 || \
		echo "fuzz: atheris is not to be had here; events are changed blindly"
	@PYTHONPATH=.venv/fuzz $(python) -m tests.fuzz --minutes $(or $(MINUTES),5)

mutants:
	@.ci/bootstrap
	@test -d .venv/mutmut || $(python) -m pip --quiet --disable-pip-version-check --no-input install --no-deps --only-binary :all: --target .venv/mutmut \
		mutmut==3.8.1 libcst==1.9.0 coverage==7.17.3 setproctitle==1.3.8
	@PYTHONPATH=$(CURDIR)/.venv/mutmut $(python) -m tests.mutants $(if $(PART),--part $(PART)) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED))

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .fuzz dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
