"""babi: stories and questions, and a run on a person's own file."""

import numpy as np
import pytest
import tensorflow as tf

import recipes
from recipes.babi import FACEBOOK_LSTM
from zoo.errors import InputError
from zoo.text.sentences import split_sentences, split_words

TINY = {"units": 8, "embedding_dim": 8, "num_hops": 2, "batch_size": 8, "warmup_steps": 0}
PLACES = ("garden", "kitchen", "office")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("babi")
    lines = []
    for story in range(30):
        here, there = PLACES[story % 3], PLACES[(story + 1) % 3]
        lines += [f"1 Mary went to the {here}.", f"2 Where is Mary?\t{here}\t1"]
        lines += [f"3 Mary moved to the {there}.", f"4 Where is Mary?\t{there}\t3"]
    path = folder / "own.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return recipes.get("babi").fit(folder / "run", data=path, steps=5, **TINY)


def test_sentences_and_words_are_cut():
    story = tf.constant(["Mary went home.  Why? It's 3.5 km!\nBye", "", " one "])
    sentences = split_sentences(story)
    assert sentences.to_list() == [
        [b"Mary went home.", b"Why?", b"It's 3.5 km!", b"Bye"],
        [],
        [b"one"],
    ]
    words = split_words(sentences).to_list()
    assert words[0] == [
        [b"mary", b"went", b"home"],
        [b"why"],
        [b"it's", b"3", b"5", b"km"],
        [b"bye"],
    ]
    assert words[1:] == [[], [[b"one"]]]
    assert split_words(tf.constant(["Über ALLE,"])).to_list() == [["über".encode(), b"alle"]]


@pytest.mark.slow
def test_questions_of_a_story_stay_together(run):
    splits = [run.examples(split) for split in ("train", "validation", "test")]
    assert sum(map(len, splits)) == 60
    assert all(len(split) % 2 == 0 for split in splits)
    for split in splits:
        for first, second in zip(split[::2], split[1::2], strict=True):
            assert second.story.startswith(first.story)


@pytest.mark.slow
def test_answers_with_what_was_looked_at(run):
    answer = run.answers(
        story=["Mary went to the garden. John slept.", "", "Mary went to the moon."],
        question=["Where is Mary?", "Where?", ""],
    )
    assert answer["sentences"].tolist() == [
        [b"Mary went to the garden.", b"John slept."],
        [b"", b""],
        [b"Mary went to the moon.", b""],
    ]
    np.testing.assert_allclose(answer["weights"].sum(-1), [[1, 1], [0, 0], [1, 1]], atol=1e-5)
    assert np.all(answer["weights"][2, :, 1] == 0)
    np.testing.assert_allclose(answer["unknown_share"], [2 / 10, 0, 1 / 5], atol=1e-6)
    assert np.all(np.diff(answer["scores"], axis=1) <= 0)


@pytest.mark.slow
def test_a_row_alone_is_the_row_in_a_batch(run):
    story = ["Mary went to the garden. Mary moved to the office.", "Mary went to the garden."]
    together = run.answers(story=story, question=["Where is Mary?"] * 2)
    alone = run.answers(story=story[1:], question=["Where is Mary?"])
    np.testing.assert_allclose(together["scores"][1], alone["scores"][0], atol=1e-6)


@pytest.mark.slow
def test_what_is_typed_is_a_story_and_a_question(run):
    given = run.recipe.inputs(["Mary went home. She slept. Where is she?"])
    assert given == {"story": ["Mary went home. She slept."], "question": ["Where is she?"]}
    with pytest.raises(InputError, match="as its last sentence, a question"):
        run.recipe.inputs(["Where is she?"])


@pytest.mark.slow
def test_measures(run):
    measured = run.evaluate("test")
    assert measured["accuracy"] == measured["accuracy_of_task_own"]
    assert "tasks_above_lstm" not in measured
    assert sum(FACEBOOK_LSTM) / 20 == pytest.approx(49.2)
