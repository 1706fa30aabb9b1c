"""Settings and made-up data that tests share."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

# Building graphs allocates much and frees little: at its usual 700 allocations the collector walks
# the graphs of all tests before, again and again.
gc.set_threshold(50_000, 20, 50)

TINY_G2P = {
    "units": 8,
    "embedding_dim": 6,
    "attention_units": 6,
    "encoder_layers": 1,
    "batch_size": 8,
    "beam_width": 3,
    "num_results": 2,
    "warmup_steps": 0,
    "ema_momentum": 0.5,
}


@pytest.fixture(scope="session")
def tiny_g2p():
    """Settings of g2p that fit in seconds."""
    return TINY_G2P


@pytest.fixture(scope="session")
def write_pairs():
    """Writes words of the letters a to d and their spelling in capitals as pronunciations."""

    def write(path: Path, count: int = 60) -> Path:
        random = np.random.default_rng(0)
        lines = []
        for number in range(count):
            word = "".join(random.choice(list("abcd"), size=1 + number % 5)) + "xyz"[number % 3]
            lines.append(f"{word}\t{' '.join(letter.upper() for letter in word)}")
        path.write_text("\n".join(dict.fromkeys(lines)) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def g2p_run(tmp_path_factory, write_pairs):
    """A finished run of g2p on a person's own file."""
    import recipes

    folder = tmp_path_factory.mktemp("g2p")
    data = write_pairs(folder / "own.tsv")
    return recipes.get("g2p").fit(folder / "run", data=data, steps=6, round_steps=3, **TINY_G2P)
