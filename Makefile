# Thin on purpose: what a target does is one line; how uv and Python are found is in scripts/setup.
.PHONY: setup demo test check format fuzz client bench release-flips release-faults release-load release-scale key-storm openapi pictures requirements
.DELETE_ON_ERROR:

# Whatever the caller's shell has activated, the project runs in its own .venv, and keeps what it
# compiles: tests start the command over and over.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

bin := .venv/bin

setup: .venv/.ready

.venv/.ready: pyproject.toml .python-version requirements/dev.txt requirements/uv.txt scripts/setup
	@sh scripts/setup

demo: setup  ## make demo PORT=9000
	$(bin)/fairquota demo $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT)) $(DEMO_ARGS)

test: setup  ## make test ARGS='tests/solver -k rounding'
	$(bin)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: setup
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	$(bin)/lint-imports --no-logo
	$(bin)/fairquota openapi --check
	$(bin)/hadolint Dockerfile

format: setup
	$(bin)/ruff format .
	$(bin)/ruff check --fix .

fuzz: .venv-fuzz/.ready  ## make fuzz ARGS='--database sqlite'
	.venv-fuzz/bin/python -m fuzz $(ARGS)

.venv-fuzz/.ready: pyproject.toml .python-version requirements/fuzz.txt requirements/uv.txt scripts/setup
	@sh scripts/setup fuzz

client: setup .venv-client/.ready  ## a client generated of the OpenAPI document goes through a season
	$(bin)/python -m client $(ARGS)

.venv-client/.ready: .python-version requirements/client.txt requirements/uv.txt scripts/setup
	@sh scripts/setup client

bench: .venv-bench/.ready  ## make bench ARGS=--quick
	OPENBLAS_NUM_THREADS=1 .venv-bench/bin/python -m benchmarks $(ARGS)

.venv-bench/.ready: pyproject.toml .python-version requirements/bench.txt requirements/uv.txt scripts/setup
	@sh scripts/setup bench

release-flips: setup  ## ten thousand flipped bits on each database; docs/reliability.md says what came out
	FAIRQUOTA_FLIPS=10000 $(bin)/python -m pytest -s tests/service/allocations/test_bit_flips.py

release-faults: setup  ## kill -9 and restarts in the middle of commits, a full disk; ROUNDS=100 for a release; see docs/reliability.md
	FAIRQUOTA_ROUNDS=$(or $(ROUNDS),10) $(bin)/python -m pytest -s -rs tests/release

release-load: setup  ## writes per second while others solve, on each database; ARGS='--seconds 3' for a look
	$(bin)/python -m tests.load $(ARGS)

release-scale: setup  ## batches of many plans and of large ones on each database; ARGS='--cases 20x30' for a look
	$(bin)/python -m tests.scale $(ARGS)

key-storm: setup  ## a thousand keys, each sent by 32 callers at once, on each database
	FAIRQUOTA_KEYS=$(or $(KEYS),1000) $(bin)/python -m pytest -s tests/service/kit/test_key_storms.py

openapi: setup
	$(bin)/fairquota openapi > .venv/openapi.yaml
	mv .venv/openapi.yaml openapi/fairquota.yaml

pictures: setup  ## those of the pages in docs/images
	$(bin)/python -m scripts.pictures

requirements: setup
	@sh scripts/pin-requirements $(ARGS)
