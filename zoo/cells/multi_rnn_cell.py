"""Several cells, one above the other, as one cell."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
from keras import ops

from zoo.cells import state, step
from zoo.cells.basic_lstm_cell import warn_of_concatenated_state
from zoo.cells.rnn_cell import RNNCell
from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class MultiRNNCell(RNNCell):
    """A stack: each cell's output is the next cell's input, TensorFlow's `MultiRNNCell`.

    `state_size` is the tuple of the cells' state sizes: three cells of 128 units have `(128, 128,
    128)`, which is three states of size 128, not one of 128 x 128 x 128.

    Args:
        cells: The cells from the input upwards; zoo cells, Keras cells and wrapped ones may mix.
            Each must be an object of its own: `[cell] * 3` is one cell three times.
        state_is_tuple: False joins the states into one tensor, for cells whose own states are
            single tensors. It is deprecated and kept for old code.
        **kwargs: Keras's `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, features)`.
        states: A tuple with one state for each cell, each in its cell's own structure.
        training: Handed on to every cell.

    Returns:
        The output of the last cell, and the tuple of next states.

    Raises:
        InputError: For no cells, something that is not a cell, or one cell at two depths; for
            inputs or states of another shape, structure or dtype.

    Example:

    >>> cell = MultiRNNCell([BasicLSTMCell(8), BasicRNNCell(4)])
    >>> cell.state_size
    (LSTMStateTuple(c=8, h=8), 4)
    """

    def __init__(self, cells: Sequence, state_is_tuple: bool = True, **kwargs):
        if not state.is_sequence(cells) or not cells:
            raise InputError(f"MultiRNNCell expects a list of at least one cell; got {cells!r}")
        for cell in cells:
            step.check_cell("MultiRNNCell", cell)
        _refuse_one_cell_twice(cells)
        kwargs.setdefault("dtype", getattr(cells[0], "dtype_policy", None))
        super().__init__(**kwargs)
        self.cells = list(cells)
        self.state_is_tuple = state_is_tuple
        if not state_is_tuple:
            sizes = tuple(cell.state_size for cell in cells)
            if any(state.is_sequence(size) for size in sizes):
                raise InputError(
                    "MultiRNNCell(state_is_tuple=False) expects cells whose states are single "
                    f"tensors; got the state sizes {sizes}"
                )
            warn_of_concatenated_state("MultiRNNCell")

    @property
    def state_size(self) -> Any:
        sizes = tuple(cell.state_size for cell in self.cells)
        return sizes if self.state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> int:
        return step.output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None, dtype: str | None = None) -> Any:
        """The cells' own first states; zeros where a dtype is asked for."""
        if dtype is not None or not self.state_is_tuple:
            return self.zero_state(batch_size, dtype)
        return tuple(step.initial_state(cell, batch_size) for cell in self.cells)

    def build(self, input_shape):
        batch, features = input_shape[0], self.keep_input_features(input_shape)
        for cell, size in self._with_input_sizes(features):
            step.build_cell(cell, (batch, size))

    def call(self, inputs, states, training=None):
        if not self.state_is_tuple:
            ends = [sum(c.state_size for c in self.cells[:n]) for n in range(1, len(self.cells))]
            states = ops.split(states, ends, axis=1)
        next_states = []
        for cell, cell_state in zip(self.cells, states, strict=True):
            inputs, cell_state = step.call_cell(cell, inputs, cell_state, training)
            next_states.append(cell_state)
        if self.state_is_tuple:
            return inputs, tuple(next_states)
        return inputs, ops.concatenate(next_states, axis=1)

    def begin_sequence(self, batch_size: Any, input_size: int) -> None:
        for cell, size in self._with_input_sizes(input_size):
            step.begin(cell, batch_size, size)

    def end_sequence(self) -> None:
        for cell in self.cells:
            step.end(cell)

    def get_config(self):
        return {
            **super().get_config(),
            "cells": [keras.saving.serialize_keras_object(cell) for cell in self.cells],
            "state_is_tuple": self.state_is_tuple,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        cells = [
            keras.saving.deserialize_keras_object(cell, custom_objects=custom_objects)
            for cell in config["cells"]
        ]
        return cls(**{**config, "cells": cells})

    def _with_input_sizes(self, features: int) -> Iterator[tuple[Any, int]]:
        for cell in self.cells:
            yield cell, features
            features = step.output_size(cell)


def _refuse_one_cell_twice(cells: Sequence) -> None:
    depth_of: dict[int, int] = {}
    for depth, cell in enumerate(cells):
        for part in parts(cell):
            first = depth_of.setdefault(id(part), depth)
            if first != depth:
                name = type(part).__name__
                raise InputError(
                    f"MultiRNNCell got the same {name} object at depths {first} and {depth}, which "
                    f"would share its weights: make one cell for each depth, "
                    f"[{name}(...) for _ in range({len(cells)})] and not [cell] * {len(cells)}"
                )


def parts(cell: Any) -> Iterator[Any]:
    """Walks a cell and the cells inside it."""
    yield cell
    inner = [cell.cell] if hasattr(cell, "cell") else getattr(cell, "cells", [])
    for part in inner:
        yield from parts(part)
