"""What every cell of the zoo is."""

import numbers
from typing import Any

import keras
from keras import ops
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from zoo.cells import settings, state
from zoo.cells.direct_call import DirectCall
from zoo.errors import InputError


class RNNCell(DirectCall, DropoutRNNCell, keras.layers.Layer):
    """One step of time: `output, next_states = cell(inputs, states)`.

    A cell is a horizontal array of units and never loops. A subclass defines `state_size`,
    `output_size`, `build` and `call`; `zoo.recurrence.dynamic_rnn` and `keras.layers.RNN` run it
    over time. `cell.call(inputs, states)` is the same as `cell(inputs, states)`.

    `DropoutRNNCell` is the class by which `keras.layers.RNN` knows that a cell wants to be told
    where a sequence begins and ends. Its four methods are bent here to `begin_sequence` and
    `end_sequence`, so that masks which stay fixed over time work at any depth of nesting.

    Call arguments:
        inputs: `(batch, features)`; integers and booleans are cast to the compute dtype.
        states: The structure of `state_size` with `(batch, size)` tensors. Where `state_size` is
            an integer, a list of one tensor will do, and a list of one tensor comes back.
        training: Whether dropout and its like are at work.

    Returns:
        The output, `(batch, output_size)`, and the next state in the structure of `state_size`.

    Raises:
        InputError: For inputs or states of another shape, structure or dtype.
    """

    @property
    def state_size(self) -> Any:
        """An integer, or a tuple of state sizes."""
        raise NotImplementedError

    @property
    def output_size(self) -> int:
        """The number of features of an output."""
        raise NotImplementedError

    def zero_state(self, batch_size: Any, dtype: Any = None) -> Any:
        """A state of zeros.

        Args:
            batch_size: Rows: an integer or a scalar integer tensor.
            dtype: A floating dtype of Keras, NumPy or TensorFlow; the cell's compute dtype where
                None.

        Returns:
            The structure of `state_size` with tensors `(batch_size, size)`.
        """
        is_integer = isinstance(batch_size, numbers.Integral) and not isinstance(batch_size, bool)
        if not hasattr(batch_size, "dtype") and not (is_integer and batch_size >= 0):
            raise InputError(
                f"{type(self).__name__}.zero_state expects batch_size to be an integer of at least "
                f"0 or a scalar integer tensor; got {batch_size!r}"
            )
        if dtype is not None:
            dtype = settings.floating_dtype(f"{type(self).__name__}.zero_state", dtype)
        return state.zeros(self.state_size, batch_size, dtype or self.compute_dtype)

    def get_initial_state(self, batch_size: Any = None, dtype: str | None = None) -> Any:
        """Keras's name for `zero_state`; a cell with a learnt start overrides it."""
        return self.zero_state(batch_size, dtype)

    def begin_sequence(self, batch_size: Any, input_size: int) -> None:
        """Told before the first step of a sequence: draw what stays fixed over time."""

    def end_sequence(self) -> None:
        """Told after the last step: forget what `begin_sequence` drew."""

    def check_features(self, features: int | None) -> None:
        """Raises `InputError` for input features unknown, or other than those built for."""
        owner = type(self).__name__
        if features is None:
            raise InputError(f"{owner} needs the number of input features; got (batch, None)")
        built_for = getattr(self, "input_features", None)
        if self.built and built_for not in (None, features):
            raise InputError(
                f"{owner} was built for {built_for} input features and got {features}; one cell at "
                "two depths would share its weights: make a new cell for each depth"
            )

    def keep_input_features(self, input_shape) -> int:
        """For `build`: checks and keeps the number of input features."""
        self.check_features(input_shape[-1])
        self.input_features = int(input_shape[-1])
        return self.input_features

    # Checks run before Keras's own machinery, which would wrap the message in several lines.
    def __call__(self, inputs, states, *args, **kwargs):
        owner = type(self).__name__
        inputs = state.check_inputs(owner, inputs, "(batch, features)", self.compute_dtype)
        self.check_features(inputs.shape[-1])
        one_in_a_list = not state.is_sequence(self.state_size) and state.is_sequence(states)
        states = state.match(owner, self.state_size, states, inputs.shape[0])
        output, next_states = super().__call__(inputs, states, *args, **kwargs)
        return output, [next_states] if one_in_a_list else next_states

    def compute_output_spec(self, inputs, states, training=None):
        def spec(size):
            return keras.KerasTensor((inputs.shape[0], size), dtype=self.compute_dtype)

        return spec(self.output_size), state.map_sizes(spec, self.state_size)

    def get_dropout_mask(self, step_input):
        self.begin_sequence(ops.shape(step_input)[0], step_input.shape[-1])

    def reset_dropout_mask(self):
        self.end_sequence()

    def get_recurrent_dropout_mask(self, step_input):
        pass

    def reset_recurrent_dropout_mask(self):
        pass
