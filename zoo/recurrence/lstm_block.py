"""A whole LSTM in one op: TensorFlow's `BlockLSTMV2`, with a backward pass of our own."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from zoo.recurrence.fast_layout import Tensors, joined, new_arrays, write
from zoo.recurrence.fast_loop import column_sums, is_exporting, refusals, walk


class Alignment(NamedTuple):
    """Where the valid steps of a padded batch lie when each row's are moved to its front.

    S is the number of valid steps of the longest row, at least 1; places count in `[S, batch]`.

    Attributes:
        lengths: int32 `[batch]`, each row's number of valid steps.
        valid: bool `[S, batch]`, whether a row has that many steps.
        source: int32 `[S, batch]`, the step's index in the inputs, flattened to `[batch * time]`.
        own: int32 `[batch, time]`, the place of each of the inputs' steps, -1 for padding.
        shown: int32 `[batch, time]`, the place that each output shows, -1 for zeros.
    """

    lengths: tf.Tensor
    valid: tf.Tensor
    source: tf.Tensor
    own: tf.Tensor
    shown: tf.Tensor


def align(mask: tf.Tensor, go_backwards: bool = False, hold: bool = True) -> Alignment:
    """Works out the alignment of a mask bool `[batch, time]`; the rest as for `pack_mask`."""
    batch, time = tf.unstack(tf.shape(mask))
    index = tf.reshape(tf.range(batch * time), [batch, time])
    if go_backwards:
        mask, index = tf.reverse(mask, [1]), tf.reverse(index, [1])
    steps = tf.cast(mask, tf.int32)
    rank, lengths = tf.cumsum(steps, axis=1) - 1, tf.reduce_sum(steps, axis=1)
    longest = tf.maximum(tf.reduce_max(lengths), 1)
    place = rank * batch + tf.range(batch)[:, None]
    own = tf.where(mask, place, -1)
    source = tf.scatter_nd(
        tf.boolean_mask(place, mask)[:, None], tf.boolean_mask(index, mask), [longest * batch]
    )
    return Alignment(
        lengths=lengths,
        valid=tf.transpose(tf.sequence_mask(lengths, longest)),
        source=tf.reshape(source, [longest, batch]),
        own=tf.reverse(own, [1]) if go_backwards else own,
        shown=tf.where(rank >= 0, place, -1) if hold else own,
    )


def block_lstm(
    sequences: tf.Tensor,
    states: Sequence[tf.Tensor],
    weights: Sequence[tf.Tensor],
    alignment: Alignment | None = None,
    go_backwards: bool = False,
) -> tuple[tf.Tensor, Tensors]:
    """Runs an LSTM of float32 over time by one op.

    The op takes the product of the inputs step by step, and its own gradient sums the weights'
    gradients step by step. So it is for small layers, whose time goes into the number of ops;
    and the way back here is a loop over what depends on the step after, with the rest outside.

    Args:
        sequences: `[batch, time, input]`.
        states: h and c, each `[batch, units]`.
        weights: Kernel, recurrent kernel and bias, gates in the order i, f, g, o.
        alignment: Which steps count, from `align`; None when all of them do.
        go_backwards: Whether to run from the last step to the first (an alignment already says).

    Returns:
        Outputs `[batch, time, units]` in the order in which they are computed, and the final h
        and c. There are no second derivatives.
    """
    if tf.executing_eagerly():
        in_graph = _block_lstm_in_graph(sequences.shape[-1], states[0].shape[-1])
        return in_graph(sequences, states, weights, alignment, go_backwards)
    flow = _Full(go_backwards) if alignment is None else _Aligned(alignment)
    units = states[0].shape[-1]

    @tf.custom_gradient
    def run(sequences, h, c, kernel, recurrent, bias) -> tuple[Tensors, Callable]:
        inputs, unused = flow.time_major(sequences), tf.zeros([units])
        i, cs, f, o, g, squashed, hs = tf.raw_ops.BlockLSTMV2(
            seq_len_max=tf.shape(inputs, tf.int64)[0],
            x=inputs,
            cs_prev=c,
            h_prev=h,
            w=tf.concat([kernel, recurrent], axis=0),
            wci=unused,
            wcf=unused,
            wco=unused,
            b=bias,
            cell_clip=0.0,
            use_peephole=False,
        )

        def gradient(d_outputs, d_h, d_c) -> Tensors:
            if is_exporting(inputs):
                return refusals(6)
            before = tf.concat([c[None], cs[:-1]], axis=0)
            # What each gate's delta is to the gradient of c, of h for the last.
            slopes = [
                tf.raw_ops.SigmoidGrad(y=i, dy=g),
                tf.raw_ops.SigmoidGrad(y=f, dy=before),
                tf.raw_ops.TanhGrad(y=g, dy=i),
                tf.raw_ops.SigmoidGrad(y=o, dy=squashed),
            ]
            arriving, ending = flow.arriving(d_outputs, d_h)
            deltas, reached, d_c = _back(
                arriving,
                flow.or_where_padding(tf.raw_ops.TanhGrad(y=squashed, dy=o), 0.0),
                flow.or_where_padding(tf.concat(slopes, axis=2), 0.0),
                flow.or_where_padding(f, 1.0),
                (ending, d_c),
                tf.transpose(recurrent),
            )
            previous = tf.concat([h[None], hs[:-1]], axis=0)
            return (
                flow.inputs_gradient(tf.matmul(deltas, kernel, transpose_b=True), sequences),
                flow.initial_gradient(reached, d_h),
                d_c,
                tf.matmul(_flat(inputs), deltas, transpose_a=True),
                tf.matmul(_flat(previous), deltas, transpose_a=True),
                column_sums(deltas),
            )

        return (flow.outputs(hs, sequences), flow.last(hs, h), flow.last(cs, c)), gradient

    outputs, *final = run(sequences, *states, *weights)
    return outputs, tuple(final)


@functools.lru_cache
def _block_lstm_in_graph(width: int, units: int) -> Callable:
    # As for `recur`: the loop back is not to run op by op.
    return tf.function(block_lstm, autograph=False, reduce_retracing=True)


def _back(arriving, through, slopes, carry, ending: Tensors, transposed) -> tuple:
    """Goes back over time; all but the last two are `[S, batch, any]`.

    Returns the deltas `[S * batch, 4 * units]` and the gradients of the first h and c.
    """
    steps = slopes.shape[0] if slopes.shape[0] is not None else tf.shape(slopes)[0]
    read = [
        tf.TensorArray(each.dtype, steps, clear_after_read=False).unstack(each)
        for each in (arriving, through, slopes, carry)
    ]
    width = slopes.shape[-1]

    def retreat(step, gradients, deltas):
        arrived, to_c, slope, kept = (array.read(step) for array in read)
        d_h, d_c = gradients
        d_h += arrived
        d_c += d_h * to_c
        delta = tf.concat([d_c, d_c, d_c, d_h], axis=1) * slope
        before = (tf.matmul(delta, transposed), d_c * kept)
        for one, value in zip(gradients, before, strict=True):
            value.set_shape(one.shape)
        return before, write(deltas, step, (delta,))

    start = (tuple(ending), new_arrays(steps, [width], slopes))
    (d_h, d_c), (deltas,) = walk(retreat, start, steps, back=True)
    return joined(deltas, width), d_h, d_c


class _Full:
    """Every row has every step."""

    def __init__(self, go_backwards: bool):
        self.go_backwards = go_backwards

    def time_major(self, sequences: tf.Tensor) -> tf.Tensor:
        steps = tf.transpose(sequences, [1, 0, 2])
        return tf.reverse(steps, [0]) if self.go_backwards else steps

    def outputs(self, steps: tf.Tensor, sequences: tf.Tensor) -> tf.Tensor:
        return tf.transpose(steps, [1, 0, 2])

    def last(self, steps: tf.Tensor, initial: tf.Tensor) -> tf.Tensor:
        return tf.concat([initial[None], steps[-1:]], axis=0)[-1]

    def arriving(self, d_outputs: tf.Tensor, d_last: tf.Tensor) -> Tensors:
        return tf.transpose(d_outputs, [1, 0, 2]), d_last

    def or_where_padding(self, steps: tf.Tensor, value: float) -> tf.Tensor:
        return steps

    def initial_gradient(self, reached: tf.Tensor, d_last: tf.Tensor) -> tf.Tensor:
        return reached

    def inputs_gradient(self, flat: tf.Tensor, sequences: tf.Tensor) -> tf.Tensor:
        batch, time, width = tf.unstack(tf.shape(sequences))
        steps = tf.transpose(tf.reshape(flat, [time, batch, width]), [1, 0, 2])
        return tf.reverse(steps, [1]) if self.go_backwards else steps


class _Aligned:
    """Rows have their valid steps in front; what is behind them is computed and not shown.

    On the way back the gradient of c goes through what is behind unchanged, and that of h starts
    at a row's last valid step.
    """

    def __init__(self, alignment: Alignment):
        self.alignment = alignment
        self.rows = tf.range(tf.size(alignment.lengths))
        self.last_place = (alignment.lengths - 1) * tf.size(alignment.lengths) + self.rows
        self.started = (alignment.lengths > 0)[:, None]

    def time_major(self, sequences: tf.Tensor) -> tf.Tensor:
        flat = _flat(sequences)
        # A batch may have no step at all; what is taken then is padding.
        taken = tf.cond(
            tf.shape(flat)[0] > 0, lambda: flat, lambda: tf.zeros([1, flat.shape[-1]], flat.dtype)
        )
        steps = tf.gather(taken, self.alignment.source)
        return self.or_where_padding(steps, 0.0)

    def outputs(self, steps: tf.Tensor, sequences: tf.Tensor) -> tf.Tensor:
        outputs = _rows_or_zeros(_flat(steps), self.alignment.shown)
        outputs.set_shape([*sequences.shape[:2], steps.shape[-1]])
        return outputs

    def last(self, steps: tf.Tensor, initial: tf.Tensor) -> tf.Tensor:
        return tf.where(self.started, _rows_or_zeros(_flat(steps), self.last_place), initial)

    def arriving(self, d_outputs: tf.Tensor, d_last: tf.Tensor) -> Tensors:
        # What goes to a negative place is dropped: a step that shows zeros, a row without steps.
        last = tf.where(self.started[:, 0], self.last_place, -1)
        places = tf.concat([tf.reshape(self.alignment.shown, [-1]), last], axis=0)
        gradients = tf.concat([_flat(d_outputs), d_last], axis=0)
        total = tf.size(self.alignment.source)
        summed = tf.math.unsorted_segment_sum(gradients, places, total)
        shape = [*tf.unstack(tf.shape(self.alignment.source)), d_last.shape[-1]]
        return tf.reshape(summed, shape), tf.zeros_like(d_last)

    def or_where_padding(self, steps: tf.Tensor, value: float) -> tf.Tensor:
        return tf.where(self.alignment.valid[:, :, None], steps, value)

    def initial_gradient(self, reached: tf.Tensor, d_last: tf.Tensor) -> tf.Tensor:
        return tf.where(self.started, reached, d_last)

    def inputs_gradient(self, flat: tf.Tensor, sequences: tf.Tensor) -> tf.Tensor:
        return _rows_or_zeros(flat, self.alignment.own)


def _flat(steps: tf.Tensor) -> tf.Tensor:
    return tf.reshape(steps, [-1, steps.shape[-1]])


def _rows_or_zeros(flat: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """Takes rows of `flat`; zeros where the place is negative."""
    taken = tf.gather(flat, tf.maximum(places, 0))
    return tf.where((places >= 0)[..., None], taken, tf.zeros([], flat.dtype))
