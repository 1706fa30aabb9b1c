"""Only the steps that are not padding, laid end to end."""

from typing import NamedTuple

import tensorflow as tf


class Packing(NamedTuple):
    """Where every valid step of a padded batch lies when the steps are packed, time-major.

    Rows are ordered by their number of valid steps, longest first, and dealt out to one lane or
    more in turns, so that lanes get like shares. In a lane step 0 of all its rows comes first,
    then step 1 of the rows that have one, and so on, so that the rows which are alive at a step
    are always the leading ones; the lanes follow one another. N is the number of valid steps in
    the batch and S that of its longest row. A mask may have holes anywhere; a hole is left out
    like any padding.

    Attributes:
        sizes: One int32 `[S]` a lane, how many of its rows are alive at each step; never rising.
        order: One int32 `[rows]` a lane, the row of the batch at each place of the lane.
        place: int32 `[batch]`, where each row of the batch stands in the lanes laid end to end.
        source: int32 `[N]`, the step's index in the inputs, flattened to `[batch * time]`.
        sink: int32 `[batch * time]`, the inverse of `source`; N where a step does not count.
        target: int32 `[batch * time]`, for each output the packed step it shows, or N for zeros.
        shown: int32 `[N]`, for each packed step the output at its own time.
        hold: Whether an output may show an earlier step, so that `target` repeats itself.
    """

    sizes: tuple[tf.Tensor, ...]
    order: tuple[tf.Tensor, ...]
    place: tf.Tensor
    source: tf.Tensor
    sink: tf.Tensor
    target: tf.Tensor
    shown: tf.Tensor
    hold: bool


def pack_mask(
    mask: tf.Tensor, go_backwards: bool = False, hold: bool = True, num_lanes: int = 1
) -> Packing:
    """Works out the packing of a mask.

    Args:
        mask: bool `[batch, time]`, true where a step counts.
        go_backwards: Whether time runs from the last step to the first; outputs are then in the
            order in which they are computed, as in Keras.
        hold: Whether an output at a masked step repeats the last valid one (Keras's rule for a
            single direction) rather than being zero. Before the first valid step it is zero.
        num_lanes: How many groups of rows there shall be.

    Returns:
        A `Packing`.

    Example:

    >>> packing = pack_mask(tf.constant([[True, False], [True, True]]))
    >>> packing.sizes[0].numpy().tolist(), packing.source.numpy().tolist()
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
    sorted_rows = tf.argsort(lengths, direction="DESCENDING", stable=True)
    standing = tf.math.invert_permutation(sorted_rows)
    alive = tf.reduce_sum(
        tf.cast(lengths[:, None] > tf.range(tf.reduce_max(lengths))[None], tf.int32), axis=0
    )
    # Of n rows dealt out in turns, lane l gets one for each l, l + lanes, ... below n.
    sizes = tuple((alive + num_lanes - 1 - lane) // num_lanes for lane in range(num_lanes))
    order = tuple(sorted_rows[lane::num_lanes] for lane in range(num_lanes))
    total = tf.reduce_sum(alive)
    # Rank -1 comes before a row's first valid step; the spare leading entry keeps it in range.
    starts = tf.concat([[0], tf.cumsum(tf.concat(sizes, axis=0), exclusive=True)], axis=0)
    first = (standing % num_lanes) * tf.size(alive)
    packed = tf.gather(starts, first[:, None] + rank + 1) + (standing // num_lanes)[:, None]
    own = tf.where(mask, packed, total)
    valid = tf.boolean_mask(packed, mask)[:, None]
    return Packing(
        sizes=sizes,
        order=order,
        place=tf.math.invert_permutation(tf.concat(order, axis=0)),
        source=tf.scatter_nd(valid, tf.boolean_mask(source, mask), [total]),
        sink=tf.reshape(tf.reverse(own, [1]) if go_backwards else own, [-1]),
        target=tf.reshape(tf.where(rank >= 0, packed, total) if hold else own, [-1]),
        shown=tf.scatter_nd(valid, tf.boolean_mask(index, mask), [total]),
        hold=hold,
    )
