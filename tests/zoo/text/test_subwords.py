"""Subwords against byte-pair merging and longest matching written plainly."""

import itertools
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from zoo.text import Subwords

TEXTS = [
    "the cat sat on the mat, the hat and the bat",
    "cats, hats: mats!  that flat cat",
    "don't   chat (at) the café",
    "我爱中国 我爱你",
]


def plain_longest_match(word: str, pieces: set[str]) -> list[str]:
    out, place = [], 0
    while place < len(word):
        end = next((e for e in range(len(word), place, -1) if word[place:e] in pieces), place + 1)
        out.append(word[place:end])
        place = end
    return out


def plain_merges(words: Counter, merges: int) -> list[str]:
    """Counts every pair anew before every merge."""
    cut, merged = {word: list(word) for word in words}, []
    for _ in range(merges):
        pairs = Counter()
        for word, symbols in cut.items():
            for pair in itertools.pairwise(symbols):
                pairs[pair] += words[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merged.append("".join(best))
        for word, symbols in cut.items():
            out = []
            while symbols:
                if tuple(symbols[:2]) == best:
                    out.append(symbols[0] + symbols[1])
                    symbols = symbols[2:]
                else:
                    out.append(symbols[0])
                    symbols = symbols[1:]
            cut[word] = out
    return merged


def test_learning_merges_the_commonest_pair_each_time():
    words = Counter(("▁" + " ▁".join(TEXTS[0].replace(",", "").split())).split())
    characters = len(set("".join(words)))
    learned = Subwords.learn([TEXTS[0].replace(",", "")], characters + 8, min_count=1)
    assert learned[characters:] == plain_merges(words, 8)


@pytest.mark.parametrize("text", [*TEXTS, "", "zebra", "a", "cat" * 30, "tab\tand\nline"])
def test_the_longest_pieces_are_cut_from_the_left(text):
    pieces = Subwords.learn(TEXTS, 60)
    cut = Subwords(pieces)
    expected = []
    for word in _words(text):
        expected += plain_longest_match(word, set(pieces))
    assert cut.split_text(text) == expected


def _words(text: str) -> list[str]:
    out = []
    for word in text.split():
        current = "▁"
        for character in word:
            alone = not character.isalnum() or "一" <= character <= "鿿"
            if alone and current not in ("", "▁"):
                out.append(current)
                current = ""
            current += character
            if alone:
                out.append(current)
                current = ""
        out += [current] if current else []
    return out


def test_joining_gives_the_text_back():
    cut = Subwords(Subwords.learn(TEXTS, 50))
    texts = [*TEXTS, "", "unseen Ünïcode €5 (¿qué?) 一二"]
    joined = cut.join(cut.split(tf.constant(texts))).numpy()
    assert [text.decode() for text in joined] == [" ".join(text.split()) for text in texts]


def test_bytes_that_are_no_text_and_the_mark_itself_are_survived():
    cut = Subwords(["▁a"])
    joined = cut.join(cut.split(tf.constant([b"a \xff b", "a▁b".encode()]))).numpy()
    assert [text.decode() for text in joined] == ["a � b", "a_b"]


def test_a_batch_is_its_rows():
    cut = Subwords(Subwords.learn(TEXTS, 60))
    together = cut.split(tf.constant([*TEXTS, ""])).to_list()
    assert together == [cut.split(tf.constant([text])).to_list()[0] for text in [*TEXTS, ""]]
    assert all(np.size(row) for row in together[:-1])


@pytest.mark.parametrize("texts", [[], [""], [" ", ""]])
def test_texts_without_a_word_have_no_piece(texts):
    cut = tf.function(
        Subwords(Subwords.learn(TEXTS, 60)).split,
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    assert cut(tf.constant(texts, tf.string)).to_list() == [[] for _ in texts]


def test_a_graph_that_is_loaded_cuts_the_same(tmp_path):
    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.cut = Subwords(Subwords.learn(TEXTS, 60))

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, text):
            return self.cut.split(text).to_tensor("")

    module = Module()
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))(tf.constant(TEXTS))
    assert loaded.numpy().tolist() == module(tf.constant(TEXTS)).numpy().tolist()
