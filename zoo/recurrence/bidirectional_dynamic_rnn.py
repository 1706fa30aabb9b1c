"""Two cells over time, one from each end."""

from typing import Any

from keras import ops

from zoo.errors import InputError
from zoo.recurrence.dynamic_rnn import layer_for, swap_batch_and_time
from zoo.recurrence.tf1_arguments import check_tf1_arguments


def bidirectional_dynamic_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: str | None = None,
    *,
    training: bool | None = None,
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Runs one cell forwards and another backwards, as TensorFlow's function of this name did.

    The positional order is TensorFlow 1's.

    After Schuster and Paliwal 1997. The backward cell starts at each row's last real step, so
    padding never comes first; its outputs are put back into the order of the inputs, and its state
    is the one after the row's first step.

    Args:
        cell_fw: The cell that reads forwards.
        cell_bw: The cell that reads backwards; another object.
        inputs: `(batch, time, features)`; real tensors or the functional API's symbolic ones.
        sequence_length: `(batch,)` integers from 0 to time; None means every row is full.
        initial_state_fw: A state of `cell_fw`; its own first state where None.
        initial_state_bw: A state of `cell_bw`; its own first state where None.
        dtype, parallel_iterations, swap_memory, scope: See `dynamic_rnn`.
        time_major: Whether inputs and outputs are `(time, batch, ...)`.
        training: Handed on to both cells.

    Returns:
        `((outputs_fw, outputs_bw), (state_fw, state_bw))`. Outputs are `(batch, time,
        output_size)` each, zero past a row's length; join them with
        `keras.ops.concatenate(outputs, axis=-1)`.

    Raises:
        InputError: For one cell in both directions, and as `dynamic_rnn`.

    Example:

    >>> forward, backward = zoo.cells.GRUCell(4), zoo.cells.GRUCell(4)
    >>> outputs, states = bidirectional_dynamic_rnn(
    ...     forward, backward, np.ones((2, 5, 3), "float32"), [5, 2])
    >>> tuple(ops.concatenate(outputs, axis=-1).shape)
    (2, 5, 8)
    """
    if cell_fw is cell_bw:
        name = type(cell_fw).__name__
        raise InputError(
            f"bidirectional_dynamic_rnn got the same {name} object for both directions, which "
            f"would share its weights: make two, {name}(...) and {name}(...)"
        )
    check_tf1_arguments(
        "bidirectional_dynamic_rnn",
        (cell_fw, cell_bw),
        dtype,
        parallel_iterations,
        swap_memory,
        time_major,
        scope,
    )
    if time_major:
        inputs = swap_batch_and_time(inputs)
    directions = ((cell_fw, initial_state_fw, False), (cell_bw, initial_state_bw, True))
    (outputs_fw, state_fw), (outputs_bw, state_bw) = [
        layer_for(cell, backward)(inputs, sequence_length, initial_state, training=training)
        for cell, initial_state, backward in directions
    ]
    if time_major:
        outputs_fw = ops.transpose(outputs_fw, (1, 0, 2))
        outputs_bw = ops.transpose(outputs_bw, (1, 0, 2))
    return (outputs_fw, outputs_bw), (state_fw, state_bw)
