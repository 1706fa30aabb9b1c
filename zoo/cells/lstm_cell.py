"""The full LSTM cell, as TensorFlow had it: peepholes, clipping, projection."""

from typing import Any

import keras
from keras import ops

from zoo.cells import settings
from zoo.cells.basic_lstm_cell import warn_of_concatenated_state
from zoo.cells.lstm_state_tuple import LSTMStateTuple
from zoo.cells.rnn_cell import RNNCell
from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class LSTMCell(RNNCell):
    """An LSTM with optional peepholes, clipping and projection, TensorFlow's `LSTMCell`.

    After Sak, Senior and Beaufays 2014 (Interspeech), with `i, j, f, o = split([x_t, h_{t-1}]
    kernel + bias)`, in this order::

        c_t = sigmoid(f + forget_bias + w_f * c_{t-1}) * c_{t-1}
              + sigmoid(i + w_i * c_{t-1}) * activation(j)            clipped to cell_clip
        m_t = sigmoid(o + w_o * c_t) * activation(c_t)
        h_t = m_t projection_kernel                                   clipped to proj_clip

    The `w` terms are the peepholes, one weight a unit; without a projection `h_t` is `m_t`. The
    output is `h_t`. Note that the output gate looks at the new, clipped cell state.

    Args:
        num_units: The size of `c`.
        use_peepholes: Whether the gates see the cell state.
        cell_clip: Bound for every entry of `c`; None does not clip.
        initializer: How `kernel`, the peepholes `w_f_diag`, `w_i_diag`, `w_o_diag` and
            `projection_kernel` start; None is Glorot's uniform.
        num_proj: The size of `h` where it is a projection; None does not project.
        proj_clip: Bound for every entry of a projected `h`; None does not clip.
        num_unit_shards, num_proj_shards: Parts into which TensorFlow 1 cut a weight's storage. None
            and 1 are ignored, others refused: a weight is one variable.
        forget_bias: Added to the forget gate at every step; it is not part of `bias`.
        state_is_tuple: False joins the state, `(batch, num_units + size of h)`, c before h. It is
            deprecated and kept for old code.
        activation: A Keras activation; None is tanh, as in TensorFlow.
        reuse: What TensorFlow 1 had for sharing weights by name. None and False are ignored;
            anything else is refused: give the same cell object instead.
        name: The name of the cell.
        dtype: Keras's dtype or dtype policy: "float32", "mixed_float16".
        bias_initializer: How `bias` starts.
        **kwargs: Keras's `trainable`.

    Call arguments:
        inputs: `(batch, features)`.
        states: `LSTMStateTuple(c, h)`: `(batch, num_units)` and `(batch, num_proj or num_units)`.

    Returns:
        `(h, LSTMStateTuple(c, h))`.

    Raises:
        InputError: For sizes or bounds that are not positive; `proj_clip` without `num_proj`; for
            inputs or states of another shape, structure or dtype.

    Example:

    >>> LSTMCell(8, num_proj=3, use_peepholes=True).state_size
    LSTMStateTuple(c=8, h=3)
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer=None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int | None = None,
        num_proj_shards: int | None = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation=None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
        *,
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(name=name, dtype=dtype, **kwargs)
        owner = type(self).__name__
        settings.no_reuse(owner, reuse)
        settings.no_shards(owner, "num_unit_shards", num_unit_shards)
        settings.no_shards(owner, "num_proj_shards", num_proj_shards)
        self.num_units = settings.positive_integer(owner, "num_units", num_units)
        self.use_peepholes = use_peepholes
        self.cell_clip = settings.positive_number(owner, "cell_clip", cell_clip)
        if num_proj is not None:
            num_proj = settings.positive_integer(owner, "num_proj", num_proj)
        self.num_proj = num_proj
        self.proj_clip = settings.positive_number(owner, "proj_clip", proj_clip)
        if num_proj is None and proj_clip is not None:
            raise InputError(f"{owner} has proj_clip={proj_clip} but no num_proj to clip")
        self.forget_bias = float(forget_bias)
        self.state_is_tuple = state_is_tuple
        self.activation = keras.activations.get(activation or "tanh")
        self.initializer = keras.initializers.get(initializer or "glorot_uniform")
        self.bias_initializer = keras.initializers.get(bias_initializer)
        if not state_is_tuple:
            warn_of_concatenated_state(owner)

    @property
    def state_size(self) -> Any:
        size = LSTMStateTuple(self.num_units, self.output_size)
        return size if self.state_is_tuple else sum(size)

    @property
    def output_size(self) -> int:
        return self.num_proj or self.num_units

    def build(self, input_shape):
        features, units = self.keep_input_features(input_shape), self.num_units
        self.kernel = self._add_matrix("kernel", (features + self.output_size, 4 * units))
        self.bias = self.add_weight(
            name="bias", shape=(4 * units,), initializer=self.bias_initializer
        )
        if self.use_peepholes:
            self.w_f_diag = self._add_matrix("w_f_diag", (units,))
            self.w_i_diag = self._add_matrix("w_i_diag", (units,))
            self.w_o_diag = self._add_matrix("w_o_diag", (units,))
        if self.num_proj:
            self.projection_kernel = self._add_matrix("projection_kernel", (units, self.num_proj))

    def call(self, inputs, states, training=None):
        c, h = states if self.state_is_tuple else ops.split(states, [self.num_units], axis=1)
        joined = ops.concatenate([inputs, h], axis=1)
        i, j, f, o = ops.split(ops.matmul(joined, self.kernel) + self.bias, 4, axis=1)
        if self.use_peepholes:
            i = i + self.w_i_diag * c
            f = f + self.w_f_diag * c
        c = ops.sigmoid(f + self.forget_bias) * c + ops.sigmoid(i) * self.activation(j)
        if self.cell_clip:
            c = ops.clip(c, -self.cell_clip, self.cell_clip)
        if self.use_peepholes:
            o = o + self.w_o_diag * c
        h = ops.sigmoid(o) * self.activation(c)
        if self.num_proj:
            h = ops.matmul(h, self.projection_kernel)
            if self.proj_clip:
                h = ops.clip(h, -self.proj_clip, self.proj_clip)
        return h, LSTMStateTuple(c, h) if self.state_is_tuple else ops.concatenate([c, h], axis=1)

    def get_config(self):
        return {
            **super().get_config(),
            "num_units": self.num_units,
            "use_peepholes": self.use_peepholes,
            "cell_clip": self.cell_clip,
            "num_proj": self.num_proj,
            "proj_clip": self.proj_clip,
            "forget_bias": self.forget_bias,
            "state_is_tuple": self.state_is_tuple,
            "activation": keras.activations.serialize(self.activation),
            "initializer": keras.initializers.serialize(self.initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }

    def _add_matrix(self, name, shape):
        return self.add_weight(name=name, shape=shape, initializer=self.initializer.clone())
