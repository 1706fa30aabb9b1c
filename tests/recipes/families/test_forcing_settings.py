"""How a decoder over text is fed in training, and what it attends by, chosen by settings."""

import keras
import numpy as np
import pytest

import recipes
from recipes.families.forcing import ForcingSettings, forced_by
from recipes.families.text_to_text import some
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


@pytest.mark.parametrize("name", ["g2p", "translation", "headlines", "addition"])
def test_teacher_forcing_trains_the_plain_model(name):
    recipe = recipes.get(name).recipe
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
            r"sampling_most=1\.2: expected 0 or more and 1 at most",
        ),
        ({"forcing": "scheduled", "sampling_steps": 0}, "sampling_steps=0: expected 1 or more"),
        (
            {"forcing": "professor", "discriminator_units": 0},
            "discriminator_units=0: expected 1 or more",
        ),
        (
            {"coverage_weight": -1.0, "forcing": "free"},
            r"coverage_weight=-1\.0: expected 0 or more",
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


OTHERS = [
    # A model that copies feeds itself words that its vocabulary lacks.
    ("headlines", {"forcing": "scheduled", "sampling": "constant", "sampling_most": 1.0}),
    ("headlines", {"forcing": "professor"}),
    ("headlines", {"attention": "hard", "copying": False}),
    ("translation", {"forcing": "professor"}),
    ("translation", {"attention": "none"}),
    ("addition", {"forcing": "scheduled"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "way"), OTHERS, ids=[f"{name}-{'-'.join(map(str, w.values()))}" for name, w in OTHERS]
)
def test_the_other_recipes_over_text_take_the_same_settings(name, way, tmp_path):
    data = tmp_path / "own.tsv"
    names = [f"{a}{b}" for a in ("ana", "boris", "carla", "eva") for b in "klmnopqr"]
    data.write_text("".join(f"On Monday {n} won.\t{n} wins\n" for n in names), encoding="utf-8")
    tiny = {"units": 6, "embedding_dim": 5, "batch_size": 8, "warmup_steps": 0, "beam_width": 2}
    tiny |= {"num_results": 2, "discriminator_units": 3, "round_steps": 2}
    if name != "addition":
        tiny |= {"attention_units": 4, "vocabulary_size": 20}
    run = recipes.get(name).fit(tmp_path / "run", data=data, steps=4, **{**tiny, **way})
    history = run.folder.read_history()
    assert all(np.isfinite(value) for row in history for value in row.values())
    shown = {"scheduled": "own_tokens", "professor": "discriminator"}.get(way.get("forcing"))
    assert shown is None or shown in history[-1]
    assert way.get("attention") != "hard" or "reinforce" in history[-1]
    assert run.model.name == (
        "n_to_m" if "none" in way.values() or name == "addition" else "attention_n_to_m"
    )
    answer = run.answers(text=["On Monday Zed won.", ""])
    assert answer["text"][1] == b"" and np.all(np.isfinite(answer["score"]))


@pytest.mark.parametrize("kind", ["hard", "none"])
def test_what_cannot_copy_says_so(kind):
    recipe = recipes.get("headlines").recipe
    with pytest.raises(InputError, match=rf"{kind}.*copying=false"):
        recipe.build(replace(recipe.settings, {"attention": kind}), None)


def test_fewer_training_rows_are_an_even_part_in_their_order():
    everything = list(range(1000))
    part = some(everything, 100)
    assert part == some(everything, 100) == sorted(part) and len(set(part)) == 100
    assert 300 < np.median(part) < 700
    assert some(everything, None) is everything and some(everything, 1000) is everything
    with pytest.raises(InputError, match="0 training examples"):
        some(everything, 0)


@pytest.mark.parametrize("name", ["g2p", "translation", "headlines"])
def test_fewer_rows_leave_the_validation_data_as_it_is(name, tmp_path):
    data = tmp_path / "own.tsv"
    data.write_text("".join(f"wort {i}\tword {i}\n" for i in range(100)), encoding="utf-8")
    recipe = recipes.get(name).recipe
    (limit,) = [one for one in vars(recipe.settings) if one.startswith("train_")]
    few = replace(recipe.settings, {limit: 7})
    assert len(recipe.read(few, data, "train")) == 7
    assert set(map(str, recipe.read(few, data, "train"))) < set(
        map(str, recipe.read(recipe.settings, data, "train"))
    )
    for split in ("validation", "test"):
        assert recipe.read(few, data, split) == recipe.read(recipe.settings, data, split)
