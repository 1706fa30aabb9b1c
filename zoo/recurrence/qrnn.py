"""The quasi-recurrent layer."""

import keras
import tensorflow as tf

from zoo.cells import QRNNCell
from zoo.recurrence.affine import affine
from zoo.recurrence.gated_average_layer import GatedAverageLayer, last_valid


@keras.saving.register_keras_serializable(package="zoo")
class QRNN(GatedAverageLayer):
    """`QRNNCell` over time: a convolution over the inputs, then fo-pooling (Bradbury et al. 2017).

    f, o and z are products of the last `window` inputs; c_t = σ(f) ⊙ c_{t-1} + (1 - σ(f)) ⊙ tanh(z)
    and h_t = σ(o) ⊙ c_t. Products of all steps are one; two elementwise ops a step run over time.

    Args:
        units: Width of the output and of c.
        window: How many inputs a step sees. Defaults to 2.
        gate_bias: How f's bias starts. At 1 a fresh layer keeps about 73 % of its state a step.
        kernel_initializer: How the kernel starts.
        **options: options of `keras.layers.RNN`: `return_sequences`, `return_state`,
            `go_backwards`, `zero_output_for_mask`, `name`, `dtype`.

    Called, returning and raising as `MinGRU`; a state is c `[batch, units]` and, where `window` is
    2 or more, what the inputs give to later steps, `[batch, (window - 1) * 3 * units]`. A step
    sees the valid steps before it, not the masked ones.

    Example:

    >>> layer = QRNN(8, return_sequences=True)
    >>> layer(tf.ones([2, 5, 3]), sequence_length=tf.constant([5, 2])).shape
    TensorShape([2, 5, 8])
    """

    def __init__(
        self,
        units: int,
        window: int = 2,
        gate_bias: float = 1.0,
        kernel_initializer="glorot_uniform",
        **options,
    ):
        dtype = options.get("dtype")
        cell = QRNNCell(units, window, gate_bias, kernel_initializer, dtype=dtype)
        super().__init__(cell, **options)

    def _parts(self, steps, rest, valid):
        cell = self.cell
        kernel = tf.convert_to_tensor(cell.kernel, steps.dtype)
        kernel = tf.reshape(kernel, [-1, kernel.shape[-1]])
        inputs, place = [steps], None
        for _ in range(cell.window - 1):
            place = _before(_every_step(steps) if place is None else place, valid)
            inputs.append(_rows_at(steps, place))
        parts = affine(tf.concat(inputs, axis=-1), kernel, cell.full_bias(), cell.num_parts)
        for rank in range(cell.window - 1):
            width = cell.num_parts * cell.units
            given = tf.split(rest[0][:, rank * width : (rank + 1) * width], cell.num_parts, axis=-1)
            place = _of_rank(steps, rank, valid)
            pairs = zip(parts, given, strict=True)
            parts = [_add_at(part, each, place) for part, each in pairs]
        return parts

    def _rest_of_state(self, steps, rest, valid):
        if not rest:
            return []
        (ahead,) = rest
        places = [_every_step(steps)[:, -1:] if valid is None else last_valid(valid)[:, -1:]]
        for _ in range(self.cell.window - 2):
            places.append(_before(places[-1], valid))
        # Only the last `window - 1` inputs reach over the end; here they come in order.
        for place in reversed(places):
            moved = self.cell.look_ahead(_rows_at(steps, place)[0], ahead)
            ahead = tf.where(place >= 0, moved, ahead)
        return [ahead]


def _every_step(steps: tf.Tensor) -> tf.Tensor:
    """Returns the places of all steps, int32 `[batch, time]`."""
    time, batch = tf.unstack(tf.shape(steps)[:2])
    return tf.tile(tf.range(time)[None], [batch, 1])


def _before(place: tf.Tensor, valid: tf.Tensor | None) -> tf.Tensor:
    """Returns the valid step before each of the places `[batch, any]`; -1 where there is none."""
    before = tf.maximum(place - 1, -1)
    if valid is None:
        return before
    found = tf.gather(last_valid(valid), tf.maximum(before, 0), batch_dims=1)
    return tf.where(before >= 0, found, -1)


def _of_rank(steps: tf.Tensor, rank: int, valid: tf.Tensor | None) -> tf.Tensor:
    """Returns the place of each row's valid step number `rank`, `[batch]`; -1 where none is."""
    time, batch = tf.unstack(tf.shape(steps)[:2])
    if valid is None:
        return tf.fill([batch], tf.where(rank < time, rank, -1))
    found = valid[:, :, 0] & (tf.cumsum(tf.cast(valid[:, :, 0], tf.int32)) == rank + 1)
    first = tf.argmax(tf.cast(found, tf.int32), axis=0, output_type=tf.int32)
    return tf.where(tf.reduce_any(found, axis=0), first, -1)


def _rows_at(steps: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
    """Takes steps `[time, batch, any]` at places `[batch, n]`; `[n, batch, any]`, zero at -1."""
    place = tf.transpose(place)
    batch = tf.shape(steps)[1]
    flat = tf.reshape(steps, [-1, steps.shape[-1]])
    taken = tf.gather(flat, tf.maximum(place, 0) * batch + tf.range(batch))
    taken = tf.where(place[:, :, None] >= 0, taken, tf.zeros([], steps.dtype))
    taken.set_shape([None, *steps.shape[1:]])
    return taken


def _add_at(part: tf.Tensor, given: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
    """Adds `[batch, units]` to a part `[time, batch, units]` at the places `[batch]`, if any."""
    rows = tf.range(tf.shape(part)[1])
    given = tf.where(place[:, None] >= 0, given, tf.zeros([], given.dtype))
    index = tf.stack([tf.maximum(place, 0), rows], axis=1)
    return tf.tensor_scatter_nd_add(part, index, given)
