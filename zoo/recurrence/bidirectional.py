"""Two directions over one sequence."""

import keras
import tensorflow as tf

from zoo.cells import state
from zoo.recurrence.layer_call import CheckedLayer


@keras.saving.register_keras_serializable(package="zoo")
class Bidirectional(CheckedLayer, keras.layers.Bidirectional):
    """`keras.layers.Bidirectional` that takes lengths.

    With `return_state` the states follow the output, forward ones first: `output, forward_h,
    forward_c, backward_h, backward_c` for an LSTM, `output, forward_h, backward_h` for a GRU or
    a plain cell; `initial_state` is a list in the same order. The forward state is that after a
    row's last valid step, the backward one that after its first. Outputs at padding are zero.

    The two directions share no step, so TensorFlow runs their loops side by side.

    Args:
        layer: The recurrent layer for the forward direction; the backward one is its copy with
            `go_backwards=True` unless `backward_layer` is given.
        merge_mode: "concat" (the default, forward first), "sum", "mul", "ave", or None for both.

    Raises:
        InputError: as `CheckedLayer`.

    Example:

    >>> from zoo.recurrence import LSTM
    >>> layer = Bidirectional(LSTM(8, return_sequences=True))
    >>> layer(tf.ones([2, 5, 3]), sequence_length=tf.constant([5, 2])).shape
    TensorShape([2, 5, 16])
    """

    def call(
        self,
        sequences: tf.Tensor,
        initial_state: list[tf.Tensor] | None = None,
        mask: tf.Tensor | None = None,
        training: bool | None = None,
        sequence_length: tf.Tensor | None = None,
    ):
        """Runs both directions; `sequence_length` `[batch]` is the same as a right-padded mask."""
        given = self.checked(sequences, initial_state, mask, sequence_length)
        return super().call(
            given.sequences,
            initial_state=given.initial_state,
            mask=given.mask,
            training=training,
        )

    @property
    def state_widths(self) -> list[int]:
        """The width of each tensor of the states, forward ones first."""
        layers = (self.forward_layer, self.backward_layer)
        return [width for each in layers for width in state.leaves(each.cell.state_size)]
