"""Named stretches of words out of tags of the form B-NAME, I-NAME and O."""

import tensorflow as tf


def spans(tokens, tags, scores, separator: str = " ") -> dict[str, tf.Tensor]:
    """Finds the stretches that IOB2 tags describe, inside a graph.

    A stretch begins at B-NAME, or at an I-NAME with nothing of that name before it (as conlleval
    reads it), and goes on over the I-NAME that follow.

    Args:
        tokens: string [B, N].
        tags: string [B, N]; "" on padding.
        scores: float [B, N], how sure each tag is.
        separator: What stands between the words of a stretch's text.

    Returns:
        With E the most stretches of a row: `text` string [B, E], the words joined,
        `name` string [B, E], `start` and `end` int32 [B, E], the first word and the one
        behind the last, `score` float [B, E], the least of the words' scores, and `count`
        int32 [B]. Past a row's count stand "" and 0.
    """
    rows = tf.cast(tf.shape(tags)[0], tf.int64)
    name = tf.strings.regex_replace(tags, "^[BI]-|^O$", "")
    inside = name != ""
    # Of the step before; the first has none.
    before = tf.pad(name, [[0, 0], [1, 0]], constant_values="")[:, :-1]
    begins = inside & (tf.strings.regex_full_match(tags, "B-.*") | (name != before))
    first = tf.where(begins)
    owner = tf.cumsum(tf.cast(tf.boolean_mask(begins, inside), tf.int64)) - 1
    words = tf.RaggedTensor.from_value_rowids(
        tf.boolean_mask(tokens, inside), owner, nrows=tf.shape(first, tf.int64)[0]
    )
    start = tf.cast(first[:, 1], tf.int32)
    found = {
        "text": tf.strings.reduce_join(words, -1, separator=separator),
        "name": tf.gather_nd(name, first),
        "start": start,
        "end": start + tf.cast(words.row_lengths(), tf.int32),
        "score": tf.math.segment_min(tf.boolean_mask(scores, inside), owner),
    }
    ragged = {
        key: tf.RaggedTensor.from_value_rowids(value, first[:, 0], nrows=rows)
        for key, value in found.items()
    }
    count = tf.cast(ragged["start"].row_lengths(), tf.int32)
    return {**{key: value.to_tensor() for key, value in ragged.items()}, "count": count}
