"""The loop over time: a cell, step by step, in plain TensorFlow operations."""

from typing import Any

import tensorflow as tf

from zoo.cells import state, step


def run_over_time(
    cell: Any, steps: tf.Tensor, lengths: tf.Tensor | None, initial_state: Any, training: Any
) -> tuple[tf.Tensor, Any]:
    """Runs a built cell over time.

    Args:
        cell: The cell.
        steps: `(time, batch, features)`.
        lengths: `(batch,)` int32, or None where every row is full.
        initial_state: The structure of `cell.state_size`.
        training: Handed on to the cell.

    Returns:
        Outputs, `(time, batch, output_size)`, zero past a row's length, and the state after every
        row's last real step, in the structure of `cell.state_size`.
    """
    dtype = step.compute_dtype(cell)
    time, batch = _size(steps, 0), _size(steps, 1)
    size = step.output_size(cell)
    flat_state = [_fix_rows(tf.cast(part, dtype), steps) for part in state.leaves(initial_state)]
    if lengths is not None:
        # Padding may hold anything, infinities included: zero times those is not a zero gradient.
        real = tf.sequence_mask(lengths, time)
        steps = tf.where(tf.transpose(real)[:, :, tf.newaxis], steps, tf.zeros_like(steps))
    inputs = tf.TensorArray(steps.dtype, size=time, element_shape=steps.shape[1:]).unstack(steps)
    # Where there may be no steps, one entry is written in advance and cut off again: nothing at
    # all does not stack.
    spare = 0 if isinstance(time, int) and time > 0 else 1
    outputs = tf.TensorArray(dtype, size=time + spare, element_shape=(steps.shape[1], size))
    if spare:
        outputs = outputs.write(time, tf.zeros((batch, size), dtype))

    def one_step(t, flat, outputs):
        output, new = step.call_cell(
            cell, inputs.read(t), state.pack(cell.state_size, list(flat)), training
        )
        output = tf.cast(output, dtype)
        new = [tf.cast(part, dtype) for part in state.leaves(new)]
        if lengths is not None:
            active = (t < lengths)[:, tf.newaxis]
            output = tf.where(active, output, tf.zeros_like(output))
            new = [tf.where(active, n, old) for n, old in zip(new, flat, strict=True)]
        new = [_fix_shape(n, old) for n, old in zip(new, flat, strict=True)]
        return t + 1, tuple(new), outputs.write(t, output)

    _, flat_state, outputs = tf.while_loop(
        lambda t, *_: t < time,
        one_step,
        (tf.constant(0), tuple(flat_state), outputs),
        maximum_iterations=time,
    )
    outputs = outputs.stack()[:time] if spare else outputs.stack()
    outputs.set_shape((steps.shape[0], steps.shape[1], size))
    return outputs, state.pack(cell.state_size, list(flat_state))


def _size(tensor: tf.Tensor, axis: int) -> Any:
    return tf.shape(tensor)[axis] if tensor.shape[axis] is None else tensor.shape[axis]


def _fix_rows(part: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
    part.set_shape((steps.shape[1], part.shape[1]))
    return part


def _fix_shape(new: tf.Tensor, old: tf.Tensor) -> tf.Tensor:
    new.set_shape(old.shape)
    return new
