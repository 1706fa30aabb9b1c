# Each target is enough by itself on a machine that has Python 3.10 or later, make and pip's index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test test-slow lint format types wheel drawings install clean

install: $(INSTALLED)

# Anew when the requirements change; the stamp is touched only after pip has ended well.
$(INSTALLED): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $@

demo: $(INSTALLED)
	$(BIN)/python -m recipes.commands.demo

# By files: what the tests of a file share is made once.
test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The public interface, by mypy.
types: $(INSTALLED)
	$(BIN)/mypy

# A wheel and a source distribution, in dist/.
wheel: $(INSTALLED)
	$(BIN)/python -m build

# The pictures of docs/topologies.md.
drawings: $(INSTALLED)
	$(BIN)/python -m zoo.topologies.drawings docs/drawings

clean:
	rm -rf $(VENV) build dist *.egg-info
