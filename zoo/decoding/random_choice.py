"""One random choice a row from logits: temperature, top-k, top-p."""

import numbers
from typing import Any

import tensorflow as tf

from zoo.errors import InputError

# Below this a temperature counts as zero: the most probable token.
_COLDEST = 1e-6


def choose_randomly(
    logits: tf.Tensor,
    index: int | tf.Tensor,
    *,
    seed: Any,
    temperature: float | tf.Tensor = 1.0,
    top_k: int | tf.Tensor = 0,
    top_p: float | tf.Tensor = 1.0,
) -> tf.Tensor:
    """Draws one token a row.

    The distribution is softmax(logits / temperature), of which the `top_k` most probable tokens
    stay, and of these the fewest whose probabilities, made to sum to one again, reach `top_p`
    (Holtzman et al. 2020). The draw inverts the cumulative distribution at one stateless uniform
    number a row: the same seed and index give the same token, in an exported graph too. Under XLA
    the numbers are others, though reproducible as well.

    Args:
        logits: float [R, V]; -inf where a token may not come.
        index: Which draw of the sequence this is: an integer, an int32 scalar or int32 [R].
        seed: int32 [2], one for all rows, whose draws then depend on their place in the batch; or
            int32 [R, 2], a seed of its own for each row, whose draws then depend on nothing else.
        temperature: 0 or more, a float or float32 scalar or [R]; 0 takes the most probable token.
        top_k: An integer, an int32 scalar or int32 [R]; 0 keeps all.
        top_p: Above 0 and at most 1, a float or float32 scalar or [R]; 1 keeps all.

    Returns:
        int32 [R].

    Raises:
        InputError: A setting is out of its range.

    Example:

    >>> choose_randomly(tf.constant([[0.0, 9.0, 8.0]]), 0, seed=[1, 2], top_k=1).numpy().tolist()
    [1]
    """
    check_sampling_settings(temperature, top_k, top_p)
    logits = tf.cast(logits, tf.float32)
    warmth = tf.maximum(_column(temperature, tf.float32), _COLDEST)
    if _keeps_all(top_k, 0) and _keeps_all(top_p, 1):
        ids, weights = None, tf.nn.softmax(logits / warmth)
    else:
        ids, weights = _likeliest(logits, warmth, top_k, top_p)
    cumulative = tf.cumsum(weights, axis=-1)
    uniform = _uniform(seed, index, tf.shape(logits)[0])[:, None]
    # The first place whose cumulative weight is above the number; a weight of zero adds none,
    # so a forbidden token is never that place.
    below = cumulative <= uniform * cumulative[:, -1:]
    place = tf.reduce_sum(tf.cast(below, tf.int32), axis=-1)
    # Rounding may leave a number at the very top of a row.
    place = tf.minimum(place, tf.shape(weights)[-1] - 1)
    return place if ids is None else tf.gather(ids, place, batch_dims=1)


def check_sampling_settings(
    temperature: float | tf.Tensor, top_k: int | tf.Tensor, top_p: float | tf.Tensor
) -> None:
    """Raises `InputError` where a setting that is a plain number is out of its range."""
    if isinstance(temperature, numbers.Real) and not temperature >= 0:
        raise InputError(f"temperature is {temperature}; it must be 0 or more")
    if isinstance(top_k, numbers.Real) and (not isinstance(top_k, int) or top_k < 0):
        raise InputError(f"top_k is {top_k}; it must be an integer, 0 or more")
    if isinstance(top_p, numbers.Real) and not 0 < top_p <= 1:
        raise InputError(f"top_p is {top_p}; it must lie above 0 and be at most 1")


def _likeliest(
    logits: tf.Tensor, warmth: tf.Tensor, top_k: int | tf.Tensor, top_p: float | tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the ids [R, k] by falling logit and their weights, 0 for those left out."""
    num_tokens = logits.shape[-1] or tf.shape(logits)[-1]
    count = num_tokens
    if isinstance(top_k, int) and top_k:
        count = min(top_k, num_tokens) if isinstance(num_tokens, int) else tf.minimum(top_k, count)
    logits, ids = tf.math.top_k(logits, count)
    rank = tf.range(tf.shape(logits)[1])
    if not isinstance(top_k, int):
        most = _column(top_k, tf.int32)
        logits = tf.where((most > 0) & (rank >= most), float("-inf"), logits)
    weights = tf.nn.softmax(logits / warmth)
    before = tf.cumsum(weights, axis=-1, exclusive=True)
    # The first is kept whatever `top_p` is; a token of no weight stays at none.
    kept = (before < _column(top_p, tf.float32)) | (rank == 0)
    return ids, tf.where(kept, weights, 0.0)


def _uniform(seed: Any, index: int | tf.Tensor, num_rows: tf.Tensor) -> tf.Tensor:
    """Returns float32 [R] in [0, 1)."""
    seed = tf.cast(tf.convert_to_tensor(seed), tf.int32)
    if seed.shape.rank not in (1, 2) or seed.shape[-1] not in (2, None):
        raise InputError(f"seed has shape {seed.shape}; give int32 [2], or [rows, 2]")
    index = tf.cast(index, tf.int32)
    if seed.shape.rank == 1:
        if index.shape.rank:
            raise InputError("an index for each row needs a seed for each row, int32 [rows, 2]")
        return _draw(seed, index, [num_rows])
    index = tf.broadcast_to(index, [num_rows])
    return tf.map_fn(
        lambda row: _draw(row[0], row[1], []),
        (seed, index),
        fn_output_signature=tf.TensorSpec([], tf.float32),
    )


def _draw(seed: tf.Tensor, index: tf.Tensor, shape: list) -> tf.Tensor:
    folded = tf.random.experimental.stateless_fold_in(seed, index, alg="philox")
    return tf.random.stateless_uniform(shape, folded, alg="philox")


def _column(value: float | tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Returns a scalar as it is, and one value a row as [R, 1]."""
    value = tf.cast(value, dtype)
    return value[:, None] if value.shape.rank == 1 else value


def _keeps_all(value: float | tf.Tensor, all_of_them: float) -> bool:
    return isinstance(value, numbers.Real) and value == all_of_them
