"""A picture cut into patches or overlapping windows, each one place of a grid."""

from typing import Any

import tensorflow as tf


def cut_patches(
    grid: Any,
    height: Any,
    width: Any,
    patch_size: tuple[int, int],
    kernel_size: tuple[int, int] | None = None,
) -> tuple:
    """Makes one place of every patch, or of a window around it.

    A cell that reads windows is a convolution below its recurrence: its input kernel, the same at
    every place, is the convolution's kernel, and patch_size are the strides.

    Args:
        grid: [B, H, W, C].
        height, width: int [B], how many rows and columns are real.
        patch_size: (rows, columns) of a patch. What is left at the right and at the bottom, and
            what is not real, is filled up with zeros.
        kernel_size: (rows, columns) of the window that a place is made of, the patch in its
            middle, zeros beyond the edges; None: the patch itself.

    Returns:
        places [B, H', W', rows * columns * C], rows and columns those of the window, and the
        places' height and width, int32 [B] each.
    """
    height, width = tf.cast(height, tf.int32), tf.cast(width, tf.int32)
    cleared = _clear_outside(grid, height, width)
    if kernel_size in (None, patch_size):
        places = _cut(cleared, patch_size)
    else:
        places = _windows(cleared, patch_size, kernel_size)
    return places, -(-height // patch_size[0]), -(-width // patch_size[1])


def patched_size(size: int | None, patch: int) -> int | None:
    """Returns how many places a side has."""
    return None if size is None else -(-size // patch)


def _clear_outside(grid, height, width):
    """Sets what is not real to zero: a patch may hold both."""
    rows = tf.sequence_mask(height, tf.shape(grid)[1])[:, :, None, None]
    columns = tf.sequence_mask(width, tf.shape(grid)[2])[:, None, :, None]
    return tf.where(rows & columns, grid, tf.zeros_like(grid))


def _cut(grid, patch_size):
    """From [B, H, W, C] to [B, H', W', rows * columns * C]."""
    rows, columns = patch_size
    channels = grid.shape[-1]
    batch, height, width = (tf.shape(grid)[axis] for axis in range(3))
    grid = tf.pad(grid, [[0, 0], [0, -height % rows], [0, -width % columns], [0, 0]])
    down, across = -(-height // rows), -(-width // columns)
    grid = tf.reshape(grid, [batch, down, rows, across, columns, channels])
    grid = tf.transpose(grid, [0, 1, 3, 2, 4, 5])
    return tf.reshape(grid, [batch, down, across, rows * columns * channels])


def _windows(grid, patch_size, kernel_size):
    """From [B, H, W, C] to [B, H', W', rows * columns * C] of the kernel's rows and columns."""
    sides = [tf.shape(grid)[axis] for axis in (1, 2)]
    counts = [-(-side // patch) for side, patch in zip(sides, patch_size, strict=True)]
    paddings = []
    for side, count, patch, kernel in zip(sides, counts, patch_size, kernel_size, strict=True):
        before = (kernel - patch) // 2
        # As far as the last window reaches.
        paddings.append([before, (count - 1) * patch + kernel - before - side])
    grid = tf.pad(grid, [[0, 0], *paddings, [0, 0]])
    # One slice for each place of the kernel: core ops alone, with a gradient that XLA compiles too.
    slices = []
    for row in range(kernel_size[0]):
        for column in range(kernel_size[1]):
            every = grid[:, row :: patch_size[0], column :: patch_size[1]]
            slices.append(every[:, : counts[0], : counts[1]])
    return tf.concat(slices, -1)
