"""Named stretches out of tags, and gaps out of texts, inside a graph."""

import numpy as np
import tensorflow as tf

from zoo.signatures.gap_filler import GapFiller
from zoo.signatures.spans import spans
from zoo.text import Normalizer, TextFront, Vocabulary
from zoo.text.tokenizers import treebank
from zoo.topologies import cloze


def test_stretches_begin_and_end_as_conlleval_has_it():
    rows = [
        ["B-a I-a O I-b I-a B-a", [(0, 2, "a"), (3, 4, "b"), (4, 5, "a"), (5, 6, "a")]],
        ["O O", []],
        ["", []],
        ["B-x-y", [(0, 1, "x-y")]],
    ]
    tags = tf.strings.split(tf.constant([tags for tags, _ in rows])).to_tensor("")
    tokens = tf.where(tags != "", tf.constant(list("uvwxyz")), "")
    scores = tf.constant(np.linspace(0.9, 0.1, 24).reshape(4, 6), tf.float32)
    found = {name: value.numpy() for name, value in spans(tokens, tags, scores).items()}
    assert found["count"].tolist() == [4, 0, 0, 1]
    for row, (_, wanted) in enumerate(rows):
        for place, (start, end, name) in enumerate(wanted):
            assert (found["start"][row, place], found["end"][row, place]) == (start, end)
            assert found["name"][row, place].decode() == name
            assert found["text"][row, place].decode() == " ".join("uvwxyz"[start:end])
            assert found["score"][row, place] == scores.numpy()[row, start:end].min()
        assert not found["text"][row, len(wanted) :].any()


def test_no_row_has_a_stretch():
    found = spans(tf.constant([["a"]]), tf.constant([["O"]]), tf.ones([1, 1]))
    assert found["text"].shape == (1, 0) and found["count"].numpy().tolist() == [0]


def filler():
    vocabulary = Vocabulary(["the", "cat", "sat", "."])
    model = cloze(len(vocabulary), units=4, embedding_dim=3)
    front = TextFront(Normalizer(), treebank)
    return GapFiller(model, vocabulary, front, num_alternatives=2), model, vocabulary


def test_gaps_are_filled_where_they_stand():
    module, model, vocabulary = filler()
    texts = ["The ___ sat. ____!", "no gap", "", "___"]
    answer = {
        name: value.numpy() for name, value in module.serving_default(tf.constant(texts)).items()
    }
    assert answer["gaps"].tolist() == [2, 0, 0, 1]
    assert answer["words"].shape == answer["scores"].shape == (4, 2, 2)
    first, second = (word.decode() for word in answer["words"][0, :, 0])
    assert answer["text"][0].decode() == f"The {first} sat. {second}!"
    assert answer["text"][1:3].tolist() == [b"no gap", b""]
    assert answer["text"][3] == answer["words"][3, 0, 0]
    ids = vocabulary.ids(tf.constant([["the", "___", "sat", ".", "___", "!"]]))
    logits = model({"tokens": ids, "length": tf.constant([6])})["logits"][0, 1, 4:]
    wanted = tf.sort(tf.nn.softmax(logits), direction="DESCENDING")[:2]
    np.testing.assert_allclose(answer["scores"][0, 0], wanted, atol=1e-5)
    assert set(answer["words"][0, 0].tolist()) <= {word.encode() for word in vocabulary.tokens[4:]}


def test_every_word_is_ranked_among_all_words():
    module, model, vocabulary = filler()
    answer = module.every_word(tf.constant(["the CAT purrs", "", "sat"]))
    answer = {name: value.numpy() for name, value in answer.items()}
    assert answer["lengths"].tolist() == [3, 0, 1]
    assert answer["rank"][0, 2] == 0 and answer["score"][0, 2] == 0
    ids = vocabulary.ids(tf.constant([["the", "cat", "purrs"]]))
    logits = model({"tokens": ids, "length": tf.constant([3])})["logits"].numpy()[0, :, 4:]
    for place in range(2):
        own = ids.numpy()[0, place] - 4
        assert answer["rank"][0, place] == 1 + np.sum(logits[place] > logits[place, own])
        wanted = np.exp(logits[place, own]) / np.exp(logits[place]).sum()
        np.testing.assert_allclose(answer["score"][0, place], wanted, rtol=1e-4)
    empty = module.every_word(tf.constant([""]))
    assert empty["rank"].shape == (1, 0)
