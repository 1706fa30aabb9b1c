"""What the layers share whose only work over time is a running average."""

from typing import Any

import keras
import tensorflow as tf

from zoo.cells.gated_average_cell import GatedAverageCell
from zoo.recurrence.affine import affine
from zoo.recurrence.gated_average import gated_average
from zoo.recurrence.layer_call import CheckedLayer


class GatedAverageLayer(CheckedLayer, keras.layers.RNN):
    """A `GatedAverageCell` over time: the products of all steps at once, then `gated_average`.

    The equations are the cell's own, on all steps. Called with `sequences` `[batch, time, input]`
    and, all optional, `initial_state` (a list of the cell's states), `mask` bool `[batch, time]`,
    `training`, and `sequence_length` int `[batch]`, the same as a right-padded mask.

    Args:
        cell: The cell; its weights are the layer's.
        **options: options of `keras.layers.RNN`: `return_sequences`, `return_state`,
            `go_backwards`, `zero_output_for_mask`, `name`, `dtype`.
    """

    def __init__(self, cell: GatedAverageCell, **options):
        super().__init__(cell, **options)
        self.units = cell.units

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Takes Keras's place for the loop over time."""
        while isinstance(mask, (list, tuple)):
            mask = mask[0]
        steps = self._time_major(tf.convert_to_tensor(sequences))
        valid = None
        if mask is not None:
            mask = tf.ensure_shape(tf.cast(mask, tf.bool), [None, None])
            valid = self._time_major(mask[:, :, None])
            # Padding may hold anything; zero times infinity is not zero.
            steps = tf.where(valid, steps, tf.zeros([], steps.dtype))
        cell, (state, *rest) = self.cell, initial_state
        parts = self._parts(steps, rest, valid)
        gate, candidate = cell.gate_and_candidate(parts)
        states, last = gated_average(gate, candidate, state, cell.peephole, valid)
        previous = None
        if cell.peephole is not None:
            previous = tf.concat([state[None], states[:-1]], axis=0)
        outputs = cell.to_output(states, previous, parts, steps)
        if valid is not None:
            outputs = self._at_padding(outputs, valid)
        outputs = tf.transpose(outputs, [1, 0, 2])
        return outputs[:, -1], outputs, [last, *self._rest_of_state(steps, rest, valid)]

    def _parts(self, steps: tf.Tensor, rest: list, valid: tf.Tensor | None) -> list[tf.Tensor]:
        """The products of all steps, parted; `rest` is the state but for its first tensor."""
        return affine(steps, self.cell.kernel, self.cell.full_bias(), self.cell.num_parts)

    def _rest_of_state(self, steps: tf.Tensor, rest: list, valid: tf.Tensor | None) -> list:
        return []

    def _time_major(self, sequences: tf.Tensor) -> tf.Tensor:
        steps = tf.transpose(sequences, [1, 0, 2])
        return tf.reverse(steps, [0]) if self.go_backwards else steps

    def _at_padding(self, outputs: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
        """Shows zeros, or the last valid step's output again, as Keras has it."""
        zero = tf.zeros([], outputs.dtype)
        if self.zero_output_for_mask:
            return tf.where(valid, outputs, zero)
        place = last_valid(valid)
        shown = tf.gather(tf.transpose(outputs, [1, 0, 2]), tf.maximum(place, 0), batch_dims=1)
        return tf.transpose(tf.where(place[:, :, None] >= 0, shown, zero), [1, 0, 2])

    def get_config(self) -> dict:
        config = super().get_config()
        for name in ("cell", "unroll", "stateful"):
            del config[name]
        cell = self.cell.get_config()
        return {**{name: cell[name] for name in cell.keys() - {"name", "trainable"}}, **config}

    @classmethod
    def from_config(cls, config: dict) -> Any:
        return cls(**config)


def last_valid(valid: tf.Tensor) -> tf.Tensor:
    """Returns int32 `[batch, time]`: the last valid step up to each one, -1 where there is none.

    Args:
        valid: bool `[time, batch, 1]`.
    """
    valid = tf.transpose(valid[:, :, 0])
    steps = tf.cast(valid, tf.int32)
    rank, holes = tf.cumsum(steps, axis=1), tf.reduce_sum(1 - steps, axis=1, keepdims=True)
    # Sorted, the valid steps come in the order of their rank, after a -1 for each hole.
    place = tf.sort(tf.where(valid, tf.range(tf.shape(valid)[1]), -1), axis=1)
    found = tf.gather(place, tf.maximum(holes + rank - 1, 0), batch_dims=1)
    return tf.where(rank > 0, found, -1)
