"""addition: the sums it makes, and a run on a person's own file."""

import numpy as np
import pytest

import recipes
from recipes.addition import made_sums
from zoo.errors import InputError

TINY = {"units": 8, "embedding_dim": 4, "batch_size": 8, "warmup_steps": 0, "ema_momentum": 0.5}


def test_sums_are_different_and_repeatable():
    sums = made_sums(2, 3000)
    assert sums == made_sums(2, 3000)
    assert len({frozenset(pair) for pair in sums}) == 3000
    assert all(0 <= a < 100 and 0 <= b < 100 for a, b in sums)
    lengths = np.array([[len(str(a)), len(str(b))] for a, b in made_sums(3, 2000)])
    # Drawn first, the numbers of digits are about as common as each other.
    assert np.all(np.bincount(lengths.ravel(), minlength=4)[1:] > 700)


def test_every_sum_can_be_drawn():
    assert len(made_sums(1, 55)) == 55
    with pytest.raises(InputError, match="only 55 different"):
        made_sums(1, 56)


def test_splits_share_no_sum_in_either_order():
    recipe = recipes.get("addition").recipe
    seen = [
        {
            frozenset(map(int, question.split("+")))
            for question, _ in recipe.read(small, None, split)
        }
        for small in [_small(recipe)]
        for split in ("train", "validation", "test")
    ]
    assert len(set.union(*seen)) == sum(map(len, seen)) == 3 * 40
    for question, answer in recipe.read(_small(recipe), None, "test"):
        a, b = map(int, question.split("+"))
        assert a + b == int(answer)


def _small(recipe):
    from recipes.settings import replace

    return replace(
        recipe.settings, {"train_sums": 40, "validation_sums": 40, "test_sums": 40, "digits": 3}
    )


@pytest.mark.slow
def test_own_questions_fit_measure_and_answer(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("".join(f"{i}-1\t{i - 1}\n" for i in range(40)), encoding="utf-8")
    run = recipes.get("addition").fit(tmp_path / "run", data=path, steps=4, **TINY)
    measured = run.evaluate("test")
    assert 0 <= measured["exact_match"] <= measured["character_accuracy"] <= 1
    assert measured["questions"] == 4
    assert run.answers(text=["3-1", ""])["text"][1] == b""
