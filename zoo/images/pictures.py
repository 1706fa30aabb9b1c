"""A picture as a person has it, to the picture that a model was trained on; inside the graph."""

import tensorflow as tf

# Of red, green and blue in what the eye calls bright (ITU-R BT.601).
LUMINANCE = (0.299, 0.587, 0.114)
# Below this difference from the paper there is nothing on it.
LEAST_CONTRAST = 0.1
# Shares of the strongest ink: below the first a pixel is paper in the shade, above the second it
# belongs to the drawing.
PAPER_THRESHOLD, INK_THRESHOLD = 0.15, 0.3
# MNIST's digits fill 20 of 28 pixels.
FILLED_SHARE = 20 / 28
# Larger pictures are shrunk to this before anything is looked at.
LARGEST_SIDE = 280


def decode_picture(data: tf.Tensor) -> tf.Tensor:
    """Decodes PNG, JPEG, BMP or the first picture of a GIF: string [] -> brightness [H, W].

    What is transparent lies on white paper.

    Args:
        data: The encoded bytes.

    Returns:
        float32 [H, W] from 0, black, to 1, white.

    Example:

    >>> png = tf.io.encode_png(tf.constant(255, tf.uint8, [2, 3, 1]))
    >>> decode_picture(png).numpy().tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    return brightness(tf.io.decode_image(data, channels=0, expand_animations=False))


def decode_clip(data: tf.Tensor) -> tf.Tensor:
    """Decodes a clip: string [] -> brightness float32 [T, H, W], 0 to 1.

    An animated GIF is its frames. A still picture is a film strip: square frames of its width,
    one below the other; what is left at its end is no frame.

    Args:
        data: The encoded bytes.

    Raises:
        tf.errors.InvalidArgumentError: a still picture that is wider than high holds no frame.
    """
    pixels = tf.io.decode_image(data, channels=0, expand_animations=True)
    shape = tf.shape(pixels)
    width = shape[-2]
    strip = brightness(tf.reshape(pixels, [-1, width, shape[-1]]))
    height = tf.cond(tf.rank(pixels) == 4, lambda: shape[-3], lambda: width)
    count = tf.shape(strip)[0] // height
    wide = tf.debugging.Assert(
        count > 0, ["a clip is a GIF, or square frames below each other; this picture is wide"]
    )
    with tf.control_dependencies([wide] if wide is not None else []):
        return tf.reshape(strip[: count * height], [count, height, width])


def decode_clips(clip_bytes: tf.Tensor, height: int, width: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes clips and brings their frames to a size.

    Args:
        clip_bytes: string [B], each as for `decode_clip`.
        height, width: Sides of the result; see `standardise_clip`.

    Returns:
        uint8 [B, T, height, width], zeros past a clip's end, and the frames of each, int32 [B].
    """
    clips = tf.map_fn(
        lambda data: standardise_clip(decode_clip(data), height, width),
        clip_bytes,
        fn_output_signature=tf.RaggedTensorSpec([None, height, width], tf.uint8, ragged_rank=0),
    )
    return clips.to_tensor(), tf.cast(clips.row_lengths(), tf.int32)


def brightness(pixels: tf.Tensor) -> tf.Tensor:
    """Returns the brightness of pixels: uint8 [..., 1 to 4 channels] -> float32 [...], 0 to 1."""
    channels = tf.shape(pixels)[-1]
    has_alpha = channels % 2 == 0
    pixels = tf.cast(pixels, tf.float32) / 255.0
    colours = channels - tf.cast(has_alpha, tf.int32)
    # Grey is read three times.
    gathered = tf.gather(pixels, tf.minimum([0, 1, 2], colours - 1), axis=-1)
    bright = tf.reduce_sum(gathered * LUMINANCE, -1)
    alpha = tf.where(has_alpha, pixels[..., -1], 1.0)
    return bright * alpha + 1 - alpha


