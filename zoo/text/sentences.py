"""Cutting a story into sentences of words.

TF Text's `StateBasedSentenceBreaker` cuts "3.5" after the full stop and leaves lines together, and
its `UnicodeScriptTokenizer` leaves a run of Chinese whole: hence patterns of our own.
"""

import tensorflow as tf

from zoo.text.normalizer import Normalizer

# What is read does not depend on how wide a letter was typed, nor on its case.
_READ = Normalizer("NFKC", lower_case=True)
_WRITTEN = Normalizer("NFKC")
# Full stop, exclamation and question mark, also of Arabic, Urdu and Hindi, before white space.
_END = r"([.!?\x{2026}\x{61F}\x{6D4}\x{964}\x{965}][\"'\x{201D}\x{2019}\x{BB})\]]*)\s+"
# Chinese and Japanese put no white space behind it.
_WIDE_END = (
    r"([\x{3002}\x{FF01}\x{FF1F}!?]+[\x{300D}\x{300F}\x{201D}\x{2019}]*)"
    r"([\p{Han}\p{Hiragana}\p{Katakana}\x{300C}\x{300E}\x{201C}])"
)


def split_sentences(text: tf.Tensor) -> tf.RaggedTensor:
    """Cuts stories [B] into sentences, a ragged [B, (sentences)], at full stops and the like.

    A sentence ends at . ! ? and their like in Arabic and Hindi before white space, at the marks of
    Chinese and Japanese, and at a line's end. An empty string has none. The sentences are
    normalised by NFKC.
    """
    text = _WRITTEN.normalize(text)
    text = tf.strings.regex_replace(text, _END, r"\1" + "\n")
    text = tf.strings.regex_replace(text, _WIDE_END, r"\1" + "\n" + r"\2")
    text = tf.strings.regex_replace(text, r"\s*\n\s*", "\n")
    sentences = tf.strings.split(tf.strings.strip(text), "\n")
    return tf.ragged.boolean_mask(sentences, tf.strings.length(sentences) > 0)


def split_words(text: tf.Tensor | tf.RaggedTensor) -> tf.RaggedTensor:
    """Cuts strings [B] or [B, (S)] into lower-case words; signs around words are left out.

    The text is normalised by NFKC first. Signs of Chinese and Japanese are a word each.
    """
    ragged = isinstance(text, tf.RaggedTensor)
    flat = _READ.normalize(text.values if ragged else text)
    flat = tf.strings.regex_replace(flat, r"[\p{Han}\p{Hiragana}\p{Katakana}]", r" \0 ")
    flat = tf.strings.regex_replace(flat, r"[^\pL\pN\pM'’\x{200C}\x{200D}-]+", " ")
    words = tf.strings.split(flat)
    return text.with_values(words) if ragged else words
