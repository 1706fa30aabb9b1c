"""Any cell over time, with TensorFlow's `dynamic_rnn` semantics."""

import weakref
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from zoo.cells import RNNCell, state, step
from zoo.recurrence.loop import run_over_time
from zoo.recurrence.sequence_length import check_sequence_length, guard_in_graph
from zoo.recurrence.tf1_arguments import check_tf1_arguments


@keras.saving.register_keras_serializable(package="zoo")
class DynamicRNN(keras.layers.Layer):
    """A layer that runs a cell over time.

    `output_t, state_t = cell(inputs_t, state_{t-1})`, one row at a time up to its length: outputs
    past a row's length are zero, the state is the one after its last real step, and a row of
    length zero keeps its initial state. The state goes in and comes out in the cell's own
    structure. What stands in the inputs past a row's length changes nothing, whatever it is.

    No mask is taken from the inputs: pass lengths.

    Args:
        cell: A zoo cell, a Keras cell, or anything with `call` and `state_size`.
        backward: Whether to read every row from its last real step to its first; outputs stay in
            the order of the inputs.
        **kwargs: Keras's `name`, `dtype` (the cell's where not given), `trainable`.

    Call arguments:
        inputs: `(batch, time, features)`; integers and booleans are cast to the cell's dtype.
        sequence_length: `(batch,)` integers from 0 to time; None means every row is full.
        initial_state: The structure of `cell.state_size`; the cell's own first state where None.
        training: Handed on to the cell.

    Returns:
        `(outputs, state)`: `(batch, time, cell.output_size)` and the structure of
        `cell.state_size`.

    Raises:
        InputError: For something that is not a cell, and for inputs, lengths or a state of another
            shape, structure, dtype or range. Lengths that are only known when a graph runs raise
            `tf.errors.InvalidArgumentError` there; code compiled by XLA cannot check them.

    Example:

    >>> layer = DynamicRNN(zoo.cells.BasicLSTMCell(4))
    >>> outputs, state = layer(np.ones((2, 5, 3), "float32"), sequence_length=[5, 0])
    >>> tuple(outputs.shape), tuple(state.h.shape)
    ((2, 5, 4), (2, 4))
    """

    def __init__(self, cell: Any, backward: bool = False, **kwargs):
        step.check_cell(type(self).__name__, cell)
        kwargs.setdefault("dtype", getattr(cell, "dtype_policy", None))
        super().__init__(**kwargs)
        self.cell = cell
        self.backward = backward

    # Checks run before Keras's own machinery, which would wrap the message in several lines.
    def __call__(self, inputs, sequence_length=None, initial_state=None, **kwargs):
        owner = type(self).__name__
        dtype = step.compute_dtype(self.cell)
        inputs = state.check_inputs(owner, inputs, "(batch, time, features)", dtype)
        if isinstance(self.cell, RNNCell):
            self.cell.check_features(inputs.shape[-1])
        sequence_length = check_sequence_length(owner, sequence_length, inputs.shape)
        if initial_state is not None:
            initial_state = state.match(owner, self.cell.state_size, initial_state, inputs.shape[0])
        return super().__call__(
            inputs, sequence_length=sequence_length, initial_state=initial_state, **kwargs
        )

    def build(self, inputs_shape, sequence_length_shape=None, initial_state_shape=None):
        step.build_cell(self.cell, (inputs_shape[0], inputs_shape[2]))

    def call(self, inputs, sequence_length=None, initial_state=None, training=None):
        batch = tf.shape(inputs)[0] if inputs.shape[0] is None else inputs.shape[0]
        if initial_state is None:
            initial_state = step.initial_state(self.cell, batch)
        lengths = None
        if sequence_length is not None:
            lengths = guard_in_graph(type(self).__name__, sequence_length, inputs)
        steps = tf.transpose(self._reorder(inputs, lengths), [1, 0, 2])
        if training:
            with step.one_sequence(self.cell, batch, inputs.shape[2]):
                outputs, last = run_over_time(self.cell, steps, lengths, initial_state, training)
        else:
            outputs, last = run_over_time(self.cell, steps, lengths, initial_state, training)
        return self._reorder(tf.transpose(outputs, [1, 0, 2]), lengths), last

    def compute_output_spec(self, inputs, sequence_length=None, initial_state=None, training=None):
        dtype = step.compute_dtype(self.cell)
        batch, time, _ = inputs.shape
        outputs = keras.KerasTensor((batch, time, step.output_size(self.cell)), dtype=dtype)
        last = state.map_sizes(
            lambda size: keras.KerasTensor((batch, size), dtype=dtype), self.cell.state_size
        )
        return outputs, last

    def get_config(self):
        return {
            **super().get_config(),
            "cell": keras.saving.serialize_keras_object(self.cell),
            "backward": self.backward,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        cell = keras.saving.deserialize_keras_object(config["cell"], custom_objects=custom_objects)
        return cls(**{**config, "cell": cell})

    def _reorder(self, values, lengths):
        if not self.backward:
            return values
        if lengths is None:
            return tf.reverse(values, [1])
        return tf.reverse_sequence(values, lengths, seq_axis=1, batch_axis=0)


# One layer for one cell and direction, so that a functional model which runs a cell twice saves it
# once. The layer lives as long as a model or a symbolic tensor needs it.
_LAYERS: weakref.WeakValueDictionary = weakref.WeakValueDictionary()


def dynamic_rnn(
    cell: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: str | None = None,
    *,
    training: bool | None = None,
) -> tuple[Any, Any]:
    """Runs a cell over time, as `tf.compat.v1.nn.dynamic_rnn` did, with its positional order.

    It takes tensors, in eager code and in `tf.function`, and the symbolic tensors of Keras's
    functional API alike; there, and for semantics, see `DynamicRNN`, the layer that does the work.

    Args:
        cell: A zoo cell, a Keras cell, or anything with `call` and `state_size`.
        inputs: `(batch, time, features)`.
        sequence_length: `(batch,)` integers from 0 to time; None means every row is full.
        initial_state: The structure of `cell.state_size`; the cell's own first state where None.
        dtype: The dtype of outputs and states, which is the cell's compute dtype: another one is
            refused. TensorFlow 1 needed it without an `initial_state`; here it may be left out.
        parallel_iterations, swap_memory: A number of iterations and a flag by which TensorFlow 1
            ran its loop. They changed no number; they are ignored.
        time_major: Whether inputs and outputs are `(time, batch, ...)`.
        scope: A name under which TensorFlow 1 put the weights. It is ignored: a weight belongs to
            its cell.
        training: Handed on to the cell.

    Returns:
        `(outputs, state)`: `(batch, time, cell.output_size)` and the structure of
        `cell.state_size`. Outputs past a row's length are zero; the state is the one after the
        row's last real step.

    Raises:
        InputError: As `DynamicRNN`; for a `dtype` that is not the cell's; for a value that one of
            the other arguments could not have had in TensorFlow 1, such as a number for a flag.

    Example:

    >>> cell = zoo.cells.MultiRNNCell([zoo.cells.BasicLSTMCell(4) for _ in range(2)])
    >>> outputs, (lower, upper) = dynamic_rnn(cell, np.ones((2, 5, 3), "float32"), [5, 2])
    >>> tuple(outputs.shape), tuple(upper.h.shape)
    ((2, 5, 4), (2, 4))
    """
    check_tf1_arguments(
        "dynamic_rnn", (cell,), dtype, parallel_iterations, swap_memory, time_major, scope
    )
    if time_major:
        inputs = swap_batch_and_time(inputs)
    layer = layer_for(cell)
    outputs, last = layer(inputs, sequence_length, initial_state, training=training)
    return (swap_batch_and_time(outputs) if time_major else outputs), last


def layer_for(cell: Any, backward: bool = False) -> DynamicRNN:
    """The layer that runs this very cell in this direction; a new one where none is alive."""
    key = (id(cell), backward)
    layer = _LAYERS.get(key)
    if layer is None or layer.cell is not cell:
        layer = _LAYERS[key] = DynamicRNN(cell, backward=backward)
    return layer


def swap_batch_and_time(values: Any) -> Any:
    """From `(time, batch, features)` to `(batch, time, features)`."""
    values = state.check_inputs("dynamic_rnn", values, "(time, batch, features)")
    return ops.transpose(values, (1, 0, 2))
