"""Classifying text from a person's own file to answers, on data that the test makes."""

import json

import numpy as np
import pytest
import tensorflow as tf

import recipes
from recipes.families.text_to_label import label_cross_entropy
from zoo.errors import InputError
from zoo.signatures.text_to_label import TextToLabel

WORDS = {"good": "yes", "fine": "yes", "dull": "no", "bad": "no", "odd": "maybe"}
TINY = {
    "units": 8,
    "embedding_dim": 8,
    "batch_size": 8,
    "dropout": 0.1,
    "word_dropout": 0.1,
    "learning_rate": 2e-2,
    "warmup_steps": 0,
    "min_count": 1,
}
TEXTS = ["Good film!", "", "a dull  bad ONE", "zzz qqq", "good " * 1000, "bad\u2026 \u5317\u4eac"]


def write(path, count=120):
    random = np.random.default_rng(0)
    lines = []
    for number in range(count):
        word = list(WORDS)[number % len(WORDS)]
        around = random.choice(["the", "a", "film", "plot", "of", "cast"], 1 + number % 6)
        lines.append(f"{' '.join([*around[:2], word, *around[2:]])} {number}\t{WORDS[word]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of sentiment on a file with three labels."""
    folder = tmp_path_factory.mktemp("sentiment")
    data = write(folder / "own.tsv")
    return recipes.get("sentiment").fit(folder / "run", data=data, steps=60, **TINY)


@pytest.fixture(scope="module")
def answer(run):
    return run.answers(text=TEXTS)


def test_learns_which_word_decides(run):
    measured = run.evaluate("test")
    assert measured["accuracy"] > 0.8
    kept = json.loads((run.folder.path / "metrics.json").read_text())
    assert kept["test"] == measured
    assert set(kept["baselines"]["test"]) == {
        "commonest label",
        "naive Bayes of 1 to 2-grams",
        "linear SVM of 1 to 2-grams",
    }


def test_all_labels_are_ranked_with_probabilities(run, answer):
    assert list(run.assets.labels) == ["maybe", "no", "yes"]
    assert answer["labels"].shape == answer["scores"].shape == (len(TEXTS), 3)
    np.testing.assert_allclose(answer["scores"].sum(1), 1, rtol=1e-5)
    assert np.all(np.diff(answer["scores"], axis=1) <= 0)
    assert answer["label"].tolist() == answer["labels"][:, 0].tolist()
    assert answer["score"].tolist() == answer["scores"][:, 0].tolist()


def test_tokens_attention_and_unknown_words(answer):
    np.testing.assert_allclose(answer["attention"].sum(1), [1, 0, 1, 1, 1, 1], atol=1e-5)
    assert answer["tokens"][2, :5].tolist() == [b"a", b"dull", b"bad", b"one", b""]
    assert np.all(answer["attention"][2, 4:] == 0)
    np.testing.assert_allclose(answer["unknown_share"], [1 / 3, 0, 1 / 4, 1, 0, 3 / 4], atol=1e-6)


def test_a_row_alone_is_the_row_in_a_batch(run, answer):
    for row in (0, 1, 3):
        alone = run.answers(text=TEXTS[row : row + 1])
        np.testing.assert_allclose(
            sorted(alone["scores"][0]), sorted(answer["scores"][row]), atol=1e-5
        )


def test_token_ids_and_examples_say_the_same_as_strings(run, answer):
    ids = run.assets.vocabulary.ids(tf.constant(["a", "dull", "bad", "one"]))[None]
    by_ids = run.answers("token_ids", tokens=ids, length=[4])
    np.testing.assert_allclose(by_ids["scores"][0], answer["scores"][2], atol=1e-5)
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[TEXTS[2].encode()]))
    example = tf.train.Example(features=tf.train.Features(feature={"text": feature}))
    classified = run.answers("classify", inputs=[example.SerializeToString()])
    by_label = dict(zip(classified["classes"][0], classified["scores"][0], strict=True))
    for label, score in zip(answer["labels"][2], answer["scores"][2], strict=True):
        np.testing.assert_allclose(by_label[label], score, atol=1e-5)


def test_lines_mark_words_and_say_what_is_unknown(run, answer):
    lines = run.recipe.lines(TEXTS, answer)
    assert lines[0].replace("[", "").replace("]", "").startswith("good film !\t")
    assert lines[1].startswith("\t") and lines[1].endswith("it is empty")
    assert lines[3].endswith("\t100% of it is unknown")
    assert lines[4].count("good") == 60
    assert lines[0].split("\t")[1] == f"{answer['label'][0].decode()} {answer['score'][0]:.3f}"


def test_a_picture_has_the_words(run):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    run.recipe.draw(figure, TEXTS[2], run.answers(text=TEXTS[2:3]))
    assert [t.get_text() for t in figure.axes[0].texts] == ["a", "dull", "bad", "one"]
    with pytest.raises(InputError, match="no token"):
        run.recipe.draw(figure, "", run.answers(text=[""]))


def test_training_reads_what_serving_reads(run):
    text = ["Good\u00a0film\u2026 isn\u2019t it?"]
    columns, lengths = run.recipe.columns(run.assets, [(text[0], "yes")])
    tokens = run.answers(text=text)["tokens"][0]
    assert lengths.tolist() == [len(tokens)]
    ids = run.assets.vocabulary.ids(tf.constant(tokens))
    assert columns["tokens"][0].numpy().tolist() == ids.numpy().tolist()


