"""Cutting text into words as speech is written down: no capitals, no punctuation."""

import tensorflow as tf


def spoken_split(text: tf.Tensor) -> tf.RaggedTensor:
    """Cuts strings [B] into a ragged [B, (words)], lower-cased and without marks around words.

    An apostrophe inside a word ends it ("what's" is what and s); marks inside one ("r&b", "3:30",
    "top-10") stay. An empty string has no word.

    Args:
        text: UTF-8 strings; bytes that are not become U+FFFD.

    Example:

    >>> spoken_split(tf.constant(["What's on, at 3:30?"])).to_list()
    [[b'what', b's', b'on', b'at', b'3:30']]
    """
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
    text = tf.strings.lower(text, encoding="utf-8")
    text = tf.strings.regex_replace(text, "['’‘`\"“”„«»()\\[\\]{}…]", " ")
    # Twice: the space that ends one match may begin the next.
    for _ in range(2):
        text = tf.strings.regex_replace(text, r"(^|\s)[.,:;!?]+", r"\1")
        text = tf.strings.regex_replace(text, r"[.,:;!?]+(\s|$)", r"\1")
    return tf.strings.split(text)