def paper_brightness(bright: tf.Tensor) -> tf.Tensor:
    """Returns the median brightness along the edge of a picture [H, W], or of many [..., H, W]."""
    edges = [bright[..., 0, :], bright[..., -1, :], bright[..., 0], bright[..., -1]]
    edge = tf.sort(tf.reshape(tf.concat(edges, -1), [-1]))
    return edge[tf.shape(edge)[0] // 2]


def standardise(bright: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Brings a picture of any size into the form of MNIST's: bright ink on black, centred.

    A picture that has the size already keeps its pixels, and is turned into its negative if its
    edge is bright. Any other is cut to what is drawn on it, scaled so that this fills 20/28 of the
    height or width, and put with its centre of mass in the middle. An even sheet gives zeros.

    Args:
        bright: float [H, W], 0 to 1.
        height, width: height and width of the result.

    Returns:
        uint8 [height, width], 0 for the background.
    """
    shape = tf.shape(bright)
    right_size = (shape[0] == height) & (shape[1] == width)
    picture = tf.cond(
        right_size,
        lambda: tf.where(paper_brightness(bright) > 0.5, 1 - bright, bright),
        lambda: _framed(bright, height, width),
    )
    return tf.ensure_shape(_as_bytes(picture), [height, width])


def _as_bytes(picture: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.round(tf.clip_by_value(picture, 0.0, 1.0) * 255), tf.uint8)


def _framed(bright, height, width):
    ink = _ink(_shrunk(bright))
    drawn = ink > INK_THRESHOLD
    return tf.cond(
        tf.reduce_any(drawn),
        lambda: _centred(_cut_out(ink, drawn), height, width),
        lambda: tf.zeros([height, width]),
    )


def _shrunk(bright):
    """Makes a large picture smaller, by which the grain of a photograph goes too."""
    shape = tf.shape(bright)
    longest = tf.reduce_max(shape)
    scale = tf.minimum(1.0, LARGEST_SIDE / tf.cast(longest, tf.float32))
    return _resized(bright, _scaled(shape, scale))


def _scaled(shape, scale):
    return tf.maximum(1, tf.cast(tf.round(tf.cast(shape, tf.float32) * scale), tf.int32))


def _resized(picture, size):
    return tf.image.resize(picture[..., None], size, antialias=True)[..., 0]


def _ink(bright):
    """How far each pixel differs from the paper, to the side where something is: 0 to 1."""
    paper = paper_brightness(bright)
    darker, brighter = paper - tf.reduce_min(bright), tf.reduce_max(bright) - paper
    ink = tf.where(darker > brighter, paper - bright, bright - paper)
    strongest = tf.maximum(darker, brighter)
    share = tf.math.divide_no_nan(ink, strongest)
    scaled = tf.maximum(share - PAPER_THRESHOLD, 0.0) / (1 - PAPER_THRESHOLD)
    return tf.where(strongest < LEAST_CONTRAST, tf.zeros_like(scaled), scaled)


def _cut_out(ink, drawn):
    rows, columns = (tf.where(tf.reduce_any(drawn, axis))[:, 0] for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _centred(cut, height, width):
    room = tf.constant([height, width], tf.float32) * FILLED_SHARE
    size = tf.cast(tf.shape(cut), tf.float32)
    scaled = tf.clip_by_value(
        _resized(cut, _scaled(tf.shape(cut), tf.reduce_min(room / size))), 0.0, 1.0
    )
    # A thin line in a large picture would otherwise be hardly there.
    scaled = tf.math.divide_no_nan(scaled, tf.reduce_max(scaled))
    shape = tf.shape(scaled)
    before = []
    for axis, whole in ((0, height), (1, width)):
        mass = tf.reduce_sum(scaled, 1 - axis)
        places = tf.range(tf.cast(shape[axis], tf.float32))
        centre = tf.reduce_sum(mass * places) / tf.reduce_sum(mass)
        start = tf.cast(tf.round((whole - 1) / 2 - centre), tf.int32)
        before.append(tf.clip_by_value(start, 0, whole - shape[axis]))
    after = [height - shape[0] - before[0], width - shape[1] - before[1]]
    return tf.pad(scaled, [[before[0], after[0]], [before[1], after[1]]])


def standardise_clip(bright: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Brings the frames of a clip to a size, with bright ink on black.

    All are turned into their negatives if their edges are bright. Frames of another size are
    scaled, and filled up with black where their shape is another.

    Args:
        bright: float [T, H, W], 0 to 1.
        height, width: height and width of the result.

    Returns:
        uint8 [T, height, width], 0 for the background.
    """
    frames = tf.where(paper_brightness(bright) > 0.5, 1 - bright, bright)
    shape = tf.shape(frames)
    frames = tf.cond(
        (shape[1] == height) & (shape[2] == width),
        lambda: frames,
        lambda: tf.image.resize_with_pad(frames[..., None], height, width, antialias=True)[..., 0],
    )
    return tf.ensure_shape(_as_bytes(frames), [None, height, width])
