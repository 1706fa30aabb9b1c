"""The network without time: a transform of one vector."""

from collections.abc import Sequence

import keras

from zoo.checks import check_counts, check_share
from zoo.errors import InputError
from zoo.topologies.registry import builder


@builder("perceptron")
def perceptron(
    num_features: int,
    num_outputs: int,
    activation: str = "softmax",
    hidden_units: Sequence[int] = (),
    hidden_activation: str = "tanh",
    dropout: float = 0.0,
) -> keras.Model:
    """Builds the single-layer network y = f(W x + b), or one with hidden layers.

    Args:
        num_features: Width of x.
        num_outputs: Width of y.
        activation: f, a Keras activation's name; "linear" leaves W x + b.
        hidden_units: Widths of layers before it; none by default.
        hidden_activation: activation of those.
        dropout: Share dropped after each hidden layer, in training.

    Returns:
        A functional model. Input: `features` float [B, num_features]. Outputs: `logits`
        [B, num_outputs], which is W x + b, and `output`, f of it.

    Raises:
        InputError: an unknown activation, or numbers that do not fit.

    Example:

    >>> perceptron(3, 2)({"features": np.zeros([1, 3])})["output"].numpy().tolist()
    [[0.5, 0.5]]
    """
    check_counts(num_features=num_features, num_outputs=num_outputs)
    check_share("dropout", dropout)
    _check_activation("activation", activation)
    _check_activation("hidden_activation", hidden_activation)
    features = keras.Input([num_features], name="features")
    hidden = features
    for index, width in enumerate(hidden_units):
        check_counts(**{f"hidden_units[{index}]": width})
        hidden = keras.layers.Dense(width, hidden_activation, name=f"hidden_{index}")(hidden)
        hidden = keras.layers.Dropout(dropout, name=f"dropout_{index}")(hidden)
    logits = keras.layers.Dense(num_outputs, name="output_projection")(hidden)
    output = keras.layers.Activation(activation, name="activation")(logits)
    outputs = {"logits": logits, "output": output}
    return keras.Model({"features": features}, outputs, name="perceptron")


def _check_activation(setting, name):
    try:
        known = isinstance(name, str) and callable(keras.activations.get(name))
    except ValueError:
        known = False
    if not known:
        raise InputError(
            f"{setting} is {name!r}; expected a Keras activation: linear, softmax, sigmoid, tanh, "
            "relu and others"
        )
