"""Only the steps that are not padding, laid end to end."""

from typing import NamedTuple

import tensorflow as tf


class Packing(NamedTuple):
    """Where every valid step of a padded batch lies when the steps are packed, time-major.

    Rows are ordered by their number of valid steps, longest first. Step 0 of all rows comes
    first, then step 1 of the rows that have one, and so on, so that the rows which are alive at a
    step are always the leading ones. N is the number of valid steps in the batch and S that of
    its longest row. A mask may have holes anywhere; a hole is left out like any padding.

    Attributes:
        sizes: int32 `[S]`, how many rows are alive at each step; it never rises.
        order: int32 `[batch]`, the row of the batch that stands at each place of the order.
        place: int32 `[batch]`, the inverse of `order`.
        source: int32 `[N]`, the step's index in the inputs, flattened to `[batch * time]`.
        sink: int32 `[batch * time]`, the inverse of `source`; N where a step does not count.
        target: int32 `[batch * time]`, for each output the packed step it shows, or N for zeros.
        shown: int32 `[N]`, for each packed step the output at its own time.
        hold: Whether an output may show an earlier step, so that `target` repeats itself.
    """

    sizes: tf.Tensor
    order: tf.Tensor
    place: tf.Tensor
    source: tf.Tensor
    sink: tf.Tensor
    target: tf.Tensor
    shown: tf.Tensor
    hold: bool


def pack_mask(mask: tf.Tensor, go_backwards: bool = False, hold: bool = True) -> Packing:
    """Works out the packing of a mask.

    Args:
        mask: bool `[batch, time]`, true where a step counts.
        go_backwards: Whether time runs from the last step to the first; outputs are then in the
            order in which they are computed, as in Keras.
        hold: Whether an output at a masked step repeats the last valid one (Keras's rule for a
            single direction) rather than being zero. Before the first valid step it is zero.

    Returns:
        A `Packing`.

    Example:

    >>> packing = pack_mask(tf.constant([[True, False], [True, True]]))
    >>> packing.sizes.numpy().tolist(), packing.source.numpy().tolist()
    ([2, 1], [2, 0, 3])
    """
    batch, time = tf.unstack(tf.shape(mask))
    index = tf.reshape(tf.range(batch * time), [batch, time])
    if go_backwards:
        mask, source = tf.reverse(mask, [1]), tf.reverse(index, [1])
    else:
        source = index
    steps = tf.cast(mask, tf.int32)
    rank = tf.cumsum(steps, axis=1) - 1
    lengths = tf.reduce_sum(steps, axis=1)
    order = tf.argsort(lengths, direction="DESCENDING", stable=True)
    place = tf.math.invert_permutation(order)
    sizes = tf.reduce_sum(
        tf.cast(lengths[:, None] > tf.range(tf.reduce_max(lengths))[None], tf.int32), axis=0
    )
    total = tf.reduce_sum(sizes)
    # Rank -1 comes before a row's first valid step; the spare leading entry keeps it in range.
    starts = tf.concat([[0], tf.cumsum(sizes, exclusive=True)], axis=0)
    packed = tf.gather(starts, rank + 1) + place[:, None]
    own = tf.where(mask, packed, total)
    valid = tf.boolean_mask(packed, mask)[:, None]
    return Packing(
        sizes=sizes,
        order=order,
        place=place,
        source=tf.scatter_nd(valid, tf.boolean_mask(source, mask), [total]),
        sink=tf.reshape(tf.reverse(own, [1]) if go_backwards else own, [-1]),
        target=tf.reshape(tf.where(rank >= 0, packed, total) if hold else own, [-1]),
        shown=tf.scatter_nd(valid, tf.boolean_mask(index, mask), [total]),
        hold=hold,
    )
