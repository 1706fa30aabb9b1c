"""The load benchmark runs, compares every answer, and swaps a version under load."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.slow
def test_it_runs_and_no_answer_is_wrong_or_lost(model_base):
    command = [sys.executable, "-m", "benchmarks.serving", "--model-base", str(model_base)]
    command += ["--model", "lexicon", "--seconds", "0.5", "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "answers from versions [1, 2], 0 failed" in done.stdout
    assert "answers, 0 wrong or lost" in done.stdout
    assert "target >= 0.8" in done.stdout
