"""Tokens that may not be produced: forbidden ids, a stop that comes too early."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from zoo.errors import InputError

_NEVER = float("-inf")


class Constraints:
    """Puts what may not be produced at -inf.

    Args:
        forbidden_ids: Ids that are never produced.
        stop_id: The id that ends a sequence, or None.
        min_length: The fewest tokens before the stop token; an integer or an int32 scalar tensor.

    Raises:
        InputError: An id is negative, or `min_length` is.
    """

    def __init__(
        self,
        forbidden_ids: Sequence[int] = (),
        stop_id: int | None = None,
        min_length: int | tf.Tensor = 0,
    ):
        self.forbidden_ids = sorted({int(token) for token in forbidden_ids})
        self.stop_id = stop_id
        self.min_length = min_length
        self.late_stop = stop_id is not None and (tf.is_tensor(min_length) or min_length > 0)
        if not tf.is_tensor(min_length) and min_length < 0:
            raise InputError(f"min_length is {min_length}; it must be 0 or more")
        for name, ids in (("forbidden_ids", self.forbidden_ids), ("stop_id", [stop_id])):
            if any(token is not None and token < 0 for token in ids):
                raise InputError(f"{name} holds a negative id: {ids}")

    def __call__(self, values: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Returns `values` [R, V], -inf where a token may not come at step `index`."""
        num_tokens = values.shape[-1]
        if num_tokens is not None:
            for token in [*self.forbidden_ids, *([] if self.stop_id is None else [self.stop_id])]:
                if token >= num_tokens:
                    raise InputError(
                        f"the token id {token} is not in the vocabulary of {num_tokens} "
                        "that the step's logits have"
                    )
        if not self.forbidden_ids and not self.late_stop:
            return values
        if num_tokens is None:
            num_tokens = tf.shape(values)[-1]
        mask = _mask(self.forbidden_ids, num_tokens)
        if self.late_stop:
            early = _mask([*self.forbidden_ids, self.stop_id], num_tokens)
            mask = tf.where(index < self.min_length, early, mask)
        return values + mask


def _mask(ids: list[int], num_tokens: int | tf.Tensor) -> tf.Tensor:
    """Returns float32 [V], -inf at the ids and 0 elsewhere."""
    if isinstance(num_tokens, int):
        mask = np.zeros([num_tokens], np.float32)
        mask[ids] = _NEVER
        return tf.constant(mask)
    if not ids:
        return tf.zeros([num_tokens])
    hit = tf.reduce_any(tf.range(num_tokens)[:, None] == tf.constant(ids)[None, :], axis=1)
    return tf.where(hit, _NEVER, 0.0)
