"""A recurrence over a picture in four directions."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from zoo.checks import check_choice, check_counts, check_share
from zoo.errors import InputError
from zoo.recurrence.cell_config import CellInConfig, cell_to_config
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.cell_places import share_out
from zoo.topologies.checked_length import CheckedLength
from zoo.topologies.corner_grid import CornerGrid
from zoo.topologies.grid_patches import cut_patches, patched_size
from zoo.topologies.pooling import Pooling
from zoo.topologies.registry import builder

POOLINGS = ("mean", "max", "attention")


@builder("grid_rnn")
def grid_rnn(
    num_channels: int,
    num_classes: int,
    units: int = 64,
    cell: Any = "gru",
    num_layers: int = 1,
    patch_size: Sequence[int] | Sequence[Sequence[int]] = (2, 2),
    kernel_size: Sequence[int] | Sequence[Sequence[int]] | None = None,
    pooling: str = "mean",
    variable_size: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """Builds a bidirectional RNN over 2-D inputs: up, down, left and right.

    Visin et al. 2015, "ReNet: a recurrent neural network based alternative to convolutional
    networks": see `GridRNN`, of which one stands on another, and a dense layer on top. Where that
    paper joins all places of pictures of one size, here they are pooled, so any size goes. With
    the cell "grid_lstm" a place reads two neighbours at once, from each of four corners (Graves et
    al. 2007, "Multi-dimensional recurrent neural networks"): see `CornerGrid`.

    With `kernel_size` a convolution computes what rises into each layer, before the recurrence
    carries it across the map (Goodfellow et al. 2016, "Deep learning", section 10.3): with a cell
    f the first one down a column is h_ij = f((K * x)_ij + W h_i-1,j + b), * a convolution with the
    patch's sides as strides. Without it the windows of that convolution are the patches themselves
    and do not overlap.

    Args:
        num_channels: C, numbers a pixel.
        num_classes: K.
        units: Width of a cell, in each of the four directions.
        cell: A cell's registered name, "grid_lstm", or four cell objects a layer: down, up, right
            and left.
        num_layers: Layers of four directions.
        patch_size: (rows, columns) of the pixels, or of the places below, that make one place: a
            pair for the first layer (the others then take (1, 1)), or one pair a layer.
        kernel_size: (rows, columns) of the convolution below the recurrence, no smaller than the
            patch: a pair for every layer, or one pair a layer. None: the patch.
        pooling: "mean", "max" or "attention", over all real places; see `Pooling`.
        variable_size: Whether pictures in a batch differ in size and are padded on the right and
            at the bottom; the inputs `height` and `width` then say how much of each is real.
        dropout: Share dropped of each layer's input (below the first not) and before the output.

    Returns:
        A functional model. Inputs: `image` float [B, H, W, C], any H and W; with `variable_size`
        also `height` and `width`, int [B], in pixels. Outputs: `logits` [B, K]; `features`
        [B, H', W', 2 * units] (4 * units with "grid_lstm"), of every place, zero on padding; H' is
        H over the patches' rows.

    Raises:
        InputError: an unknown cell or pooling, patches or kernels that do not fit, or numbers that
            do not.

    Example:

    >>> model = grid_rnn(num_channels=1, num_classes=10, units=8)
    >>> model({"image": np.zeros([2, 28, 28, 1])})["features"].shape
    TensorShape([2, 14, 14, 16])
    """
    check_counts(num_channels=num_channels, num_classes=num_classes, units=units)
    check_counts(num_layers=num_layers)
    check_share("dropout", dropout)
    check_choice("pooling", pooling, POOLINGS)
    image = keras.Input([None, None, num_channels], name="image")
    inputs = {"image": image}
    if variable_size:
        inputs["height"] = keras.Input([], dtype="int32", name="height")
        inputs["width"] = keras.Input([], dtype="int32", name="width")
        height = CheckedLength(axis=1, name="checked_height")(inputs["height"], image)
        width = CheckedLength(axis=2, name="checked_width")(inputs["width"], image)
    else:
        height, width = WholeSize(name="size")(image)
    hidden = image
    patches = _pairs("patch_size", patch_size, num_layers)
    patches += [(1, 1)] * (num_layers - len(patches))
    names = [f"grid_{index}" for index in range(num_layers)]
    cells = share_out(cell, **dict.fromkeys(names, 4))
    for index, (patch, kernel) in enumerate(
        zip(patches, _kernels(kernel_size, patches), strict=True)
    ):
        dropped = dropout if index else 0.0
        if cell == "grid_lstm":
            layer = CornerGrid(units, patch, dropped, kernel, name=names[index])
        else:
            layer = GridRNN(cells[names[index]], units, patch, dropped, kernel, name=names[index])
        hidden, height, width = layer(hidden, height, width)
    vector = GridPooling(pooling, name="pooling")(hidden, height, width)
    vector = keras.layers.Dropout(dropout, name="dropout")(vector)
    logits = keras.layers.Dense(num_classes, name="output_projection")(vector)
    return keras.Model(inputs, {"logits": logits, "features": hidden}, name="grid_rnn")


def _pairs(name, value, num_layers):
    """One pair of (rows, columns), or one a layer."""
    try:
        given = list(value)
        pairs = [tuple(p) for p in given] if not isinstance(given[0], int) else [tuple(given)]
        whole = all(
            len(pair) == 2 and all(type(s) is int and s > 0 for s in pair) for pair in pairs
        )
    except (TypeError, IndexError):
        whole = False
    if not whole or len(pairs) not in (1, num_layers):
        raise InputError(
            f"{name} is {value!r}; expected (rows, columns), or {num_layers} such pairs, "
            "of whole numbers of 1 or more"
        )
    return pairs


def _kernels(kernel_size, patches):
    """The kernel of each layer, None where it is the patch."""
    if kernel_size is None:
        return [None] * len(patches)
    kernels = _pairs("kernel_size", kernel_size, len(patches))
    kernels = kernels * len(patches) if len(kernels) == 1 else kernels
    for kernel, patch in zip(kernels, patches, strict=True):
        if kernel[0] < patch[0] or kernel[1] < patch[1]:
            raise InputError(
                f"kernel_size {kernel} would leave out pixels of a patch of {patch}; expected "
                "rows and columns no smaller than patch_size's"
            )
    return kernels


@keras.saving.register_keras_serializable(package="zoo")
class GridRNN(CellInConfig, keras.layers.Layer):
    """One layer of four directions over a grid (ReNet, Visin et al. 2015).

    The grid is cut into patches, each one place. Two cells go over every column of places, one
    down and one up; two more go over every row of what these gave, one right and one left: each
    place has then seen the whole picture.

    Args:
        cell: A cell's registered name, or four cell objects: down, up, right and left.
        units: Width of a cell.
        patch_size: (rows, columns) that make one place. What is left at the right and at the
            bottom is filled up with zeros.
        dropout: Share of the patches that is dropped, and of what goes from columns to rows.
        kernel_size: (rows, columns) of the window around each patch that a place reads, a
            convolution below the recurrence; None: the patch itself. See `cut_patches`.

    Call arguments:
        inputs: [B, H, W, C].
        height, width: int [B], how many rows and columns are real. What stands outside is not
            read; a picture of height or width zero gives zeros.

    Returns:
        [B, H', W', 2 * units], zero outside of what is real, and the places' height and width.
    """

    def __init__(
        self,
        cell: Any,
        units: int,
        patch_size: Sequence[int] = (1, 1),
        dropout: float = 0.0,
        kernel_size: Sequence[int] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._config = {"cell": cell_to_config(cell), "units": units, "dropout": dropout}
        self.patch_size = tuple(patch_size)
        self.kernel_size = tuple(kernel_size or patch_size)
        settings = {"bidirectional": True, "dropout": dropout}
        cells = share_out(cell, columns=2, rows=2)
        self.columns = RecurrentStack(cells["columns"], units, **settings, name="columns")
        self.rows = RecurrentStack(cells["rows"], units, **settings, name="rows")

    def build(self, inputs_shape, height_shape=None, width_shape=None):
        rows, columns = self.kernel_size
        self.columns.build((None, None, rows * columns * inputs_shape[-1]))
        self.rows.build((None, None, self.columns.output_size))

    def compute_output_spec(self, inputs, height, width, training=None):
        sides = map(patched_size, inputs.shape[1:3], self.patch_size)
        shape = (inputs.shape[0], *sides, self.rows.output_size)
        return (
            keras.KerasTensor(shape, self.compute_dtype),
            keras.KerasTensor(height.shape, "int32"),
            keras.KerasTensor(width.shape, "int32"),
        )

    def call(self, inputs, height, width, training=None):
        places, height, width = cut_patches(
            inputs, height, width, self.patch_size, self.kernel_size
        )
        turned = tf.transpose(places, [0, 2, 1, 3])  # [B, W', H', patch]
        turned = _along_lines(self.columns, turned, width, height, training)
        hidden = tf.transpose(turned, [0, 2, 1, 3])  # [B, H', W', 2 * units]
        return _along_lines(self.rows, hidden, height, width, training), height, width

    def get_config(self):
        sizes = {"patch_size": self.patch_size, "kernel_size": self.kernel_size}
        return {**super().get_config(), **self._config, **sizes}


def _along_lines(stack, lines, num_lines, length, training):
    """Runs a stack along every line of [B, L, T, D]; lines and steps that are not real give 0."""
    batch, across, steps = (tf.shape(lines)[axis] for axis in range(3))
    real = tf.sequence_mask(num_lines, across)  # [B, L]
    lengths = tf.where(real, length[:, None], 0)
    flat = tf.reshape(lines, [batch * across, steps, lines.shape[-1]])
    outputs, _ = stack(flat, tf.reshape(lengths, [-1]), training=training)
    return tf.reshape(outputs, [batch, across, steps, stack.output_size])


@keras.saving.register_keras_serializable(package="zoo")
class GridPooling(keras.layers.Layer):
    """`Pooling` over the real places of a grid: [B, H, W, D], height, width -> [B, D]."""

    def __init__(self, kind: str, **kwargs):
        super().__init__(**kwargs)
        check_choice("pooling", kind, POOLINGS)
        self.kind = kind
        self.pooling = Pooling(kind, name="pooling")

    def build(self, grid_shape, height_shape=None, width_shape=None):
        self.pooling.build((None, None, grid_shape[-1]))

    def compute_output_spec(self, grid, height, width):
        return keras.KerasTensor((grid.shape[0], grid.shape[-1]), self.compute_dtype)

    def call(self, grid, height, width):
        batch, rows, columns = (tf.shape(grid)[axis] for axis in range(3))
        row, column = (tf.sequence_mask(a, b) for a, b in ((height, rows), (width, columns)))
        real = tf.reshape(row[:, :, None] & column[:, None], [batch, rows * columns])
        # `Pooling` reads from the left: the real places are put there, in their order.
        order = tf.argsort(tf.cast(~real, tf.int32), axis=1, stable=True)
        flat = tf.reshape(grid, [batch, rows * columns, grid.shape[-1]])
        flat = tf.gather(flat, order, batch_dims=1)
        return self.pooling(flat, tf.reduce_sum(tf.cast(real, tf.int32), 1))

    def get_config(self):
        return {**super().get_config(), "kind": self.kind}


@keras.saving.register_keras_serializable(package="zoo")
class WholeSize(keras.layers.Layer):
    """The height and width, int [B] each, of pictures [B, H, W, C] that are real throughout."""

    def compute_output_spec(self, image):
        return tuple(keras.KerasTensor(image.shape[:1], "int32") for _ in range(2))

    def call(self, image):
        batch, height, width = (tf.shape(image)[axis] for axis in range(3))
        return tf.fill([batch], height), tf.fill([batch], width)
