"""char_rnn from a person's own text to a stream, on data that the test makes."""

import json

import numpy as np
import pytest
import tensorflow as tf

import recipes
from zoo.errors import InputError

TINY = {
    "units": 8,
    "embedding_dim": 4,
    "num_layers": 1,
    "batch_size": 2,
    "window": 8,
    "round_steps": 3,
    "max_length": 10,
}


@pytest.fixture(scope="module")
def text():
    return "".join(np.random.default_rng(0).choice(list("abc \n"), 900))


@pytest.fixture(scope="module")
def run(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("char_rnn")
    (folder / "own.txt").write_text(text, encoding="utf-8")
    return recipes.get("char_rnn").fit(folder / "run", data=folder / "own.txt", steps=6, **TINY)


def recipe():
    return recipes.get("char_rnn").recipe


def test_the_splits_are_the_text_in_order(run, text):
    parts = [recipe().read(run.settings, run.data, s)[0] for s in ("train", "validation", "test")]
    assert "".join(part.text for part in parts) == text
    assert len(parts[2].text) == len(text) - int(len(text) * 0.9)
    assert parts[0].window == 8 and parts[1].window is None


def test_a_short_text_keeps_a_twentieth_to_validate_on(tmp_path):
    path = tmp_path / "own.txt"
    # Its first nine tenths are of 9,000 and 450,000 characters: a twentieth, and ten thousand.
    for size, kept in ((10_000, 450), (500_000, 10_000)):
        path.write_text("ab" * (size // 2), encoding="utf-8")
        (passage,) = recipe().read(recipe().settings, path, "validation")
        assert len(passage.text) == kept


def test_training_reads_what_comes_next(run, text):
    (passage,) = recipe().read(run.settings, run.data, "train")
    columns, lengths = recipe().columns(run.assets, [passage])
    inputs, targets = recipe().features(columns)
    tokens = [run.assets.vocabulary.tokens[i] for i in np.asarray(inputs["tokens"])[3]]
    wanted = [run.assets.vocabulary.tokens[i] for i in np.asarray(targets["logits"])[3]]
    # The fourth window begins three fourths of a window into the text.
    assert "".join(tokens) == text[6:14] and "".join(wanted) == text[7:15]
    assert set(lengths) == {8} and set(np.asarray(inputs["length"])) == {8}
    plan = recipe().plan(run.settings, lengths, 0)
    assert plan.steps_per_epoch == len(lengths) // (2 * 4)


def test_validation_is_the_score_of_the_running_text(run):
    (passage,) = recipe().read(run.settings, run.data, "validation")
    measured = recipe().measure(run.settings, run.answers, [passage])
    assert measured["characters"] == len(passage.text)
    # What training said at its last round, of the same weights, in one pass too.
    trained = run.folder.read_history()[-1]["val_nats"]
    np.testing.assert_allclose(measured["nats_per_character"], trained, rtol=1e-4)


def test_writes_on_as_the_seed_says(run):
    answer = run.answers(text=["ab", "ab"], seed=[1, 1])
    assert answer["text"][0] == answer["text"][1] and len(answer["text"][0]) == 10
    lines = recipe().lines(["ab"], run.answers(text=["ab"]))
    assert lines[0].startswith("ab") and len(lines[0]) == 12
    shown = recipe().show(run.answers, recipe().read(run.settings, run.data, "validation"), 3)
    assert 1 <= len(shown) <= 3 and all(one.says for one in shown)


def test_baselines_are_learned_from_the_training_text(run):
    train = recipe().read(run.settings, run.data, "train")
    test = recipe().read(run.settings, run.data, "test")
    found = recipe().baselines(run.settings, train, test)
    share = {letter: train[0].text.count(letter) for letter in "abc \n"}
    total = len(train[0].text)
    # The unigram by hand: five letters seen, and one place for all others.
    nats = [-np.log((share[c] + 5 * (1 / 6)) / (total + 5)) for c in test[0].text]
    np.testing.assert_allclose(found["unigram"]["nats_per_character"], np.mean(nats), rtol=1e-6)
    assert set(found) == {"unigram", "5-gram"}


def test_draws_each_character(run):
    from matplotlib.figure import Figure

    figure = Figure()
    recipe().draw(figure, "ab\nc", run.answers(text=["ab\nc"]))
    drawn = [text.get_text() for text in figure.axes[0].texts]
    assert drawn[:4] == ["a", "b", "↵", "c"] and len(drawn) == 14


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        (b"", {}, "no text in the file"),
        (b"one line", {}, "7 characters to train on are too few|are too few for 2 lanes of 8"),
        (b"good\nbad \xff\n" * 100, {}, "line 2"),
        (b"abc" * 400, {"validation_share": 1.5}, "setting validation_share=1.5: expected"),
        (b"abc" * 400, {"window": 9}, "a window of 9 cannot be parted by 4"),
    ],
)
def test_bad_data_and_settings_leave_no_folder(tmp_path, content, settings, message):
    path = tmp_path / "own.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        recipes.get("char_rnn").fit(tmp_path / "run", data=path, steps=1, **{**TINY, **settings})
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_killed_run_is_resumed_to_the_same_weights(tmp_path, text, monkeypatch):
    (tmp_path / "own.txt").write_text(text, encoding="utf-8")
    one = recipes.get("char_rnn")
    settings = {"data": tmp_path / "own.txt", "recurrent_weight_dropout": 0.3, **TINY}
    whole = one.fit(tmp_path / "whole", steps=12, **settings)

    class Killed(Exception):
        pass

    from zoo.training.checkpoints import Checkpoints

    save = Checkpoints.save

    def dying(self, step, variables):
        path = save(self, step, variables)
        if step == 6:
            raise Killed
        return path

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Checkpoints, "save", dying)
        one.fit(tmp_path / "cut", steps=12, **settings)
    assert not (tmp_path / "cut" / "model.keras").exists()
    cut = one.fit(tmp_path / "cut", resume=True)
    for a, b in zip(whole.model.weights, cut.model.weights, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=a.path)


@pytest.mark.slow
def test_exported_it_streams_what_it_says(run, tmp_path):
    import zoo
    from recipes.workbench.exporting import export

    written = export(run, tmp_path)
    model = zoo.load(tmp_path / "char_rnn")
    wanted = run.answers(text=["ab"], seed=[5])["text"][0]
    assert model(text=["ab"], seed=[5])["text"][0] == wanted
    request, said = {"text": ["ab"], "seed": [5], "temperature": [0.8]}, b""
    for _ in range(10):
        answer = model(signature="next", **request)
        said += answer["text"][0]
        request |= {name: answer[name] for name in ("text", "index", "state")}
    assert said == wanted
    facts = json.loads((written.parent / "metrics.json").read_text(encoding="utf-8"))
    assert facts["settings"]["window"] == 8
    assert tf.io.gfile.exists(str(written / "batching_params.pbtxt"))
