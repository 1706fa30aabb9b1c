"""From an encoder's final states to a decoder's initial ones."""

import keras
import tensorflow as tf

from zoo.errors import InputError

KINDS = ("copy", "zero", "dense")


@keras.saving.register_keras_serializable(package="zoo")
class Bridge(keras.layers.Layer):
    """Makes a decoder's initial states of an encoder's final ones.

    Both sides are tuples with one structure of tensors [B, width] a layer (`RecurrentStack`).
    Layers are paired from the top: the decoder's last layer reads the encoder's last. With fewer
    decoder layers the encoder's lower ones are not read.

    Args:
        kind: "copy" hands the states on, tensor by tensor; "zero" starts from zeros; "dense"
            computes each decoder tensor as tanh(W s + b) of all the tensors s of the paired
            encoder layer, which also joins two directions and changes widths.
        target: The decoder's states for one row as nested widths, layer by layer.

    Call arguments:
        states: The encoder's final states.

    Returns:
        States in the decoder's structure.

    Raises:
        InputError: an unknown kind; fewer encoder than decoder layers; "copy" between different
            structures or widths.
    """

    def __init__(self, kind: str, target, **kwargs):
        super().__init__(**kwargs)
        if kind not in KINDS:
            raise InputError(f"unknown bridge {kind!r}; expected one of {', '.join(KINDS)}")
        self.kind, self.target = kind, target
        self._dense = {}
        if kind == "dense":
            for index, layer in enumerate(target):
                for part, width in enumerate(tf.nest.flatten(layer)):
                    name = f"layer_{index}_state_{part}"
                    self._dense[name] = keras.layers.Dense(width, "tanh", name=name)

    def _paired(self, states):
        if len(states) < len(self.target):
            raise InputError(
                f"the bridge has {len(self.target)} decoder layers to start but only "
                f"{len(states)} encoder layers to read; expected at least as many"
            )
        return list(states)[len(states) - len(self.target) :]

    def build(self, states_shape):
        if self.kind == "zero":
            return
        for index, layer in enumerate(self._paired(states_shape)):
            widths = _widths(layer)
            wanted = tf.nest.flatten(self._target()[index])
            if self.kind == "copy" and widths != wanted:
                raise InputError(
                    f"bridge 'copy' needs equal states: for decoder layer {index} the encoder has "
                    f"widths {widths}, the decoder {wanted}; use 'dense', or make them equal"
                )
            for name, dense in self._dense.items():
                if name.startswith(f"layer_{index}_"):
                    dense.build((None, sum(widths)))

    def compute_output_spec(self, states):
        first = tf.nest.flatten(states)[0]
        return tf.nest.map_structure(
            lambda width: keras.KerasTensor((first.shape[0], width), self.compute_dtype),
            self._target(),
        )

    def call(self, states):
        if self.kind == "zero":
            first = tf.nest.flatten(states)[0]
            batch = tf.shape(first)[0]
            return tf.nest.map_structure(
                lambda w: tf.zeros([batch, w], first.dtype), self._target()
            )
        made = []
        for index, (layer, target) in enumerate(
            zip(self._paired(states), self._target(), strict=True)
        ):
            parts = tf.nest.flatten(layer)
            if self.kind == "dense":
                joined = tf.concat(parts, -1)
                count = len(tf.nest.flatten(target))
                parts = [self._dense[f"layer_{index}_state_{p}"](joined) for p in range(count)]
            made.append(tf.nest.pack_sequence_as(target, parts))
        return tuple(made)

    def _target(self):
        # Keras's tracking wraps lists; the states handed on are plain ones.
        return tuple(self.target)

    def get_config(self):
        return {**super().get_config(), "kind": self.kind, "target": self.target}


def _widths(shapes) -> list[int]:
    """The last sizes of the shapes in a nest of shapes."""
    if all(size is None or isinstance(size, int) for size in shapes):
        return [shapes[-1]]
    return [width for shape in shapes for width in _widths(shape)]
