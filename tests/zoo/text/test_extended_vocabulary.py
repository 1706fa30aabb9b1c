"""Extended ids against a dictionary in Python."""

import doctest

import numpy as np
import pytest
import tensorflow as tf

import zoo.text.extended_vocabulary
from zoo.text import Vocabulary
from zoo.text.extended_vocabulary import ExtendedVocabulary

WORDS = ["the", "cat", "sat"]
SOURCES = [
    ["ada", "the", "ada", "cat", "bob", "ada"],
    [],
    ["<pad>", "sat", "<stop>", "naïve", "<unknown>", "猫"],
]
TARGETS = [["bob", "sat", "ada", "eve", "the"], ["the", "ada"], ["猫", "<stop>", "<pad>"]]


def by_hand(words, source):
    """What a word is: its place in the vocabulary, else its first place in the source, else 1."""
    ids = []
    for word in words:
        if word in WORDS:
            ids.append(4 + WORDS.index(word))
        else:
            ids.append(7 + source.index(word) if word in source else 1)
    return ids


@pytest.fixture(scope="module")
def extended():
    return ExtendedVocabulary(Vocabulary(WORDS))


def test_ids_of_source_and_target(extended):
    sources, targets = tf.ragged.constant(SOURCES), tf.ragged.constant(TARGETS)
    assert extended.copy_ids(sources).to_list() == [by_hand(s, s) for s in SOURCES]
    found = extended.ids(targets, sources)
    assert found.to_list() == [by_hand(t, s) for t, s in zip(TARGETS, SOURCES, strict=True)]


def test_strings_are_the_words_again(extended):
    sources = tf.ragged.constant(SOURCES)
    back = extended.strings(extended.copy_ids(sources), sources).to_list()
    assert [[word.decode() for word in row] for row in back] == SOURCES
    # An id beyond the source, as no model gives, is unknown and no error.
    odd = extended.strings(tf.ragged.constant([[4, 99], [7], [0, 12]]), sources).to_list()
    assert odd == [[b"the", b"<unknown>"], [b"<unknown>"], [b"<pad>", "猫".encode()]]


def test_no_words_at_all(extended):
    nothing = tf.ragged.constant([[], []], dtype=tf.string)
    assert extended.copy_ids(nothing).to_list() == [[], []]
    assert extended.ids(nothing, nothing).to_list() == [[], []]
    ids = extended.ids(tf.ragged.constant([["the"], ["ada"]]), nothing)
    assert ids.to_list() == [[4], [1]]
    assert extended.strings(ids, nothing).to_list() == [[b"the"], [b"<unknown>"]]


def test_inside_a_graph_for_any_shape(extended):
    spec = tf.RaggedTensorSpec([None, None], tf.string)

    @tf.function(input_signature=[spec, spec])
    def there_and_back(source, target):
        ids = extended.ids(target, source)
        return ids, extended.strings(ids, source)

    for rows in ([0], [1, 2], [0, 1, 2]):
        sources = [SOURCES[row] for row in rows]
        targets = [TARGETS[row] for row in rows]
        ids, _ = there_and_back(tf.ragged.constant(sources), tf.ragged.constant(targets))
        assert ids.to_list() == [by_hand(t, s) for t, s in zip(targets, sources, strict=True)]


def test_many_random_rows(extended):
    random = np.random.default_rng(0)
    names = [*WORDS, *"pqrstuv"]
    rows = [list(random.choice(names, random.integers(1, 9))) for _ in range(50)]
    targets = [list(random.choice(names, random.integers(1, 9))) for _ in range(50)]
    found = extended.ids(tf.ragged.constant(targets), tf.ragged.constant(rows)).to_list()
    assert found == [by_hand(t, s) for t, s in zip(targets, rows, strict=True)]


def test_example():
    assert not doctest.testmod(zoo.text.extended_vocabulary).failed
