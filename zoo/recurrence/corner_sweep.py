"""A two-dimensional cell over a grid from its upper left corner, a diagonal at a time."""

from typing import Any

import keras
import tensorflow as tf

from zoo.cells import state
from zoo.cells.grid_lstm_cell import GridLSTMCell
from zoo.cells.lstm_state_tuple import LSTMStateTuple
from zoo.recurrence.sequence_length import check_sequence_length, guard_in_graph


@keras.saving.register_keras_serializable(package="zoo")
class CornerSweep(keras.layers.Layer):
    """Runs a `GridLSTMCell` over [B, H, W, D]: each place reads the ones above and on its left.

        s_{r,c} = cell(x_{r,c}, s_{r-1,c}, s_{r,c-1}),    zeros outside of the grid

    All places of a diagonal r + c = d depend on the diagonal before alone, and are worked out at
    once: H + W - 1 steps in place of H W.

    Args:
        units: Width of the cell.
        forget_bias: See `GridLSTMCell`.

    Call arguments:
        inputs: [B, H, W, D].
        height, width: int [B], how many rows and columns are real. What stands outside is not
            read.

    Returns:
        [B, H, W, units], the h of every place, zero outside of what is real.

    Raises:
        InputError: ragged inputs; heights or widths that are not one integer a row, from 0 to the
            inputs' own; in a graph what only the run can tell raises
            `tf.errors.InvalidArgumentError`.
    """

    def __init__(self, units: int, forget_bias: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.cell = GridLSTMCell(units, forget_bias, name="cell")

    # Before Keras's own machinery, which fails at lists.
    def __call__(self, inputs, height, width):
        owner = f"CornerSweep {self.name!r}"
        axes = "(batch, height, width, features)"
        inputs = state.check_inputs(owner, inputs, axes, self.compute_dtype)
        height = check_sequence_length(owner, height, inputs.shape, 1)
        width = check_sequence_length(owner, width, inputs.shape, 2)
        return super().__call__(inputs, height, width)

    def build(self, inputs_shape, height_shape=None, width_shape=None):
        self.cell.build(tuple(inputs_shape))

    def compute_output_spec(self, inputs, height, width):
        shape = (*inputs.shape[:3], self.cell.units)
        return keras.KerasTensor(shape, self.compute_dtype)

    def call(self, inputs: Any, height: Any, width: Any) -> tf.Tensor:
        batch, rows, columns = (tf.shape(inputs)[axis] for axis in range(3))
        units, row, diagonals = self.cell.units, tf.range(rows), rows + columns - 1
        owner = f"CornerSweep {self.name!r}"
        height, width = (
            guard_in_graph(owner, length, inputs, axis)
            for axis, length in ((1, height), (2, width))
        )
        real_rows = tf.sequence_mask(height, rows)  # [B, H]
        real = real_rows[:, :, None] & tf.sequence_mask(width, columns)[:, None]
        inputs = tf.where(real[..., None], inputs, tf.zeros_like(inputs))
        # Row r moved right by r: a diagonal of the grid is a column of this.
        skewed = _skewed(self.cell.project(inputs), rows, columns)  # [H + W - 1, B, H, 5 * units]
        outputs = tf.TensorArray(skewed.dtype, diagonals, element_shape=[None, None, units])

        def advance(step, c, h, outputs):
            left = LSTMStateTuple(c, h)
            above = LSTMStateTuple(_down(c), _down(h))
            state = self.cell.advance(skewed[step], above, left)
            column = step - row  # [H]
            real = real_rows & (column >= 0)[None] & (column[None] < width[:, None])
            c, h = (tf.where(real[..., None], part, tf.zeros_like(part)) for part in state)
            return step + 1, c, h, outputs.write(step, h)

        zeros = tf.zeros([batch, rows, units], skewed.dtype)
        *_, outputs = tf.while_loop(
            lambda step, *_: step < diagonals,
            advance,
            (tf.constant(0), zeros, zeros, outputs),
            maximum_iterations=diagonals,
        )
        return _straight(outputs.stack(), rows, columns)

    def get_config(self):
        config = {"units": self.cell.units, "forget_bias": self.cell.forget_bias}
        return {**super().get_config(), **config}


def _down(states):
    """Each row's state becomes that of the row below."""
    return tf.pad(states, [[0, 0], [1, 0], [0, 0]])[:, :-1]


def _skewed(grid, rows, columns):
    """From [B, H, W, D] to [H + W - 1, B, H, D], zeros where a diagonal has no place in a row.

    Padded by H on the right, row r of the flattened grid begins r places later when it is read in
    rows of W + H - 1.
    """
    width = grid.shape[-1]
    batch, long = tf.shape(grid)[0], rows + columns - 1
    padded = tf.pad(grid, [[0, 0], [0, 0], [0, rows], [0, 0]])  # [B, H, W + H, D]
    flat = tf.reshape(padded, [batch, rows * (columns + rows), width])[:, : rows * long]
    return tf.transpose(tf.reshape(flat, [batch, rows, long, width]), [2, 0, 1, 3])


def _straight(diagonals, rows, columns):
    """The inverse of `_skewed`."""
    width = diagonals.shape[-1]
    batch, long = tf.shape(diagonals)[1], rows + columns - 1
    flat = tf.reshape(tf.transpose(diagonals, [1, 2, 0, 3]), [batch, rows * long, width])
    padded = tf.pad(flat, [[0, 0], [0, rows], [0, 0]])
    return tf.reshape(padded, [batch, rows, rows + columns, width])[:, :, :columns]
