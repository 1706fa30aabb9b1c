"""One layer of a two-dimensional LSTM over a grid, from all four corners."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.recurrence.corner_sweep import CornerSweep
from zoo.topologies.grid_patches import cut_patches, patched_size

# Which of (rows, columns) are turned around for each corner.
CORNERS = ((False, False), (False, True), (True, False), (True, True))


@keras.saving.register_keras_serializable(package="zoo")
class CornerGrid(keras.layers.Layer):
    """Four `GridLSTMCell`s over a grid, each from a corner of its own (Graves et al. 2007).

    A place's state from the upper left corner has seen all that is above and on the left of it,
    and so on: of the four together each place has seen the whole picture.

    Args:
        units: Width of a cell.
        patch_size: (rows, columns) that make one place. What is left at the right and at the
            bottom is filled up with zeros.
        dropout: Share of the patches that is dropped in training.
        kernel_size: (rows, columns) of the window around each patch that a place reads, a
            convolution below the recurrence; None: the patch itself. See `cut_patches`.

    Call arguments:
        inputs: [B, H, W, C].
        height, width: int [B], how many rows and columns are real. What stands outside is not
            read; a picture of height or width zero gives zeros.

    Returns:
        [B, H', W', 4 * units], zero outside of what is real, and the places' height and width.
    """

    def __init__(
        self,
        units: int,
        patch_size: Sequence[int] = (1, 1),
        dropout: float = 0.0,
        kernel_size: Sequence[int] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._config = {"units": units, "dropout": dropout}
        self.patch_size = tuple(patch_size)
        self.kernel_size = tuple(kernel_size or patch_size)
        self.dropout = keras.layers.Dropout(dropout)
        names = ("upper_left", "upper_right", "lower_left", "lower_right")
        self.sweeps = [CornerSweep(units, name=name) for name in names]

    def build(self, inputs_shape, height_shape=None, width_shape=None):
        rows, columns = self.kernel_size
        for sweep in self.sweeps:
            sweep.build((None, None, None, rows * columns * inputs_shape[-1]))

    def compute_output_spec(self, inputs, height, width, training=None):
        sides = map(patched_size, inputs.shape[1:3], self.patch_size)
        shape = (inputs.shape[0], *sides, 4 * self._config["units"])
        return (
            keras.KerasTensor(shape, self.compute_dtype),
            keras.KerasTensor(height.shape, "int32"),
            keras.KerasTensor(width.shape, "int32"),
        )

    def call(self, inputs, height, width, training=None):
        places, height, width = cut_patches(
            inputs, height, width, self.patch_size, self.kernel_size
        )
        places = self.dropout(places, training=training)
        seen = [
            _turned(
                sweep(_turned(places, height, width, turns), height, width), height, width, turns
            )
            for sweep, turns in zip(self.sweeps, CORNERS, strict=True)
        ]
        return tf.concat(seen, -1), height, width

    def get_config(self):
        sizes = {"patch_size": self.patch_size, "kernel_size": self.kernel_size}
        return {**super().get_config(), **self._config, **sizes}


def _turned(grid, height, width, turns):
    """Turns the real rows or columns around and leaves the padding where it is."""
    for axis, (length, turn) in enumerate(zip((height, width), turns, strict=True), start=1):
        if turn:
            grid = tf.reverse_sequence(grid, length, seq_axis=axis, batch_axis=0)
    return grid
