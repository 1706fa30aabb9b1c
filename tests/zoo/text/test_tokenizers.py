"""Cutting text inside the graph, against Python's own regular expressions."""

import re

import tensorflow as tf

from zoo.text import tokenizers


def test_gapped_characters_keep_a_gap_whole():
    texts = ["我__ ___想吃 羊肉。", "a_b __", "", " \t\n", "____", "白日依__盡，黃河入海流。𠮷"]
    cut = tokenizers.get("gapped_characters").split(tf.constant(texts)).to_list()
    for text, found in zip(texts, cut, strict=True):
        assert [token.decode() for token in found] == re.findall(r"__+|\S", text)
