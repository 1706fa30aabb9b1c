"""Cutting a story into sentences of words, with core TensorFlow string ops only."""

import tensorflow as tf


def split_sentences(text: tf.Tensor) -> tf.RaggedTensor:
    """Cuts stories [B] into sentences, a ragged [B, (sentences)], at full stops and the like.

    A sentence ends at . ! or ? before white space, and at a line's end. An empty string has none.
    """
    text = tf.strings.regex_replace(text, r"([.!?])\s+", r"\1" + "\n")
    text = tf.strings.regex_replace(text, r"\s*\n\s*", "\n")
    sentences = tf.strings.split(tf.strings.strip(text), "\n")
    return tf.ragged.boolean_mask(sentences, tf.strings.length(sentences) > 0)


def split_words(text: tf.Tensor | tf.RaggedTensor) -> tf.RaggedTensor:
    """Cuts strings [B] or [B, (S)] into lower-case words; signs around words are left out.

    Bytes that are not UTF-8 become U+FFFD.
    """
    ragged = isinstance(text, tf.RaggedTensor)
    flat = text.values if ragged else text
    flat = tf.strings.unicode_transcode(flat, "UTF-8", "UTF-8", errors="replace")
    flat = tf.strings.lower(flat, encoding="utf-8")
    flat = tf.strings.regex_replace(flat, r"[^\pL\pN\pM'’-]+", " ")
    words = tf.strings.split(flat)
    return text.with_values(words) if ragged else words
