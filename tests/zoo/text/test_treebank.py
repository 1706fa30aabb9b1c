"""Cutting text into words inside the graph."""

import pytest
import tensorflow as tf

from zoo.text import Vocabulary
from zoo.text.spelling import character_ids, word_ids
from zoo.text.spoken import spoken_split
from zoo.text.treebank import treebank_split

CUT = {
    "Don't go, Mr. Hill!": "Do n't go , Mr. Hill !",
    "I can't believe it's $3.50 (really)...": "I ca n't believe it 's $ 3.50 ( really ) ...",
    "See http://a.b/c?d=e. Cannot?!": "See http://a.b/c?d=e . Can not ?!",
    'He said "no," didn\u2019t he?': 'He said " no , " did n\u2019t he ?',
    "The U.S. has 1,000 hard-line e-mails at 10:30.": (
        "The U.S. has 1,000 hard - line e-mails at 10:30 ."
    ),
    "the dogs' dinner; 'quoted' and/or not": "the dogs ' dinner ; ' quoted ' and / or not",
    "gonna write to a.b@c.org :-) 50% #tag @me": ("gon na write to a.b@c.org :-) 50 % #tag @me"),
    "Fill the ___.": "Fill the ___ .",
    "": "",
    " \t ": "",
    "naïve 北京": "naïve 北京",
}


@pytest.mark.parametrize("text", CUT)
def test_a_sentence_is_cut_as_the_treebank_does(text):
    (words,) = treebank_split(tf.constant([text])).to_list()
    assert [word.decode() for word in words] == CUT[text].split()
    assert b"".join(words).decode() == "".join(text.split())


def test_hyphens_may_stay():
    (words,) = treebank_split(tf.constant(["a well-known man"]), cut_hyphens=False).to_list()
    assert words == [b"a", b"well-known", b"man"]


def test_bytes_that_are_no_text_are_replaced():
    (words,) = treebank_split(tf.constant([b"a \xff b"])).to_list()
    assert [word.decode() for word in words] == ["a", "\ufffd", "b"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What's on, at 3:30?", "what s on at 3:30"),
        ('Play "R&B", top-10!', "play r&b top-10"),
        ("... ?! ,", ""),
        ("ÉTÉ, l’été.", "été l été"),
    ],
)
def test_speech_has_no_capitals_and_no_marks(text, words):
    (found,) = spoken_split(tf.constant([text])).to_list()
    assert [word.decode() for word in found] == words.split()


def test_words_and_their_characters_as_ids():
    tokens = tf.ragged.constant([["The", "in1990"], [], ["überlang"]])
    words = Vocabulary(["the", "in0000"])
    assert word_ids(tokens, words).to_list() == [[4, 5], [], [1]]
    letters = Vocabulary(list("Theaüngbrl19"))
    found = character_ids(tokens, letters, max_characters=5)
    names = [[[letters.tokens[i] for i in word] for word in row] for row in found.to_list()]
    # The first two and the last three; a small letter is another than its capital.
    assert names == [
        [["T", "h", "e"], ["<unknown>", "n", "9", "9", "<unknown>"]],
        [],
        [["ü", "b", "a", "n", "g"]],
    ]
