"""A mask that keeps the form, against a step that would say anything."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import read_prompt, sample
from zoo.signatures.verse_form import Form, VerseForm
from zoo.text import STOP_ID, UNKNOWN_ID, Vocabulary

VOCABULARY = Vocabulary(["<5>", "，", "。", *"abcdefgh"])
TOKENS = VOCABULARY.tokens
RULES = VerseForm(VOCABULARY, ("，", "。"), ["<5>"])


def written(verse_length, num_verses, first="", prompt="", rows=20):
    """Rows of a step with equal odds, under the form, as strings; "?" is an unknown token."""

    def step(tokens, state, memory):
        return tf.zeros([rows, len(TOKENS)]), state

    letters = VOCABULARY.ids(tf.constant([[*first, ""]] * rows))
    fill = lambda value: tf.fill([rows], value)  # noqa: E731
    form = Form(fill(verse_length), fill(num_verses), letters, fill(len(first)))
    ids = tf.constant([[TOKENS.index(c) for c in prompt] + [0]] * rows)
    kept = RULES.constrain(step)
    last, state = read_prompt(
        kept, RULES.start((tf.zeros([rows, 1]),), rows), form, ids, fill(len(prompt)), start_id=4
    )
    found = sample(kept, state, form, start_id=last, stop_id=STOP_ID, max_length=60, seed=[1, 2])
    assert np.all(found.finished)
    tokens = [row[:n] for row, n in zip(found.tokens.numpy(), found.lengths.numpy(), strict=True)]
    return [prompt + "".join("?" if t == UNKNOWN_ID else TOKENS[t] for t in row) for row in tokens]


def shape_of(text):
    return "".join(c if c in "，。" else "x" for c in text)


@pytest.mark.parametrize(("length", "count"), [(5, 4), (7, 2), (3, 1), (2, 5)])
def test_every_verse_has_its_length_and_mark(length, count):
    marks = ["，" if verse % 2 == 0 and verse + 1 < count else "。" for verse in range(count)]
    wanted = "".join("x" * length + mark for mark in marks)
    texts = written(length, count)
    assert {shape_of(text) for text in texts} == {wanted}
    assert set("".join(texts)) - set("，。") == set("abcdefgh")


def test_verses_begin_as_the_acrostic_says():
    for text in written(3, 4, first="hgzh"):
        verses = text.replace("。", "，").split("，")
        # "z" is not in the vocabulary: its place is kept by the unknown token.
        assert [verse[0] for verse in verses[:4]] == ["h", "g", "?", "h"]
        assert "?" not in text.replace("，?", "").replace("。?", "")
    for text in written(3, 4, first="h"):
        assert text[0] == "h" and shape_of(text) == "xxx，xxx。xxx，xxx。"


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("ab", "xxx，xxx。"),
        ("abc", "xxx，xxx。"),
        ("abc，d", "xxx，xxx。"),
        ("abcde", "xxxxx，xxx。"),
        ("abc，def。", "xxx，xxx。"),
        ("abc，def。abc，", "xxx，xxx。xxx，"),
    ],
)
def test_a_beginning_counts(prompt, wanted):
    assert {shape_of(text) for text in written(3, 2, prompt=prompt, rows=3)} == {wanted}
