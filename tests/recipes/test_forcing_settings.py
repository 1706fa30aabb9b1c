"""How g2p's decoder is fed in training, chosen by a setting."""

import keras
import numpy as np
import pytest

import recipes
from recipes.forcing import ForcingSettings, forced_by
from recipes.settings import replace
from zoo.errors import InputError
from zoo.topologies import attention_n_to_m

STEPS = {"round_steps": 4, "dropout": 0.2, "discriminator_units": 3, "sampling_steps": 8}
WAYS = [
    {"forcing": "scheduled"},
    {"forcing": "scheduled", "sampling": "inverse_sigmoid", "sampling_slowness": 3.0},
    {"forcing": "free"},
    {"forcing": "professor"},
    {"attention": "hard"},
    {"attention": "coverage", "forcing": "professor"},
]


def model():
    return attention_n_to_m(9, 7, units=4, embedding_dim=3)


def test_teacher_forcing_trains_the_plain_model():
    recipe = recipes.get("g2p").recipe
    built = model()
    assert recipe.settings.forcing == "teacher"
    assert forced_by(recipe.settings, built) is None
    trained = recipe.trained(recipe.settings, built)
    assert type(trained) is type(built) and list(trained.output) == ["logits"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"forcing": "teach"},
            "forcing is 'teach'; expected one of teacher, scheduled, free, prof",
        ),
        (
            {"forcing": "scheduled", "sampling": "cosine"},
            "expected one of constant, exponential, i",
        ),
        (
            {"forcing": "scheduled", "sampling_most": 1.2},
            r"most is 1\.2; a probability lies from 0",
        ),
        ({"forcing": "scheduled", "sampling_steps": 0}, "num_steps is 0; it must be at least 1"),
        ({"forcing": "professor", "discriminator_units": 0}, "units is 0; expected a whole number"),
        (
            {"coverage_weight": -1.0, "forcing": "free"},
            r"coverage_weight is -1\.0; expected a numb",
        ),
    ],
)
def test_bad_settings_are_refused_in_one_line(changes, message):
    with pytest.raises(InputError, match=message) as caught:
        forced_by(replace(ForcingSettings(), changes), model())
    assert "\n" not in str(caught.value)


class Killed(keras.callbacks.Callback):
    """Stops in the midst of the third round."""

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations == 10:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way.values())))
def test_each_way_fits_resumes_exactly_and_answers(way, tmp_path, write_pairs, tiny_g2p):
    data = write_pairs(tmp_path / "own.tsv")
    recipe = recipes.get("g2p").recipe
    settings = replace(recipe.settings, {**tiny_g2p, **STEPS, **way})
    whole, cut = (
        recipes.Run.start(recipe, tmp_path / name, settings, data=data, steps=12)
        for name in ("whole", "cut")
    )
    whole.fit()
    with pytest.raises(KeyboardInterrupt):
        cut.fit(callbacks=(Killed(),))
    assert [row["step"] for row in cut.folder.read_history()] == [4, 8]
    cut = recipes.Run.open(tmp_path / "cut")
    cut.fit(resume=True)
    for one, other in zip(whole.model.weights, cut.model.weights, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.path)
    history = whole.folder.read_history()
    assert [row["step"] for row in history] == [4, 8, 12]
    assert all(np.isfinite(value) for row in history for value in row.values())
    if way.get("forcing") == "scheduled":
        assert history[0]["own_tokens"] < history[-1]["own_tokens"] <= 0.25
    answer = whole.answers(text=["abx", ""])
    assert answer["text"].shape == (2,) and np.all(np.isfinite(answer["score"]))


@pytest.mark.slow
def test_the_other_ways_are_not_teacher_forcing(tmp_path, write_pairs, tiny_g2p):
    data = write_pairs(tmp_path / "own.tsv")
    weights = {}
    for way in ("teacher", "free", "professor"):
        run = recipes.get("g2p").fit(
            tmp_path / way, data=data, steps=4, **{**tiny_g2p, "forcing": way}
        )
        weights[way] = np.concatenate([np.ravel(w) for w in run.model.weights])
        keras.backend.clear_session()
    assert not np.allclose(weights["teacher"], weights["free"])
    assert not np.allclose(weights["teacher"], weights["professor"])
