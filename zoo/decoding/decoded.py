"""What every decoding strategy returns."""

from typing import Any, NamedTuple

import tensorflow as tf


class Decoded(NamedTuple):
    """Sequences that a strategy has produced.

    Greedy search and sampling give one sequence a row. Beam search gives an n-best list a row,
    best first, whose entries are distinct; the shapes then have `K` after `B`. Where fewer than
    `K` sequences exist, the missing ones have length 0 and score -inf.

    Attributes:
        tokens: int32 [B, T] or [B, K, T]. The stop token is left out; every position from the
            sequence's length on holds the pad id. `T` is `max_length` where that was a Python
            integer, otherwise the longest length in the batch.
        lengths: int32 [B] or [B, K], tokens before the stop token.
        scores: float32 [B] or [B, K], what an n-best list is sorted by: the log-probability after
            the length and coverage penalties. Without penalties it is the log-probability.
        log_probabilities: float32 [B] or [B, K], the sum of the model's log-probabilities of the
            tokens and of the stop token where it was reached.
        finished: bool [B] or [B, K], whether the stop token was reached. False where the
            sequence was cut at its maximum length.
        record: What `record(state)` returned after each step, as [B, T, ...] or [B, K, T, ...],
            each hypothesis with its own history and zeros from its length on. None where nothing
            was recorded.
    """

    tokens: tf.Tensor
    lengths: tf.Tensor
    scores: tf.Tensor
    log_probabilities: tf.Tensor
    finished: tf.Tensor
    record: Any = None
