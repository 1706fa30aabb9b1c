"""Words as ids, and as the ids of their characters."""

import tensorflow as tf

from zoo.text.vocabulary import Vocabulary


def normal_form(tokens: tf.RaggedTensor) -> tf.RaggedTensor:
    """Returns tokens [B, (N)] lower-cased and with 0 for every digit: what is looked up by word."""
    lowered = tf.strings.lower(tokens.values, encoding="utf-8")
    return tokens.with_values(tf.strings.regex_replace(lowered, r"\d", "0"))


def word_ids(tokens: tf.RaggedTensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
    """Returns the ids int32 [B, (N)] of the tokens' normal forms."""
    return vocabulary.ids(normal_form(tokens))


def character_ids(
    tokens: tf.RaggedTensor, vocabulary: Vocabulary, max_characters: int
) -> tf.RaggedTensor:
    """Returns the ids int32 [B, (N), (L)] of the tokens' characters, capitals as they are.

    Of a token with more than `max_characters` characters, the first and the last half of so many
    are kept: beginnings and endings say most, and one long address must not slow a batch down.
    """
    letters = tf.strings.unicode_split(tokens.values, "UTF-8", errors="replace")
    head = max_characters // 2
    kept = tf.concat([letters[:, :head], letters[:, head:][:, head - max_characters :]], 1)
    return tokens.with_values(vocabulary.ids(kept))