def test_rows_count_by_the_rarity_of_their_label():
    recipe = recipes.get("sentiment").recipe
    rows = [(f"a {i}", "rare" if i == 0 else "often") for i in range(10)]
    settings = recipe.settings.__class__(balance=1.0)
    columns, _ = recipe.columns(recipe.prepare(settings, rows), rows)
    np.testing.assert_allclose(columns["weight"], [5.0, *[5 / 9] * 9], rtol=1e-6)
    assert np.isclose(columns["weight"].mean(), 1)


def test_the_loss_with_smoothing_is_the_cross_entropy_with_smooth_targets():
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=[5, 3]).astype("float32"), np.array([0, 2, 1, 1, 0])
    logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    target = 0.8 * np.eye(3)[labels] + 0.2 / 3
    found = label_cross_entropy(0.2)(labels, logits)
    np.testing.assert_allclose(found, -(target * logs).sum(1), rtol=1e-5)


@pytest.mark.parametrize("name", ["sentiment", "question_type", "nationality"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"good\tyes\nno tab\n", "own.tsv line 2: 1 field"),
        (b"good\tyes\n\tno\n", "own.tsv line 2: the field 'text' is empty"),
        (b"good\tyes\nbad\t\n", "own.tsv line 2: the field 'label' is empty"),
        (b"good\tyes\na\tb\tc\n", "own.tsv line 2: 3 fields"),
        (b"good\tyes\nna\xefve\tno\n", "own.tsv line 2: the byte 0xef is not utf-8"),
        (b"".join(b"good %d\tyes\n" % i for i in range(20)), "own.tsv: all 20 rows have the label"),
        (b"good\tyes\nbad\tno\n", "own.tsv: 2 different rows leave none for"),
        (b"", "own.tsv: no row"),
    ],
)
def test_bad_data_is_named_by_line_and_leaves_no_folder(tmp_path, name, content, message):
    path = tmp_path / "own.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        recipes.get(name).fit(tmp_path / "run", data=path, steps=1, **TINY)
    assert not (tmp_path / "run").exists()


def test_labels_as_many_as_classes(run):
    with pytest.raises(InputError, match="2 labels for a model of 3"):
        TextToLabel(run.model, run.assets.vocabulary, None, ["a", "b"])


@pytest.mark.slow
def test_exported_answers_are_keras_answers(run, answer, tmp_path):
    import zoo
    from recipes.workbench.exporting import export
    from zoo.serving.warmup import read_warmup

    written = export(run, tmp_path)
    warmed = {one.model_spec.signature_name for one in read_warmup(written)}
    assert warmed == set(run.module.signatures) == {"serving_default", "token_ids", "classify"}
    loaded = zoo.load(tmp_path / "sentiment")(TEXTS)
    assert loaded["labels"].tolist() == answer["labels"].tolist()
    assert loaded["tokens"].tolist() == answer["tokens"].tolist()
    for name in ("scores", "attention", "unknown_share"):
        np.testing.assert_allclose(loaded[name], answer[name], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mean_max"])
def test_other_poolings_have_no_attention(tmp_path, pooling):
    data = write(tmp_path / "own.tsv")
    run = recipes.get("question_type").fit(
        tmp_path / "run", data=data, steps=2, **{**TINY, "pooling": pooling}
    )
    answer = run.answers(text=TEXTS)
    assert "attention" not in answer and answer["label"].shape == (len(TEXTS),)
    assert run.recipe.lines(TEXTS, answer)[0].startswith(TEXTS[0])
    figure = pytest.importorskip("matplotlib.figure").Figure()
    run.recipe.draw(figure, TEXTS[2], run.answers(text=TEXTS[2:3]))
    colours = {t.get_bbox_patch().get_facecolor()[:3] for t in figure.axes[0].texts}
    assert colours == {(1.0, 1.0, 1.0)}


@pytest.mark.slow
def test_word_vectors_are_read_once_and_their_coverage_is_said(tmp_path, capsys):
    data, vectors = write(tmp_path / "own.tsv"), tmp_path / "vectors.txt"
    lines = [f"{word} {i} {i + 1} {i + 2}" for i, word in enumerate(WORDS)]
    vectors.write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = {**TINY, "word_vectors": str(vectors), "train_embedding": False}
    run = recipes.get("sentiment").fit(tmp_path / "run", data=data, steps=2, **settings)
    assert "vectors for 5 of " in capsys.readouterr().err
    place = run.assets.vocabulary.tokens.index("dull")
    kept = run.model.get_layer("embedding").embeddings.numpy()[place]
    np.testing.assert_array_equal(kept, [2, 3, 4])
    vectors.unlink()
    recipes.get("sentiment").fit(tmp_path / "run", resume=True, steps=4)
    with pytest.raises(InputError, match=r"vectors\.txt"):
        recipes.get("sentiment").fit(tmp_path / "other", data=data, steps=2, **settings)


@pytest.mark.slow
def test_names_are_read_by_letters(tmp_path):
    path = tmp_path / "own.tsv"
    rows = [
        f"{a}{b}{end}\t{kind}"
        for a in "kmts"
        for b in "aeiou"
        for end, kind in (("ov", "x"), ("ini", "y"), ("\u00e9", "z"))
    ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    run = recipes.get("nationality").fit(tmp_path / "run", data=path, steps=60, **TINY)
    answer = run.answers(text=["Tolov", "raini", "Be\u0301"])
    assert answer["tokens"][0, :5].tolist() == [b"t", b"o", b"l", b"o", b"v"]
    assert [label.decode() for label in answer["label"][:2]] == ["x", "y"]
