"""The state of an LSTM, by name."""

from typing import Any, NamedTuple


class LSTMStateTuple(NamedTuple):
    """The pair `(c, h)` that an LSTM carries from step to step, in TensorFlow's order.

    As a state it holds two tensors, as a `state_size` two integers. Keras's own LSTM carries
    `[h, c]`, the other way round: convert by name, never by position.

    Args:
        c: The cell state, `(batch, num_units)`.
        h: The hidden state, which is also the output, `(batch, num_units)`, or
            `(batch, num_proj)` where the cell projects.

    Example:

    >>> LSTMStateTuple(c=4, h=2)
    LSTMStateTuple(c=4, h=2)
    """

    c: Any
    h: Any

    @property
    def dtype(self):
        """The dtype that both parts share; `TypeError` where they differ, as in TensorFlow."""
        if self.c.dtype != self.h.dtype:
            raise TypeError(f"c has dtype {self.c.dtype} and h has dtype {self.h.dtype}")
        return self.c.dtype
