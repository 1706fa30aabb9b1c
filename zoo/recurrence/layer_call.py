"""What a recurrent layer is called with: checked where it is known, guarded in a graph."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.cells import state
from zoo.errors import InputError
from zoo.recurrence.sequence_length import check_sequence_length, dtype_name, wrong_lengths


class LayerCall(NamedTuple):
    """The arguments of one call.

    Attributes:
        sequences: `[batch, time, input]`.
        initial_state: None, or a list of `[batch, units]`.
        mask: None, or bool `[batch, time]`, true where a step counts.
        sequence_length: None, or integers `[batch]` from 0 to time.
    """

    sequences: Any
    initial_state: list | None
    mask: Any
    sequence_length: Any


class CheckedLayer:
    """A mixin for a recurrent Keras layer: its arguments fit each other, or it says what would.

    What is known of shapes, dtypes and values before anything runs raises `InputError`; in a graph
    the rest raises `tf.errors.InvalidArgumentError` when it runs, but for code compiled by XLA,
    which cannot check.
    """

    # Before Keras's own machinery: it fails at lists, and wraps messages in several lines.
    def __call__(
        self,
        sequences,
        initial_state=None,
        mask=None,
        training=None,
        sequence_length=None,
    ):
        given = self._check(sequences, initial_state, mask, sequence_length)
        return super().__call__(
            given.sequences,
            initial_state=given.initial_state,
            mask=given.mask,
            training=training,
            sequence_length=given.sequence_length,
        )

    def call(
        self,
        sequences: tf.Tensor,
        initial_state: Sequence[tf.Tensor] | None = None,
        mask: tf.Tensor | None = None,
        training: bool = False,
        sequence_length: tf.Tensor | None = None,
    ):
        """Runs the layer; `sequence_length` `[batch]` is the same as a right-padded mask."""
        given = self.checked(sequences, initial_state, mask, sequence_length)
        return super().call(
            given.sequences,
            initial_state=given.initial_state,
            mask=given.mask,
            training=training,
        )

    def checked(self, sequences, initial_state, mask, sequence_length) -> LayerCall:
        """For `call`: the arguments, lengths made part of the mask, guarded in a graph.

        It looks once more at what `__call__` saw: Keras's wrappers call `call`, and a mask that
        Keras attached to the inputs comes by neither way.
        """
        given = self._check(sequences, initial_state, mask, sequence_length)
        if not tf.executing_eagerly():
            given = _guarded(self._owner, given)
        return given._replace(mask=_joined(given), sequence_length=None)

    @property
    def state_widths(self) -> list[int]:
        """The width of each tensor of the state."""
        return list(state.leaves(self.cell.state_size))

    @property
    def _owner(self) -> str:
        return f"{type(self).__name__} {self.name!r}"

    def _check(self, sequences, initial_state, mask, sequence_length) -> LayerCall:
        owner = self._owner
        axes = "(batch, time, features)"
        sequences = state.check_inputs(owner, sequences, axes, self.compute_dtype)
        if initial_state is not None:
            rows = sequences.shape[0]
            initial_state = check_states(owner, self.state_widths, initial_state, rows)
        mask = check_mask(owner, mask, sequences.shape)
        sequence_length = check_sequence_length(owner, sequence_length, sequences.shape)
        return LayerCall(sequences, initial_state, mask, sequence_length)


class CheckedCall:
    """A mixin for a layer over cells of any kind: what its call is given fits, or `InputError`.

    A layer has `state_widths`, in the structure of its state. What only the run of a graph can tell
    is left to the layers inside.
    """

    # Before Keras's own machinery: it fails at lists, and at dropout of whole numbers.
    def __call__(self, inputs, sequence_length=None, initial_state=None, **kwargs):
        owner = f"{type(self).__name__} {self.name!r}"
        inputs = state.check_inputs(owner, inputs, "(batch, time, features)", self.compute_dtype)
        sequence_length = check_sequence_length(owner, sequence_length, inputs.shape)
        if initial_state is not None:
            rows = inputs.shape[0]
            initial_state = state.match(owner, self.state_widths, initial_state, rows)
        return super().__call__(
            inputs, sequence_length=sequence_length, initial_state=initial_state, **kwargs
        )


def check_states(owner: str, widths: Sequence[int], given: Any, rows: int | None) -> list:
    """Checks initial states and returns them as a list.

    Args:
        owner: Who asks, for the message.
        widths: The width of each tensor of the state.
        given: What was given: a list or tuple, or the one tensor of a state that has one.
        rows: The rows expected, where known.

    Raises:
        InputError: For another number of states, another shape, a dtype that is not floating, or
            an `LSTMStateTuple(c, h)`, which is the other way round.
    """
    widths = list(widths)
    _refuse_named(owner, given)
    parts = list(state.leaves(given))
    expected = ", ".join(f"({'batch' if rows is None else rows}, {width})" for width in widths)
    if len(parts) != len(widths):
        raise InputError(
            f"{owner} expects {len(widths)} initial state{'s' * (len(widths) > 1)}, {expected}; "
            f"got {len(parts)}"
        )
    return state.match(owner, widths, parts, rows)


def _refuse_named(owner: str, given: Any) -> None:
    """Refuses an `LSTMStateTuple(c, h)` at any depth: the layers' order is h, c."""
    state.refuse_swapped(owner, [], given)
    for part in given if state.is_sequence(given) else ():
        _refuse_named(owner, part)


