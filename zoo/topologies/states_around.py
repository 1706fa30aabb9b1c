"""What stands around each step of a sequence, without the step itself."""

from typing import Any

import keras
import tensorflow as tf

from zoo.recurrence.cell_config import CellInConfig, cell_to_config
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.cell_places import share_out


@keras.saving.register_keras_serializable(package="zoo")
# The name under which models of earlier versions are kept.
@keras.saving.register_keras_serializable(package="zoo", name="Surroundings")
class StatesAround(CellInConfig, keras.layers.Layer):
    """Reads a sequence both ways and gives each step the states of its neighbours.

    around_t = [forward h_{t-1}; backward h_{t+1}],  zeros before the first and behind the last step

    The two directions are stacks of their own (as in Melamud et al. 2016, "context2vec: learning
    generic context embedding with bidirectional LSTM"): were their layers joined, a second layer
    would see step t by way of its neighbours. So every step is a gap at once, in one pass.

    Args:
        cell: A cell's registered name, or a list with a cell object for each layer and direction:
            of the past, then of the future. Defaults to "lstm".
        units: Width of a cell, in each direction.
        num_layers: number of layers of each stack. Defaults to 1.
        bidirectional: Whether what follows a step counts. Defaults to True.
        dropout: Share dropped of each layer's input in training. Defaults to 0.

    Call arguments:
        steps: [B, N, D].
        sequence_length: int [B].

    Returns:
        [B, N, 2 * units], or [B, N, units] of one direction; past a row's length it says nothing.

    Example:

    >>> StatesAround(units=4)(tf.ones([2, 3, 5]), tf.constant([3, 1])).shape
    TensorShape([2, 3, 8])
    """

    def __init__(
        self,
        cell: Any = "lstm",
        units: int = 128,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._config = {
            "cell": cell_to_config(cell),
            "units": units,
            "num_layers": num_layers,
            "bidirectional": bidirectional,
            "dropout": dropout,
        }
        self.supports_masking = True
        future = {"future": num_layers} if bidirectional else {}
        cells = share_out(cell, past=num_layers, **future)
        self.past = RecurrentStack(cells["past"], units, num_layers, dropout=dropout, name="past")
        self.future = None
        if bidirectional:
            self.future = RecurrentStack(
                cells["future"], units, num_layers, dropout=dropout, name="future"
            )

    def build(self, steps_shape, sequence_length_shape=None):
        self.past.build(steps_shape)
        if self.future is not None:
            self.future.build(steps_shape)

    def compute_output_spec(self, steps, sequence_length, training=None):
        width = self.past.output_size * (1 if self.future is None else 2)
        return keras.KerasTensor((*steps.shape[:2], width), self.compute_dtype)

    def compute_mask(self, *arguments, **keywords):
        return None

    def call(self, steps, sequence_length, training=None):
        hidden, _ = self.past(steps, sequence_length, training=training)
        before = tf.pad(hidden, [[0, 0], [1, 0], [0, 0]])[:, :-1]
        if self.future is None:
            return before
        turned = tf.reverse_sequence(steps, sequence_length, seq_axis=1, batch_axis=0)
        hidden, _ = self.future(turned, sequence_length, training=training)
        hidden = tf.reverse_sequence(hidden, sequence_length, seq_axis=1, batch_axis=0)
        # Past a row's length the outputs are zero: the last step has nothing behind it.
        behind = tf.pad(hidden, [[0, 0], [0, 1], [0, 0]])[:, 1:]
        return tf.concat([before, behind], -1)

    def get_config(self):
        return {**super().get_config(), **self._config}
