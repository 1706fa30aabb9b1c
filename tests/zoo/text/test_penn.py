"""The tokenizer of running text, against what the Penn Treebank's conventions say by hand."""

import pytest
import tensorflow as tf

from zoo.text import tokenizers as tokenizers

penn = tokenizers.get("penn")
CASES = [
    ("It isn\u2019t bad!", "It is n't bad !"),
    ("can't won't", "ca n't wo n't"),
    ("they're, we'll; I'd", "they 're , we 'll ; I 'd"),
    ('He said "yes."', 'He said " yes . "'),
    ("``quoted''", '" quoted "'),
    ("pay $1,000.50 at 12:30: now", "pay $ 1,000.50 at 12:30 : now"),
    ("J. Smith of the U.S. came.", "J. Smith of the U.S. came ."),
    ("wow...well--great", "wow ... well -- great"),
    ("well-acted na\u00efve d\u00e9j\u00e0-vu", "well-acted na\u00efve d\u00e9j\u00e0-vu"),
    ("'good' for 'em", "' good ' for 'em"),
    ("\u6211\u559c\u6b22\u8fd9\u90e8film", "\u6211 \u559c \u6b22 \u8fd9 \u90e8 film"),
    ("a\u00a0b\tc\u3000d", "a b c d"),
    ("", ""),
    (" \n ", ""),
]


@pytest.mark.parametrize(("text", "tokens"), CASES)
def test_cuts_as_the_treebank_does(text, tokens):
    assert penn.split_text(text) == tokens.split(" " if tokens else None)


def test_what_is_cut_already_stays_as_it_is():
    cut = [tokens for _, tokens in CASES]
    again = penn.join(penn.split(tf.constant(cut)))
    assert [text.decode() for text in again.numpy()] == cut


def test_bytes_that_are_not_utf8_become_a_sign():
    tokens = penn.split(tf.constant([b"bad \xff film", b"fine"])).to_list()
    assert tokens == [[b"bad", "\ufffd".encode(), b"film"], [b"fine"]]


def test_runs_in_a_graph_under_its_name():
    texts = tf.constant([text for text, _ in CASES])
    found = tf.function(tokenizers.get("penn").split)(texts)
    assert found.to_list() == penn.split(texts).to_list()
