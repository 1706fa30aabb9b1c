"""chorale_frames: the loss of frames, chord texts in the graph, and a run on one's own pieces."""

import math

import numpy as np
import pytest
import tensorflow as tf

import recipes
from recipes.datasets.chorales import piano_roll
from zoo.errors import InputError
from zoo.training.note_objectives import FrameNats, frame_cross_entropy

TINY = {"units": 8, "batch_size": 4, "warmup_steps": 0, "round_steps": None}
PIECES = ["60 64 67 | 60 65 69 | 59 62 67 | 60 64 67 |", "60 | | 62 64 |", "72 48 | 71 50 | 72 48"]


def test_nats_of_frames_are_those_of_their_notes():
    random = np.random.default_rng(0)
    logits = random.normal(size=(2, 3, 4)).astype("float32")
    labels = (random.random((2, 3, 4)) > 0.5).astype("float32")
    labels[1, 2] = labels[0, 0] = np.nan
    chances = 1 / (1 + np.exp(-logits.astype("float64")))
    right = np.where(labels == 1, chances, 1 - chances)
    nats = -np.log(right).sum(-1)
    expected = np.mean(
        [nats[b, t] for b in range(2) for t in range(3) if (b, t) not in ((1, 2), (0, 0))]
    )
    assert float(frame_cross_entropy(labels, logits)) == pytest.approx(expected, rel=1e-5)
    metric = FrameNats()
    metric.update_state(labels[:1], logits[:1])
    metric.update_state(labels[1:], logits[1:])
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)
    assert float(frame_cross_entropy(np.full((1, 2, 4), np.nan, "float32"), logits[:1, :2])) == 0


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    path = folder / "own.txt"
    path.write_text("\n".join(PIECES * 6) + "\n", encoding="utf-8")
    return recipes.get("chorale_frames").fit(folder / "run", data=path, steps=4, **TINY)


@pytest.mark.slow
def test_chord_texts_are_the_rolls(run):
    texts = [*PIECES, "", "999 x 60 |"]
    answer = run.answers(chords=texts)
    rolls = [
        piano_roll([(60, 64, 67), (60, 65, 69), (59, 62, 67), (60, 64, 67)]),
        piano_roll([(60,), (), (62, 64)]),
        piano_roll([(48, 72), (50, 71), (48, 72)]),
        np.zeros((0, 88), "float32"),
        piano_roll([(60,)]),
    ]
    assert answer["frames"].tolist() == [3, 2, 2, 0, 0]
    for row, roll in enumerate(rolls):
        alone = run.answers("roll", roll=roll[None], length=[len(roll)])
        np.testing.assert_allclose(
            answer["probabilities"][row], alone["probabilities"][0], atol=1e-5
        )
        assert answer["nats"][row] == pytest.approx(alone["nats"][0], abs=1e-3)
    assert np.all(np.diff(answer["chances"], axis=1) <= 0)


@pytest.mark.slow
def test_the_measure_is_the_loss_of_training(run):
    examples = run.examples("validation")
    columns, _ = run.recipe.columns(run.assets, examples)
    inputs, targets = run.recipe.features(columns)
    loss = frame_cross_entropy(targets["logits"], run.model(inputs)["logits"])
    measured = run.evaluate("validation")
    assert measured["nats_per_frame"] == pytest.approx(float(loss), rel=1e-4)


@pytest.mark.slow
def test_plain_methods_on_a_worked_case(run):
    # One note sounds in every second frame of training; the other 87 never.
    train = [[(60,), (), (60,), ()] * 5]
    plain = run.recipe.baselines(run.settings, train, [[(60,), (), (60,)]])
    silence = -math.log(1 - 1e-3) * 87
    common = plain["how common each note is"]["nats_per_frame"]
    assert common == pytest.approx(-math.log(0.5) + silence, rel=1e-3)
    assert plain["whether each note sounded before"]["nats_per_frame"] < 0.5


def test_a_wrong_line_is_named(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("60 | 62 |\n60 | abc |\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2: 'abc'"):
        recipes.get("chorale_frames").fit(tmp_path / "run", data=path)
    path.write_text("60 |\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 1: 1 chord; expected two"):
        recipes.get("chorale_frames").fit(tmp_path / "run", data=path)


@pytest.mark.slow
def test_an_exported_model_needs_no_keras(run, tmp_path):
    tf.saved_model.save(run.module, str(tmp_path), signatures=run.module.signatures)
    loaded = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    found = loaded(chords=tf.constant(PIECES))["probabilities"]
    np.testing.assert_allclose(found, run.answers(chords=PIECES)["probabilities"], atol=1e-6)
