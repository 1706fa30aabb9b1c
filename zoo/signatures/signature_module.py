"""What all exported models have in common: named signatures, and settings with defaults."""

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.signature_names import with_settings
from zoo.signatures.graph_function import graph_function
from zoo.text import UNKNOWN_ID


class Setting(NamedTuple):
    """An input with a default, [1, ...] or [B, ...]: how a model answers, and not what it answers.

    Attributes:
        name: name of the input.
        default: value that a caller gets who does not give one.
        dtype: type of the values.
        low, high: bounds; what lies beyond them is taken as the nearer bound, inside the graph,
            so that no request asks for more than a server can give. None: no bound.
        shape: shape of one row's value.
    """

    name: str
    default: Any
    dtype: tf.DType
    low: float | None = None
    high: float | None = None
    shape: tuple[int, ...] = ()

    @property
    def spec(self) -> tf.TensorSpec:
        """The input as a signature takes it."""
        return tf.TensorSpec([None, *self.shape], self.dtype, self.name)

    @property
    def value(self) -> tf.Tensor:
        """The default, [1, ...]."""
        return tf.fill([1, *self.shape], tf.constant(self.default, self.dtype))

    def a_row(self, given: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """Returns the values [rows, ...] of what was given, for one or all rows, within bounds."""
        if self.low is not None:
            given = tf.maximum(given, tf.constant(self.low, self.dtype))
        if self.high is not None:
            given = tf.minimum(given, tf.constant(self.high, self.dtype))
        return tf.broadcast_to(given, [rows, *self.shape])


class SignatureModule(tf.Module):
    """The base of what models export; a subclass calls `add` for each of its signatures.

    Args:
        name: name of the module.
        variables: Keras variables that the signatures read; a SavedModel restores the plain
            variables beneath them, and the Keras objects stay out of the file.
        **parts: tables and tokenizers that the file has to hold too.
    """

    def __init__(self, name: str, variables: Iterable, **parts: Any):
        super().__init__(name=name)
        self.weights = [variable.value for variable in variables]
        for key, part in parts.items():
            setattr(self, key, part)
        self._names: list[str] = []

    def add(
        self,
        name: str,
        function: Callable[..., Mapping[str, tf.Tensor]],
        inputs: Sequence[tf.TensorSpec],
        settings: Sequence[Setting] = (),
        required: Collection[str] = (),
    ) -> None:
        """Adds a signature, and where there are settings a second one that takes them.

        The signature itself has the inputs alone: TensorFlow Serving's REST interface asks for
        every input of a signature, whether it has a default or not. The second one is of the same
        graph; it is called "with_settings" beside "serving_default", else NAME_with_settings.

        Args:
            name: name of the signature; the function becomes the attribute of that name.
            function: from the inputs and then the settings, each [B], by position, to outputs.
            inputs: what a caller has; their first dimension is the batch.
            settings: what has a default.
            required: names of settings that the signature itself takes too, and has no default for.
        """
        specs = [*inputs, *(setting.spec for setting in settings)]

        # A function of its own, so that the file holds it once and not once a signature.
        @graph_function(input_signature=specs)
        def inner(*given):
            values = given[len(inputs) :]
            rows = tf.shape(given[0])[0]
            each = [one.a_row(v, rows) for one, v in zip(settings, values, strict=True)]
            return function(*given[: len(inputs)], *each)

        defaults = {setting.name: setting.value for setting in settings}
        asked = [*inputs, *(setting.spec for setting in settings if setting.name in required)]

        def with_defaults(*given):
            given = dict(zip((spec.name for spec in asked), given, strict=True))
            return inner(*({**defaults, **given}[spec.name] for spec in specs))

        self._set(name, _named(with_defaults, asked, {}))
        if settings:
            self._set(with_settings(name), _named(inner, specs, defaults))

    def _set(self, name: str, function) -> None:
        setattr(self, name, function)
        self._names.append(name)

    @property
    def signatures(self) -> dict:
        """The functions to export, by signature name."""
        return {name: getattr(self, name) for name in self._names}


def unknown_share(ids: tf.RaggedTensor) -> tf.Tensor:
    """Returns the share [B] of a ragged [B, (N)] that are unknown tokens; 0 where there is none."""
    unknown = tf.reduce_sum(tf.cast(ids == UNKNOWN_ID, tf.float32), axis=1)
    return tf.math.divide_no_nan(unknown, tf.cast(ids.row_lengths(), tf.float32))


def _named(function: Callable, specs: Sequence[tf.TensorSpec], defaults: Mapping[str, tf.Tensor]):
    """Makes a graph function whose arguments, a signature's inputs, bear the specs' names."""

    def call(*given):
        return function(*given)

    kind, none = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
    call.__signature__ = inspect.Signature(
        [inspect.Parameter(one.name, kind, default=defaults.get(one.name, none)) for one in specs]
    )
    return graph_function(call, input_signature=list(specs))
