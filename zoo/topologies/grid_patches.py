"""A picture cut into patches, each one place of a grid."""

from typing import Any

import tensorflow as tf


def cut_patches(grid: Any, height: Any, width: Any, patch_size: tuple[int, int]) -> tuple:
    """Makes one place of every patch.

    Args:
        grid: [B, H, W, C].
        height, width: int [B], how many rows and columns are real.
        patch_size: (rows, columns) of a patch. What is left at the right and at the bottom, and
            what is not real, is filled up with zeros.

    Returns:
        places [B, H', W', rows * columns * C], and their height and width, int32 [B] each.
    """
    height, width = tf.cast(height, tf.int32), tf.cast(width, tf.int32)
    places = _cut(_clear_outside(grid, height, width), patch_size)
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
