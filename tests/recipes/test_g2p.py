"""g2p from a person's own file to answers, on data that the test makes."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

import recipes
from recipes.settings import replace
from zoo.errors import InputError

SPLITS = ("train", "validation", "test")


@pytest.fixture
def run(g2p_run):
    return g2p_run


def test_splits_share_no_word_and_lose_none(tmp_path, write_pairs):
    recipe = recipes.get("g2p").recipe
    path = write_pairs(tmp_path / "own.tsv")
    words = [
        {w for w, _ in recipe.read(recipe.settings, path, s)}
        for s in ("train", "validation", "test")
    ]
    assert len(set.union(*words)) == sum(map(len, words)) == len(path.read_text().splitlines())
    assert all(words)


def test_several_lines_of_a_word_are_its_pronunciations(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("".join(f"w{i}\tA {i}\nw{i}\tB\nw{i}\tB\n" for i in range(4)), encoding="utf-8")
    recipe = recipes.get("g2p").recipe
    rows = [
        r for s in ("train", "validation", "test") for r in recipe.read(recipe.settings, path, s)
    ]
    assert dict(rows) == {f"w{i}": [f"A {i}", "B"] for i in range(4)}


def test_plain_text_in_another_script_is_cut_into_characters(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("北京\tběijīng\n早上\tzǎoshang\n中国\tzhōngguó\n", encoding="utf-8")
    recipe = recipes.get("g2p").recipe
    assets = recipe.prepare(recipe.settings, recipe.read(recipe.settings, path, "train"))
    assert assets.target_tokenizer == "characters"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"good\tG\nbad\n", "line 2"),
        (b"good\tG\n\tX\n", "line 2"),
        (b"good\tG\nbad\t\n", "line 2"),
        (b"good\tG\na\tb\tc\n", "line 2"),
        (b"good\tG\n\xff\xfe\tG\n", "line 2"),
        (b"", "own.tsv"),
        (b"one\tO\n", "1 words are too few"),
    ],
)
def test_bad_data_is_named_by_line_and_leaves_no_folder(tmp_path, tiny_g2p, content, message):
    path = tmp_path / "own.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        recipes.get("g2p").fit(tmp_path / "run", data=path, steps=1, **tiny_g2p)
    assert not (tmp_path / "run").exists()


def test_the_run_folder_holds_everything(run):
    names = {path.name for path in run.folder.path.iterdir()}
    assert {
        "run.json",
        "assets",
        "checkpoints",
        "history.csv",
        "tensorboard",
        "model.keras",
    } <= names
    described = json.loads((run.folder.path / "run.json").read_text())
    assert described["settings"]["units"] == 8
    assert {"tensorflow", "keras", "device", "commit"} <= set(described["environment"])
    assert [row["step"] for row in run.folder.read_history()] == [3, 6]


def test_a_second_fit_in_the_same_folder_is_refused(run, tiny_g2p):
    with pytest.raises(InputError, match="--resume"):
        recipes.get("g2p").fit(run.folder.path, data=run.data, steps=1, **tiny_g2p)


def test_a_folder_of_another_recipe_is_refused(tmp_path):
    (tmp_path / "run.json").write_text('{"recipe": "other", "settings": {}}')
    with pytest.raises(InputError, match="recipe 'other', not of 'g2p'"):
        recipes.get("g2p").fit(tmp_path, resume=True)


def test_answers_strings_with_n_best_and_alignment(run):
    words = ["abx", "", "ABX", "q" * 40]
    answer = run.answers(text=words)
    assert answer["text"].shape == (4,)
    assert answer["n_best"].shape == answer["n_best_scores"].shape == (4, 2)
    assert np.all(np.diff(answer["n_best_scores"][[0, 2, 3]], axis=1) <= 0)
    assert answer["text"][1] == b""
    assert answer["text"][0] == answer["text"][2]  # lower-cased
    np.testing.assert_allclose(answer["unknown_share"], [0, 0, 0, 1])
    lengths = len(answer["text"][0].split())
    np.testing.assert_allclose(answer["alignment"][0, :lengths].sum(-1), 1, atol=1e-4)
    assert np.all(answer["alignment"][0, :, 3:] == 0)


def test_a_row_alone_is_the_row_in_a_batch(run):
    words = ["abx", "dcbay", "bz", "abcdx"] * 16
    together, alone = run.answers(text=words), run.answers(text=words[1:2])
    assert together["n_best"][1].tolist() == alone["n_best"][0].tolist()
    np.testing.assert_allclose(together["n_best_scores"][1], alone["n_best_scores"][0], atol=1e-4)


def test_token_ids_say_the_same_as_strings(run):
    ids = run.assets.source.ids(tf.constant(list("abx")))[None]
    given = {"source": ids, "source_length": [3]}
    answer, strings = run.answers("token_ids", **given), run.answers(text=["abx"])
    np.testing.assert_allclose(answer["scores"], strings["n_best_scores"], atol=1e-5)
    said = run.assets.target.strings(answer["ids"][0, 0, : answer["lengths"][0, 0]])
    assert b" ".join(said.numpy()) == strings["text"][0]


def test_settings_of_the_search_are_inputs(run):
    assert run.answers(text=["abcdx"], max_length=1)["n_best"].shape == (1, 2)
    assert all(len(s.split()) <= 1 for s in run.answers(text=["abcdx"], max_length=1)["n_best"][0])
    with pytest.raises(InputError, match="did you mean 'length_penalty'"):
        run.answers(text=["a"], length_penalti=1.0)


def test_measures_with_and_without_beam(run):
    measured = run.evaluate("test")
    assert {"word_error_rate", "word_error_rate_greedy", "phoneme_error_rate"} <= set(measured)
    assert json.loads((run.folder.path / "metrics.json").read_text())["test"] == measured


def test_exported_answers_are_keras_answers(run, tmp_path):
    import zoo
    from recipes.workbench.exporting import export

    written = export(run, tmp_path)
    assert written == tmp_path / "g2p" / "1"
    assert {"README.md", "metrics.json", "assets", "alignment.png", "1"} == {
        p.name for p in written.parent.iterdir()
    }
    model = zoo.load(tmp_path / "g2p")
    words = ["abx", "", "dcba", "zzz"]
    loaded, own = model(words), run.answers(text=words)
    assert loaded["n_best"].tolist() == own["n_best"].tolist()
    for name in ("n_best_scores", "alignment", "unknown_share"):
        np.testing.assert_allclose(loaded[name], own[name], atol=1e-5)
    with pytest.raises(InputError, match="exists"):
        export(run, tmp_path, version=1)
    figures = export(run, tmp_path, name="figures", metrics_only=True)
    assert {"README.md", "metrics.json"} == {p.name for p in figures.iterdir()}


@pytest.mark.slow
def test_killed_and_resumed_is_the_uninterrupted_run(tmp_path, write_pairs, tiny_g2p):
    data = write_pairs(tmp_path / "own.tsv")
    settings = [
        f"--set={k}={v}" for k, v in {**tiny_g2p, "round_steps": 20, "dropout": 0.3}.items()
    ]
    command = [sys.executable, "-m", "zoo", "fit", "g2p", "--data", str(data), "--steps", "200"]

    def start(folder, *more):
        return subprocess.Popen(
            [*command, "--run-dir", str(folder), *more], stdout=subprocess.DEVNULL
        )

    assert start(tmp_path / "whole", *settings).wait(timeout=300) == 0
    process = start(tmp_path / "cut", *settings)
    history = tmp_path / "cut" / "history.csv"
    deadline = time.monotonic() + 300
    while not (history.is_file() and len(history.read_text().splitlines()) > 4):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "cut" / "model.keras").exists()
    resumed = [sys.executable, "-m", "zoo", "fit", "g2p", "--resume", "--run-dir"]
    assert (
        subprocess.run([*resumed, str(tmp_path / "cut")], stdout=subprocess.DEVNULL).returncode == 0
    )
    whole, cut = (recipes.Run.open(tmp_path / name).model for name in ("whole", "cut"))
    for a, b in zip(whole.weights, cut.weights, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=a.path)


def test_settings_survive_json():
    settings = recipes.get("g2p").recipe.settings
    assert replace(settings, json.loads(json.dumps(vars(settings)))) == settings
