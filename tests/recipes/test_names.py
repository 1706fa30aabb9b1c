"""names: the file of one's own, what is written, and what is measured."""

import math

import numpy as np
import pytest
import tensorflow as tf

import recipes

TINY = {
    "units": 8,
    "embedding_dim": 6,
    "batch_size": 8,
    "warmup_steps": 0,
    "validation_names": 6,
    "test_names": 6,
    "drawn_names": 3,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    path = folder / "own.tsv"
    rows = [(f"{'ab' * (1 + i % 3)}{i}", "even" if i % 2 == 0 else "odd") for i in range(40)]
    path.write_text("".join(f"{a}\t{b}\n" for a, b in rows) + "abab\teven\nabab\todd\n", "utf-8")
    return recipes.get("names").fit(folder / "run", data=path, steps=6, **TINY)


def test_a_name_of_two_labels_stays_in_one_split(run):
    splits = [run.examples(split) for split in ("train", "validation", "test")]
    names = [{name for name, _ in split} for split in splits]
    assert len(set.union(*names)) == sum(map(len, names)) == 41
    assert sum(map(len, splits)) == 42


def test_the_same_label_and_seed_write_the_same_name(run):
    first = run.answers(label=["odd", "even", "odd"], seed=[1, 1, 2])
    again = run.answers(label=["odd"], seed=[2])
    assert first["text"][2] == again["text"][0]
    assert first["label_known"].all()
    assert not run.answers(label=["neither"])["label_known"][0]
    assert run.answers(label=["odd"], max_length=0)["text"][0] == b""


def test_a_score_is_the_sum_of_the_models_own_nats(run):
    answer = run.answers("score", label=["odd"], text=["aba"])
    vocabulary, labels = run.assets.vocabulary, run.assets.labels
    ids = vocabulary.ids(tf.constant(list("aba"))).numpy()
    logits = run.model(
        {
            "features": np.eye(2, dtype="float32")[[labels.index("odd")]],
            "target": np.array([[2, *ids]]),
        }
    )["logits"][0]
    logits = np.asarray(logits, "float64")
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = -sum(logs[step, token] for step, token in enumerate([*ids, 3]))
    assert answer["nats"][0] == pytest.approx(expected, abs=1e-4)
    assert answer["tokens"][0] == 4


def test_measures_and_plain_methods(run):
    measured = run.evaluate("validation")
    assert 0 < measured["nats_per_character"] < 2 * math.log(len(run.assets.vocabulary))
    for share in ("recognised", "recognised_true_names", "new", "different"):
        assert 0 <= measured[share] <= 1
    plain = run.recipe.baselines(run.settings, [("aa", "x")] * 9, [("aa", "x")])
    # Seen nine times: a, a, end. The unigram is (18 + 2/3) / (27 + 2) for a, (9 + 2/3) / 29 for it.
    unigram = -(2 * math.log((18 + 2 / 3) / 29) + math.log((9 + 2 / 3) / 29)) / 3
    (found,) = (v for name, v in plain.items() if name.startswith("1-gram"))
    assert found["nats_per_character"] == pytest.approx(unigram)
