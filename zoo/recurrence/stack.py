"""Several recurrent layers over time, and the same layers one step at a time."""

from typing import Any

import keras
import tensorflow as tf

from zoo.cells import output_in
from zoo.checks import check_share
from zoo.errors import InputError
from zoo.recurrence.cell_config import CellInConfig, cell_to_config
from zoo.recurrence.layer_call import CheckedCall
from zoo.recurrence.over_time import OverTime


@keras.saving.register_keras_serializable(package="zoo")
class RecurrentStack(CellInConfig, CheckedCall, keras.layers.Layer):
    """Layers of one kind of cell, each over the whole sequence, one or both directions.

    Layer l reads the outputs of layer l - 1. In a bidirectional stack a layer's output is the
    concatenation of its forward and its backward half, [B, T, 2 * units]; the backward half reads
    each row from its own last real step, so padding never enters it.

    Args:
        cell: A cell's registered name, or a list with one cell object for each layer (and, in a
            bidirectional stack, two for each: forward, backward); a cell object alone where there
            is one place. One object is never used twice.
        units: Width of a cell; not needed when objects are given.
        num_layers: Defaults to 1.
        bidirectional: Defaults to False.
        dropout: Share of each layer's input that is dropped in training. Defaults to 0.
        input_dropout: The same for the first layer's input alone. Defaults to `dropout`.
        recurrent_weight_dropout: Share of each layer's recurrent weights that is dropped in
            training, by one mask a call (see `FastRecurrence`). Defaults to 0.
        residual: Adds a layer's input to its output from the second layer on (same width).

    Call arguments:
        inputs: [B, T, D].
        sequence_length: int [B], the real steps of each row, or None for all. Outputs past it are
            zero, and the final state is the one at the last real step; a row of length zero keeps
            its initial state.
        initial_state: What `get_initial_state` returns, or None for zeros.

    Returns:
        The outputs [B, T, units] (2 * units when bidirectional) and the final states: a tuple
        with one entry a layer, each the cell's own structure (a pair of them when bidirectional).

    Raises:
        InputError: no layers, a rate outside [0, 1), one cell object twice, or
            recurrent_weight_dropout for a cell without a fast layer; what `CheckedCall` refuses.

    Example:

    >>> outputs, states = RecurrentStack("lstm", 8, num_layers=2)(tf.zeros([3, 5, 4]))
    >>> outputs.shape, len(states)
    (TensorShape([3, 5, 8]), 2)
    """

    def __init__(
        self,
        cell: Any = "lstm",
        units: int | None = None,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        residual: bool = False,
        input_dropout: float | None = None,
        recurrent_weight_dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(num_layers, int) or num_layers < 1:
            raise InputError(f"num_layers is {num_layers!r}; expected a whole number of 1 or more")
        check_share("dropout", dropout)
        first_dropout = dropout if input_dropout is None else input_dropout
        check_share("input_dropout", first_dropout)
        count = num_layers * (2 if bidirectional else 1)
        if isinstance(cell, str):
            made = [cell] * count
        else:
            made = list(cell) if isinstance(cell, (list, tuple)) else [cell]
            if len(made) != count or len({id(c) for c in made}) != count:
                raise InputError(
                    f"{count} distinct cell objects are needed for {num_layers} layers"
                    f"{' in two directions' if bidirectional else ''}; got {len(made)}, of which "
                    f"{len({id(c) for c in made})} distinct: make a new cell for each place"
                )
        self.cell, self.units, self.num_layers = cell_to_config(cell), units, num_layers
        # Lengths are an argument; a mask that Keras attached to the inputs goes no further.
        self.supports_masking = True
        self.bidirectional, self.dropout, self.residual = bidirectional, dropout, residual
        self.input_dropout = input_dropout
        self.recurrent_weight_dropout = recurrent_weight_dropout
        # Objects have widths of their own; the last ones give the stack's.
        last = len(made) - (2 if bidirectional else 1)
        self.layers = [
            OverTime(
                c, units if isinstance(c, str) or n >= last else None, recurrent_weight_dropout
            )
            for n, c in enumerate(made)
        ]
        rates = [first_dropout] + [dropout] * (num_layers - 1)
        self._dropouts = [keras.layers.Dropout(rate) for rate in rates]

    def _layer(self, index: int) -> list:
        width = 2 if self.bidirectional else 1
        return self.layers[width * index : width * (index + 1)]

    def build(self, inputs_shape, sequence_length_shape=None, initial_state_shape=None):
        width = inputs_shape[-1]
        for index in range(self.num_layers):
            for layer in self._layer(index):
                layer.build((None, None, width))
            width = sum(layer.output_size for layer in self._layer(index))

    def compute_output_spec(self, inputs, sequence_length=None, initial_state=None, training=None):
        batch, time = inputs.shape[:2]
        states = tf.nest.map_structure(
            lambda width: keras.KerasTensor((batch, width), self.compute_dtype), self.state_widths
        )
        return keras.KerasTensor((batch, time, self.output_size), self.compute_dtype), states

    @property
    def state_widths(self) -> tuple:
        """The widths of the states' tensors, in the structure of the states."""
        return tf.nest.map_structure(lambda part: part.shape[-1], self.get_initial_state(1))

    @property
    def output_size(self) -> int:
        """Width of one step's output."""
        return sum(layer.output_size for layer in self._layer(self.num_layers - 1))

    def output_in(self, states) -> Any:
        """The last layer's output among the parts of its states (or of `state_widths`).

        Returns:
            [B, units]; a list of two in a bidirectional stack, the forward one first.

        Raises:
            InputError: see `zoo.cells.output_in`.
        """
        halves = states[-1] if self.bidirectional else [states[-1]]
        pairs = zip(self._layer(self.num_layers - 1), halves, strict=True)
        outputs = [output_in(layer.cell, half) for layer, half in pairs]
        return outputs if self.bidirectional else outputs[0]

    def get_initial_state(self, batch_size) -> tuple:
        """Returns zeros in the structure of the states."""
        states = [layer.get_initial_state(batch_size) for layer in self.layers]
        if self.bidirectional:
            return tuple(zip(states[::2], states[1::2], strict=True))
        return tuple(states)

    def call(self, inputs, sequence_length=None, initial_state=None, training=None):
        if initial_state is None:
            initial_state = self.get_initial_state(tf.shape(inputs)[0])
        outputs, states = inputs, []
        for index in range(self.num_layers):
            below = outputs
            dropped = self._dropouts[index](below, training=training)
            outputs, state = self._over_time(
                index, dropped, sequence_length, initial_state[index], training
            )
            if self.residual and index > 0:
                outputs = outputs + below
            states.append(state)
        return outputs, tuple(states)

    def _over_time(self, index, inputs, sequence_length, state, training):
        layers = self._layer(index)
        if not self.bidirectional:
            return layers[0](inputs, sequence_length, state, training=training)
        forward, forward_state = layers[0](inputs, sequence_length, state[0], training=training)
        backward, backward_state = layers[1](
            _reversed(inputs, sequence_length), sequence_length, state[1], training=training
        )
        backward = _reversed(backward, sequence_length)
        return tf.concat([forward, backward], -1), (forward_state, backward_state)

    def step(self, inputs, states, training=None):
        """Runs every layer for one step: inputs [B, D] -> (outputs [B, units], next states).

        The numbers are those of `call` on a sequence of one step.

        Raises:
            InputError: the stack is bidirectional, so a step has no past alone.
        """
        if self.bidirectional:
            raise InputError("a bidirectional stack needs the whole sequence; it has no step")
        outputs, following = inputs, []
        for index, (layer, state) in enumerate(zip(self.layers, states, strict=True)):
            below = outputs
            dropped = self._dropouts[index](below, training=training)
            outputs, state = layer.step(dropped, state, training=training)
            if self.residual and index > 0:
                outputs = outputs + below
            following.append(state)
        return outputs, tuple(following)

    def compute_mask(self, *arguments, **keywords):
        return None

    def get_config(self):
        return {
            **super().get_config(),
            "cell": self.cell,
            "units": self.units,
            "num_layers": self.num_layers,
            "bidirectional": self.bidirectional,
            "dropout": self.dropout,
            "residual": self.residual,
            "input_dropout": self.input_dropout,
            "recurrent_weight_dropout": self.recurrent_weight_dropout,
        }


def _reversed(sequence, sequence_length):
    """Turns each row's real steps around and leaves its padding where it is."""
    if sequence_length is None:
        return tf.reverse(sequence, [1])
    return tf.reverse_sequence(sequence, sequence_length, seq_axis=1, batch_axis=0)
