"""N to 1 and N to M over numbers: the next values of a series."""

from typing import Any

import keras

from zoo.checks import check_choice, check_counts, check_share
from zoo.errors import InputError
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.bridge import Bridge
from zoo.topologies.cell_places import share_out
from zoo.topologies.registry import builder

FORMS = ("n_to_one", "n_to_m")


@builder("forecast")
def forecast(
    num_features: int,
    window: int,
    horizon: int,
    num_future: int = 0,
    units: int = 64,
    cell: Any = "lstm",
    num_layers: int = 1,
    form: str = "n_to_one",
    rows_per_step: int = 1,
    linear: bool = True,
    dropout: float = 0.0,
) -> keras.Model:
    """Builds y = last value + linear model + recurrent network, for each of the next M rows.

        y_k = x_N,0 + A_k [x_1 ... x_N ; f_1 ... f_M] + n_k
        n_to_one    n = V tanh(W h_N + b) + c: all horizons at once from the last h
        n_to_m      n_k = v s_k + c, s_k = cell([f_k ; h_N], s_{k-1}): a decoder, a step a horizon

    The network learns what a linear forecast leaves over (Lai et al. 2018, "Modeling long- and
    short-term temporal patterns with deep neural networks", has such a linear part), and both learn
    the change against the last value. At the start A is zero, and V and v are small: a linear model
    that is put in A is where training begins. The decoder reads what is known of
    the future and not its own forecasts, so that no error is handed from step to step.

    Args:
        num_features: Numbers a row of the past; the first is the series itself.
        window: N, rows of the past.
        horizon: M, rows to forecast.
        num_future: Numbers a row that are known of the future: an hour, a month. Defaults to 0.
        units: Width of a cell, and of the hidden layer of "n_to_one".
        cell: A cell's registered name, or a list with a cell object for each layer and direction:
            the encoder's, then the decoder's.
        num_layers: Recurrent layers, of the encoder and of the decoder.
        form: "n_to_one" or "n_to_m".
        rows_per_step: Rows that the recurrence reads at a time, such as the months of a year: N /
            rows_per_step steps. Defaults to 1.
        linear: Whether there is the linear part. Defaults to True.
        dropout: Share dropped of each layer's input and of what the forecast is read from, in
            training.

    Returns:
        A functional model. Inputs: `past` float [B, N, num_features] and, with num_future,
        `future` float [B, M, num_future]. Output: `forecast` [B, M]. Its layer "linear" is A.

    Raises:
        InputError: an unknown cell or form, or numbers that do not fit.

    Example:

    >>> model = forecast(num_features=3, window=6, horizon=4, num_future=2, units=8, form="n_to_m")
    >>> model({"past": np.ones([2, 6, 3]), "future": np.ones([2, 4, 2])})["forecast"].shape
    TensorShape([2, 4])
    """
    check_counts(num_features=num_features, window=window, horizon=horizon, units=units)
    check_counts(num_layers=num_layers, rows_per_step=rows_per_step)
    check_choice("form", form, FORMS)
    check_share("dropout", dropout)
    if num_future:
        check_counts(num_future=num_future)
    if window % rows_per_step:
        raise InputError(
            f"rows_per_step is {rows_per_step}; expected a divisor of the window, {window}"
        )
    inputs = {"past": keras.Input([window, num_features], name="past")}
    known = []
    if num_future:
        inputs["future"] = keras.Input([horizon, num_future], name="future")
        known = [inputs["future"]]
    places = {"encoder": num_layers, **({"decoder": num_layers} if form == "n_to_m" else {})}
    cells = share_out(cell, **places)
    stack = {"cell": cells["encoder"], "units": units, "num_layers": num_layers, "dropout": dropout}
    steps = [window // rows_per_step, rows_per_step * num_features]
    encoder = RecurrentStack(**stack, name="recurrence")
    hidden, states = encoder(keras.layers.Reshape(steps, name="steps")(inputs["past"]))
    parts = [
        inputs["past"][:, -1, :1],
        _network(
            form, hidden[:, -1], states, known, horizon, {**stack, "cell": cells.get("decoder")}
        ),
    ]
    if linear:
        everything = [keras.layers.Flatten()(tensor) for tensor in inputs.values()]
        joined = keras.layers.Concatenate()(everything) if known else everything[0]
        dense = keras.layers.Dense(horizon, kernel_initializer="zeros", name="linear")
        parts.append(dense(joined))
    return keras.Model(inputs, {"forecast": sum(parts[1:], parts[0])}, name="forecast")


def _network(form: str, last, states, known: list, horizon: int, stack: dict):
    """The recurrent part of the forecasts, [B, M]."""
    dropped = keras.layers.Dropout(stack["dropout"], name="dropout")
    if form == "n_to_one":
        mixed = keras.layers.Dense(stack["units"], "tanh", name="transform")(last)
        return _projection(horizon)(dropped(mixed))
    decoder = RecurrentStack(**stack, name="decoder")
    context = keras.layers.RepeatVector(horizon, name="context")(last)
    reads = keras.layers.Concatenate(name="reads")([*known, context]) if known else context
    start = Bridge("dense", decoder.state_widths, name="bridge")(states)
    outputs, _ = decoder(reads, initial_state=start)
    numbers = _projection(1)(dropped(outputs))
    return keras.layers.Reshape([horizon], name="numbers")(numbers)


def _projection(width: int):
    small = keras.initializers.RandomNormal(stddev=0.01)
    return keras.layers.Dense(width, kernel_initializer=small, name="output_projection")