def check_mask(owner: str, mask: Any, inputs_shape: Sequence) -> Any:
    """Checks a mask against `(batch, time, features)`; returns it as an array or tensor, or None.

    Raises:
        InputError: For another shape than `(batch, time)`, or a dtype that is not bool.
    """
    if mask is None:
        return None
    if isinstance(mask, (list, tuple)) and len(mask) == 1 and tf.is_tensor(mask[0]):
        (mask,) = mask  # Keras's form for a layer of one input.
    if not hasattr(mask, "shape"):
        mask = _array_of(owner, mask)
    batch, time = inputs_shape[0], inputs_shape[1]
    shape = tuple(mask.shape)
    pairs = zip(shape, (batch, time), strict=False)
    if len(shape) != 2 or any(None not in (a, b) and a != b for a, b in pairs):
        wanted = f"({'batch' if batch is None else batch}, {'time' if time is None else time})"
        raise InputError(f"{owner} expects a mask of shape {wanted}; got {shape}")
    if dtype_name(mask) != "bool":
        raise InputError(
            f"{owner} expects a mask of dtype bool, true where a step counts; got "
            f"{dtype_name(mask)}: give mask != 0"
        )
    return mask


def _array_of(owner: str, mask: Any) -> np.ndarray:
    try:
        return np.asarray(mask)
    except ValueError as error:
        raise InputError(
            f"{owner} expects a mask of shape (batch, time); got rows of different lengths"
        ) from error


def _guarded(owner: str, given: LayerCall) -> LayerCall:
    """Puts one assertion into the graph of all that only the run can tell, if there is any."""
    sequences, states, mask, lengths = given
    conditions, shown = [], []
    size = tf.shape(sequences)
    if mask is not None:
        mask = tf.convert_to_tensor(mask)
        if None in (*mask.shape, *sequences.shape[:2]):
            conditions.append(tf.reduce_all(tf.shape(mask) == size[:2]))
            shown += ["mask", tf.shape(mask)]
    if lengths is not None:
        lengths = tf.cast(lengths, tf.int32)
        if lengths.shape[0] is None or sequences.shape[0] is None:
            conditions.append(tf.size(lengths) == size[0])
        if not _known_to_fit(lengths, sequences.shape[1]):
            conditions.append(~wrong_lengths(lengths, size[1]))
        shown += ["lengths", lengths]
    for each in states or ():
        if each.shape[0] is None or sequences.shape[0] is None:
            conditions.append(tf.shape(each)[0] == size[0])
            shown += ["a state of shape", tf.shape(each)]
    if not conditions:
        return given._replace(mask=mask, sequence_length=lengths)
    right = conditions[0] if len(conditions) == 1 else tf.reduce_all(tf.stack(conditions))
    said = (
        f"{owner} expects a mask of shape (batch, time), lengths from 0 to time, one a row, and "
        "states of batch rows; got (batch, time):"
    )
    # The data is whole numbers and words: of these TensorFlow makes a single op.
    with tf.control_dependencies(
        [tf.debugging.Assert(right, [said, size[:2], *shown], summarize=16)]
    ):
        return LayerCall(
            sequences,
            states and [tf.identity(each) for each in states],
            None if mask is None else tf.identity(mask),
            None if lengths is None else tf.identity(lengths),
        )


def _known_to_fit(lengths: tf.Tensor, time: int | None) -> bool:
    """Whether lengths are constants of the graph that were checked already."""
    values = tf.get_static_value(lengths)
    return values is not None and time is not None and np.all((values >= 0) & (values <= time))


def _joined(given: LayerCall) -> Any:
    """The mask `[batch, time]` of the mask and the lengths together, or None."""
    if given.sequence_length is None:
        return given.mask
    valid = tf.sequence_mask(given.sequence_length, tf.shape(given.sequences)[1])
    return valid if given.mask is None else tf.logical_and(valid, given.mask)
