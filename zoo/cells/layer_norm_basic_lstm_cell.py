"""An LSTM cell with layer normalisation and recurrent dropout, as TensorFlow's contrib had it."""

import keras
from keras import ops

from zoo.cells import settings
from zoo.cells.lstm_state_tuple import LSTMStateTuple
from zoo.cells.rnn_cell import RNNCell

# What tf.contrib.layers.layer_norm added to the variance.
VARIANCE_EPSILON = 1e-12

_NORMALISED = ("input", "transform", "forget", "output", "state")


@keras.saving.register_keras_serializable(package="zoo")
class LayerNormBasicLSTMCell(RNNCell):
    """`tf.contrib.rnn.LayerNormBasicLSTMCell`.

    Layer normalisation is that of Ba, Kiros and Hinton 2016 (arXiv:1607.06450), recurrent dropout
    that of Semeniuta, Severyn and Barth 2016 (arXiv:1603.05118), which drops only what is new and
    so never what is remembered. With `i, j, f, o = split([x_t, h_{t-1}] kernel)` and `N` a
    normalisation over the units, with a gain and a shift of its own each time::

        g   = dropout(activation(N(j)))                      a new mask at every step
        c_t = N(sigmoid(N(f) + forget_bias) * c_{t-1} + sigmoid(N(i)) * g)
        h_t = sigmoid(N(o)) * activation(c_t)

    Without `layer_norm`, N is left out and the gates have a bias instead. Statistics are taken in
    float32 or better, whatever the compute dtype.

    Args:
        num_units: The size of `c` and `h`.
        forget_bias: Added to the forget gate at every step.
        input_size: The number of input features, which TensorFlow 1 had here and did not read. It
            is ignored.
        activation: A Keras activation; None is tanh.
        layer_norm: Whether to normalise.
        norm_gain: Where the gains start.
        norm_shift: Where the shifts start.
        dropout_keep_prob: The share of `g` that is kept while training.
        dropout_prob_seed: Makes the masks repeat from run to run.
        reuse: What TensorFlow 1 had for sharing weights by name. None and False are ignored;
            anything else is refused: give the same cell object instead.
        kernel_initializer: How `kernel`, `(features + num_units, 4 * num_units)`, starts.
        **kwargs: Keras's `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, features)`.
        states: `LSTMStateTuple(c, h)`, each `(batch, num_units)`.
        training: Whether to drop.

    Returns:
        `(h, LSTMStateTuple(c, h))`.

    Raises:
        InputError: For a `num_units` that is not a positive integer, a `dropout_keep_prob` outside
            (0, 1]; for inputs or states of another shape, structure or dtype.

    Example:

    >>> cell = LayerNormBasicLSTMCell(4, dropout_keep_prob=0.9)
    >>> output, state = cell(np.ones((2, 3), "float32"), cell.zero_state(2), training=True)
    >>> tuple(output.shape)
    (2, 4)
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        input_size: int | None = None,
        activation=None,
        layer_norm: bool = True,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        dropout_keep_prob: float = 1.0,
        dropout_prob_seed: int | None = None,
        reuse: bool | None = None,
        *,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        owner = type(self).__name__
        settings.ignored_size(owner, "input_size", input_size)
        settings.no_reuse(owner, reuse)
        self.num_units = settings.positive_integer(owner, "num_units", num_units)
        self.forget_bias = float(forget_bias)
        self.activation = keras.activations.get(activation or "tanh")
        self.layer_norm = layer_norm
        self.norm_gain = float(norm_gain)
        self.norm_shift = float(norm_shift)
        self.dropout_keep_prob = settings.keep_probability(
            owner, "dropout_keep_prob", dropout_keep_prob
        )
        self.dropout_prob_seed = dropout_prob_seed
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        if self.dropout_keep_prob < 1:
            self.seed_generator = keras.random.SeedGenerator(dropout_prob_seed)

    @property
    def state_size(self) -> LSTMStateTuple:
        return LSTMStateTuple(self.num_units, self.num_units)

    @property
    def output_size(self) -> int:
        return self.num_units

    def build(self, input_shape):
        features, units = self.keep_input_features(input_shape), self.num_units
        self.kernel = self.add_weight(
            name="kernel", shape=(features + units, 4 * units), initializer=self.kernel_initializer
        )
        if not self.layer_norm:
            self.bias = self.add_weight(name="bias", shape=(4 * units,), initializer="zeros")
            return
        gain = keras.initializers.Constant(self.norm_gain)
        shift = keras.initializers.Constant(self.norm_shift)
        for part in _NORMALISED:
            for name, start in ((f"{part}_gamma", gain), (f"{part}_beta", shift)):
                setattr(self, name, self.add_weight(name=name, shape=(units,), initializer=start))

    def call(self, inputs, states, training=None):
        c, h = states
        joined = ops.matmul(ops.concatenate([inputs, h], axis=1), self.kernel)
        if not self.layer_norm:
            joined = joined + self.bias
        i, j, f, o = ops.split(joined, 4, axis=1)
        g = self.activation(self._normalise(j, "transform"))
        if training and self.dropout_keep_prob < 1:
            g = keras.random.dropout(g, 1 - self.dropout_keep_prob, seed=self.seed_generator)
        kept = ops.sigmoid(self._normalise(f, "forget") + self.forget_bias) * c
        c = self._normalise(kept + ops.sigmoid(self._normalise(i, "input")) * g, "state")
        h = ops.sigmoid(self._normalise(o, "output")) * self.activation(c)
        return h, LSTMStateTuple(c, h)

    def get_config(self):
        return {
            **super().get_config(),
            "num_units": self.num_units,
            "forget_bias": self.forget_bias,
            "activation": keras.activations.serialize(self.activation),
            "layer_norm": self.layer_norm,
            "norm_gain": self.norm_gain,
            "norm_shift": self.norm_shift,
            "dropout_keep_prob": self.dropout_keep_prob,
            "dropout_prob_seed": self.dropout_prob_seed,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

    def _normalise(self, value, part: str):
        if not self.layer_norm:
            return value
        wide = ops.cast(value, keras.backend.result_type(value.dtype, "float32"))
        mean = ops.mean(wide, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(wide - mean), axis=-1, keepdims=True)
        wide = (wide - mean) * ops.rsqrt(variance + VARIANCE_EPSILON)
        gamma, beta = getattr(self, f"{part}_gamma"), getattr(self, f"{part}_beta")
        return ops.cast(wide, value.dtype) * gamma + beta
