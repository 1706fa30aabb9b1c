"""skip_thought: its measures against worked cases, and a run on a person's own file."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

import recipes
from recipes.metrics.sentence_vectors import linear_accuracy, share_found
from recipes.skip_thought import scattered
from zoo.errors import InputError

TINY = {"units": 8, "embedding_dim": 8, "batch_size": 8, "warmup_steps": 0, "vocabulary_size": 50}


@pytest.fixture(scope="module")
def run(tmp_path_factory, no_corpora):
    folder = tmp_path_factory.mktemp("skip")
    path = folder / "own.txt"
    text = " ".join(f"The cat number {i} sat down. Then dog {i} ran away!" for i in range(30))
    path.write_text(text, encoding="utf-8")
    return recipes.get("skip_thought").fit(folder / "run", data=path, steps=4, **TINY)


@pytest.fixture(scope="module")
def no_corpora(tmp_path_factory):
    """No corpus of labelled sentences is at hand, and none can be fetched."""
    patch = pytest.MonkeyPatch()
    patch.setenv("ZOO_DATA", str(tmp_path_factory.mktemp("empty")))
    from recipes import datasets

    def refuse(name, files=None):
        raise InputError(f"{name}: no network in this test")

    patch.setattr(datasets, "fetch", refuse)
    yield
    patch.undo()


def test_the_right_partner_is_found_by_a_score_that_knows_it():
    found = share_found(lambda rows, columns: np.eye(len(rows)), 10, group=5)
    assert found == {"found_first": 1.0, "found_among_10": 1.0, "median_rank": 1.0}
    # A score that knows nothing puts everything in the middle.
    same = share_found(lambda rows, columns: np.zeros((len(rows), len(columns))), 10, group=5)
    assert same == {"found_first": 0.0, "found_among_10": 1.0, "median_rank": 3.0}


def test_what_a_line_can_divide_is_divided():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(120, 6))
    labels = (vectors[:, 0] + vectors[:, 1] > 0).astype(int)
    assert linear_accuracy(vectors[:80], labels[:80], vectors[80:], labels[80:]) > 0.9
    mixed = random.permutation(labels)
    assert linear_accuracy(vectors[:80], mixed[:80], vectors[80:], mixed[80:]) < 0.8


@pytest.mark.slow
def test_triples_are_neighbours(run):
    for split in ("train", "validation", "test"):
        for before, sentence, after in run.examples(split):
            number = int("".join(filter(str.isdigit, sentence)))
            if sentence.startswith("The cat"):
                assert str(number) in after and str(number - 1) in before
            else:
                assert str(number) in before and str(number + 1) in after


@pytest.mark.slow
def test_a_sentence_alone_is_the_sentence_in_a_batch(run):
    texts = ["The cat number 3 sat down.", "", "dog", "unheard words here"]
    together = run.answers(text=texts)
    for row, text in enumerate(texts):
        alone = run.answers(text=[text])["vector"][0]
        np.testing.assert_allclose(together["vector"][row], alone, atol=1e-6)
    assert np.all(together["vector"][1] == 0)
    np.testing.assert_allclose(together["unknown_share"], [0, 0, 0, 1], atol=1e-6)


@pytest.mark.slow
def test_following_is_the_decoders_own_likelihood(run):
    words = run.assets.words
    given = {"text": ["dog 3 ran away"], "candidate": ["the cat"]}
    answer = run.answers("following", **given)
    source = words.ids(tf.constant([["dog", "3", "ran", "away"]]))
    after = words.ids(tf.constant([["the", "cat"]])).numpy()
    logits = run.model(
        {
            "source": source.numpy(),
            "source_length": np.array([4]),
            "previous": np.array([[2]]),
            "next": np.concatenate([[[2]], after], 1),
        }
    )["next_logits"]
    logs = np.asarray(tf.nn.log_softmax(logits))[0]
    expected = -sum(logs[step, token] for step, token in enumerate([*after[0], 3]))
    assert answer["nats"][0] == pytest.approx(expected, abs=1e-4)
    assert answer["tokens"][0] == 3


@pytest.mark.slow
def test_measures_beside_plain_methods(run):
    measured = run.evaluate("validation")
    assert 0 <= measured["found_first"] <= 1
    assert not [name for name in measured if name.startswith("accuracy")]
    plain = run.folder.read_json("metrics.json")["baselines"]["validation"]
    means = "mean of the vectors it starts from"
    assert set(plain) == {"random encoder", "which of the 2,000 commonest words", means}


def test_the_encoder_starts_from_vectors_of_its_own_text(tmp_path):
    recipe = recipes.get("skip_thought").recipe
    settings = dataclasses.replace(recipe.settings, **TINY)
    rows = [("a b.", "The cat saw the dog.", "c d."), ("c d.", "A dog saw two birds fly by.", "e.")]
    assets = recipe.prepare(settings, rows)
    assets.save(tmp_path)
    loaded = recipe.assets.load(tmp_path)
    embedding = recipe.build(settings, loaded).get_layer("encoder").get_layer("embedding")
    np.testing.assert_array_equal(embedding.embeddings, assets.vectors)
    assert assets.vectors.shape == (len(assets.words), 8)
    plain = dataclasses.replace(settings, ppmi_vectors=False)
    assert recipe.prepare(plain, rows).vectors is None
    with pytest.raises(InputError, match=r"words are too few .* smaller embedding_dim"):
        recipe.prepare(dataclasses.replace(settings, embedding_dim=64), rows)


def test_sentences_to_look_for_come_from_all_over_the_book():
    book = [(place - 1, place, place + 1) for place in range(5000)]
    drawn = scattered(book, 100)
    assert drawn == scattered(book, 100) and len({*drawn}) == 100
    places = [place for _, place, _ in drawn]
    assert min(places) < 500 and max(places) > 4500
    # In a row, each but the first would be the next one of another.
    assert sum(following in places for _, _, following in drawn) < 10
