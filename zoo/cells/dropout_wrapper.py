"""Dropout on what goes into a cell, comes out of it, and is carried on."""

import threading
from typing import Any

import keras
from keras import ops

from zoo.cells import settings, state, step
from zoo.cells.cell_wrapper import CellWrapper
from zoo.cells.lstm_state_tuple import LSTMStateTuple
from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class DropoutWrapper(CellWrapper):
    """Input, output and state dropout around a cell, TensorFlow's `DropoutWrapper`.

    What is kept is divided by its probability, so nothing changes at inference. With
    `variational_recurrent` the masks are drawn once for a sequence and are the same at every step
    (Gal and Ghahramani 2015, arXiv:1512.05287); without, anew at every step. State dropout acts on
    the next state; the `c` of an `LSTMStateTuple` is never dropped, as in TensorFlow.

    Two differences to TensorFlow, both for the better: it acts only while `training`, and every
    row of a batch has a mask of its own where TensorFlow's variational masks were one for all.

    `zoo.recurrence.dynamic_rnn` and `keras.layers.RNN` say where a sequence begins and ends. In a
    loop written by hand `zoo.cells.one_sequence` says it; without it every call draws anew.

    Args:
        cell: The cell inside.
        input_keep_prob: The share of the input that is kept, in (0, 1].
        output_keep_prob: The share of the output that is kept.
        state_keep_prob: The share of the next state that is kept.
        variational_recurrent: Whether the masks stay fixed over time.
        input_size: The number of input features, which TensorFlow 1 wanted for variational masks.
            It is ignored: the inputs say it.
        dtype: Keras's dtype or dtype policy; the inner cell's where None.
        seed: Makes the masks repeat from run to run.
        dropout_state_filter_visitor: A choice of TensorFlow 1, refused where it is not None.
        **kwargs: Keras's `name`, `trainable`.

    Call arguments:
        inputs: `(batch, features)`.
        states: The inner cell's.
        training: Whether to drop.

    Returns:
        `(output, next_states)`.

    Raises:
        InputError: For a probability outside (0, 1], or a `dropout_state_filter_visitor`.

    Example:

    >>> cell = DropoutWrapper(BasicRNNCell(4), output_keep_prob=0.8)
    >>> output, state = cell(np.ones((2, 3), "float32"), cell.zero_state(2), training=True)
    """

    def __init__(
        self,
        cell: Any,
        input_keep_prob: float = 1.0,
        output_keep_prob: float = 1.0,
        state_keep_prob: float = 1.0,
        variational_recurrent: bool = False,
        input_size: int | None = None,
        dtype: Any = None,
        seed: int | None = None,
        dropout_state_filter_visitor: None = None,
        **kwargs,
    ):
        if dtype is not None:
            kwargs["dtype"] = dtype
        super().__init__(cell, **kwargs)
        settings.ignored_size("DropoutWrapper", "input_size", input_size)
        if dropout_state_filter_visitor is not None:
            raise InputError(
                "DropoutWrapper has no dropout_state_filter_visitor: every part of a state but the "
                "c of an LSTMStateTuple is dropped, by state_keep_prob; leave it out"
            )
        keep = settings.keep_probability
        self.input_keep_prob = keep("DropoutWrapper", "input_keep_prob", input_keep_prob)
        self.output_keep_prob = keep("DropoutWrapper", "output_keep_prob", output_keep_prob)
        self.state_keep_prob = keep("DropoutWrapper", "state_keep_prob", state_keep_prob)
        self.variational_recurrent = variational_recurrent
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._masks = _FixedMasks()

    def begin_sequence(self, batch_size: Any, input_size: int) -> None:
        super().begin_sequence(batch_size, input_size)
        if self.variational_recurrent:
            self._masks.hold(self._draw(batch_size, input_size))

    def end_sequence(self) -> None:
        super().end_sequence()
        self._masks.drop()

    def call(self, inputs, states, training=None):
        if not training:
            return step.call_cell(self.cell, inputs, states, training)
        masks = self._masks.held or self._draw(ops.shape(inputs)[0], inputs.shape[-1])
        inputs = _apply(masks["input"], inputs)
        output, next_states = step.call_cell(self.cell, inputs, states, training)
        parts = zip(masks["state"], state.leaves(next_states), strict=True)
        next_states = state.pack(self.state_size, [_apply(mask, part) for mask, part in parts])
        return _apply(masks["output"], output), next_states

    def get_config(self):
        return {
            **super().get_config(),
            "input_keep_prob": self.input_keep_prob,
            "output_keep_prob": self.output_keep_prob,
            "state_keep_prob": self.state_keep_prob,
            "variational_recurrent": self.variational_recurrent,
            "seed": self.seed,
        }

    def _draw(self, batch_size: Any, input_size: int) -> dict[str, Any]:
        def mask(size, keep_prob):
            if keep_prob == 1:
                return None
            ones = ops.ones((batch_size, size), dtype=self.compute_dtype)
            return keras.random.dropout(ones, 1 - keep_prob, seed=self.seed_generator)

        droppable = state.leaves(_may_drop(self.state_size))
        sizes = state.leaves(self.state_size)
        return {
            "input": mask(input_size, self.input_keep_prob),
            "output": mask(self.output_size, self.output_keep_prob),
            "state": [
                mask(size, self.state_keep_prob if may_drop else 1)
                for size, may_drop in zip(sizes, droppable, strict=True)
            ],
        }


class _FixedMasks(threading.local):
    """Holds masks between two steps; no part of the layer, so that Keras does not track them.

    Under a distribution strategy every replica runs the same layer in a thread of its own.
    """

    def __init__(self):
        self.held: dict[str, Any] | None = None

    def hold(self, masks: dict[str, Any]) -> None:
        self.held = masks

    def drop(self) -> None:
        self.held = None


def _apply(mask, value):
    return value if mask is None else value * mask


def _may_drop(state_size: Any) -> Any:
    if isinstance(state_size, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    if state.is_sequence(state_size):
        return [_may_drop(part) for part in state_size]
    return True
