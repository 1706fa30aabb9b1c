"""Zoneout: units that, now and then, keep yesterday's state."""

from typing import Any

import keras
from keras import ops

from zoo.cells import settings, state, step
from zoo.cells.cell_wrapper import CellWrapper
from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class ZoneoutWrapper(CellWrapper):
    """Zoneout on a cell's state (Krueger et al. 2016, arXiv:1606.01305).

    While training, every unit of the state keeps its previous value with probability z, drawn
    anew at every step: `s_t = d * s_{t-1} + (1 - d) * new_t` with `d ~ Bernoulli(z)`. Otherwise the
    expected value is taken: `s_t = z * s_{t-1} + (1 - z) * new_t`.

    Where the cell's output is one of its states, as the h of an LSTM or a GRU, the output is that
    state after zoneout, as in the paper. A wrapper that changes the output (dropout, residual,
    projection) therefore belongs outside of this one.

    Args:
        cell: The cell inside.
        rate: z, in [0, 1), for every part of the state; or one z for each part, in the structure
            of `cell.state_size`: `LSTMStateTuple(c=0.5, h=0.05)` are the paper's best values for
            characters of the Penn Treebank.
        seed: Makes the draws repeat from run to run.
        **kwargs: Keras's `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, features)`.
        states: The inner cell's.
        training: Whether to draw, or to take the expected value.

    Returns:
        `(output, next_states)`.

    Raises:
        InputError: For a rate outside [0, 1), or a structure of rates that is not the state's.

    Example:

    >>> cell = ZoneoutWrapper(BasicLSTMCell(4), LSTMStateTuple(c=0.5, h=0.05))
    >>> output, state = cell(np.ones((2, 3), "float32"), cell.zero_state(2), training=True)
    """

    def __init__(self, cell: Any, rate: Any, seed: int | None = None, **kwargs):
        super().__init__(cell, **kwargs)
        self.rate = rate
        self.seed = seed
        self._rates = self._rate_of_each_part()
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, states, training=None):
        output, new_states = step.call_cell(self.cell, inputs, states, training)
        mixed = []
        old_and_new = zip(state.leaves(states), state.leaves(new_states), strict=True)
        for z, (old, new) in zip(self._rates, old_and_new, strict=True):
            result = self._mix(old, new, z, training)
            if output is new:
                output = result
            mixed.append(result)
        return output, state.pack(self.state_size, mixed)

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}

    def _mix(self, old, new, z: float, training):
        if z == 0:
            return new
        if not training:
            return z * old + (1 - z) * new
        draw = keras.random.uniform(ops.shape(new), seed=self.seed_generator)
        return ops.where(draw < z, old, new)

    def _rate_of_each_part(self) -> tuple[float, ...]:
        sizes = list(state.leaves(self.cell.state_size))
        rates = list(state.leaves(self.rate)) if state.is_sequence(self.rate) else None
        if rates is None:
            rates = [self.rate] * len(sizes)
        if len(rates) != len(sizes):
            raise InputError(
                f"ZoneoutWrapper expects one rate, or one for each part of the state "
                f"{state.describe_size(self.cell.state_size)}; got {self.rate!r}"
            )
        return tuple(settings.rate("ZoneoutWrapper", "every rate", z) for z in rates)
