"""Columns of numbers in, forecasts out, in the units that they were measured in."""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import SignatureModule


class Forecaster(SignatureModule):
    """What a recipe of series exports: the last rows by column, answered with the next values.

    `serving_default` takes each column as [batch, rows], the oldest row first; nan where nothing
    was measured. `padded` takes columns that are not equally long, padded on the right, and
    `length`, the rows that are real. The last `window` of them are read; a shorter past is filled
    up before its start as not measured. Scaling and the filling
    of gaps are in the model. A column of words is taken as strings. Where the series was not
    measured at all in the window, `last` and the forecast are nan.

    Args:
        model: Functional, from columns [B, window] by name to `forecast` [B, M]; columns of words
            as the words' numbers.
        window: How many rows the model reads.
        series: The column that is forecast.
        words: Column to its words, in the order of their numbers.
        lowest: No forecast is below this; None: no bound.

    Raises:
        tf.errors.InvalidArgumentError: when called, by an unknown word in the window.
    """

    def __init__(
        self,
        model: keras.Model,
        window: int,
        series: str,
        words: Mapping[str, Sequence[str]] | None = None,
        lowest: float | None = None,
    ):
        super().__init__("forecaster", model.variables)
        words = dict(words or {})
        kinds = {
            name: tf.string if name in words else tf.as_dtype(tensor.dtype)
            for name, tensor in model.input.items()
        }
        specs = [tf.TensorSpec([None, None], kind, name) for name, kind in kinds.items()]
        length_spec = tf.TensorSpec([None], tf.int32, "length")

        @graph_function(input_signature=[*specs, length_spec])
        def padded(*columns):
            *columns, length = columns
            given = {
                name: _last_rows(column, length, window)
                for name, column in zip(kinds, columns, strict=True)
            }
            last = _last_measured(given[series])
            for name, known in words.items():
                given[name] = _numbers(name, given[name], known)
            forecast = model(given, training=False)["forecast"]
            if lowest is not None:
                forecast = tf.maximum(forecast, lowest)
            forecast = tf.where(tf.math.is_nan(last)[:, None], float("nan"), forecast)
            horizon = tf.broadcast_to(tf.range(1, forecast.shape[1] + 1), tf.shape(forecast))
            return {"forecast": forecast, "horizon": horizon, "last": last}

        def serve(*columns):
            shape = tf.shape(columns[0])
            return padded(*columns, tf.fill(shape[:1], shape[1]))

        self.add("serving_default", serve, specs)
        self.add("padded", padded, [*specs, length_spec])


def _last_rows(column, length, window):
    """The window [B, window] before each row's end; before a column's start nan, or its first."""
    length = tf.clip_by_value(length, 0, tf.shape(column)[1])
    places = length[:, None] - window + tf.range(window)
    # One row more, so that a column of none has something to point at.
    column = tf.pad(
        column, [[0, 0], [0, 1]], constant_values="" if column.dtype == tf.string else 0
    )
    rows = tf.gather(column, tf.maximum(places, 0), batch_dims=1)
    if not column.dtype.is_floating:
        return rows
    return tf.where(places < 0, tf.cast(float("nan"), column.dtype), rows)


def _numbers(name, column, known):
    same = column[..., None] == tf.constant(list(known))
    tf.debugging.Assert(
        tf.reduce_all(tf.reduce_any(same, -1)),
        [f"{name}: expected one of {', '.join(known)}; got", column],
    )
    return tf.argmax(same, -1, tf.int32)


def _last_measured(column):
    places = tf.range(column.shape[1])
    last = tf.reduce_max(tf.where(tf.math.is_nan(column), -1, places), 1)
    value = tf.gather(column, tf.maximum(last, 0), batch_dims=1)
    return tf.where(last < 0, float("nan"), value)
