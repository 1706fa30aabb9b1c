"""What a decoder is fed and what it is to say, of the same ragged tokens."""

import tensorflow as tf

from zoo.text.vocabulary import PAD_ID, START_ID, STOP_ID


def fed_and_wanted(tokens: tf.RaggedTensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the start token and the tokens, and the tokens and the stop token, both padded.

    Args:
        tokens: Ragged ids [B, (M)].

    Returns:
        int [B, M + 1] twice, M the length of the longest row: under teacher forcing, step t is fed
        the first at t and is to say the second at t.

    Example:

    >>> fed, wanted = fed_and_wanted(tf.ragged.constant([[7, 8], [9]]))
    >>> fed.numpy().tolist(), wanted.numpy().tolist()
    ([[2, 7, 8], [2, 9, 0]], [[7, 8, 3], [9, 3, 0]])
    """
    start, stop = (tf.fill([tokens.nrows(), 1], token) for token in (START_ID, STOP_ID))
    fed = tf.concat([start, tokens], 1).to_tensor(PAD_ID)
    return fed, tf.concat([tokens, stop], 1).to_tensor(PAD_ID)
