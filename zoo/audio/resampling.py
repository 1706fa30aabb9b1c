"""Waveforms of any sampling rate, brought to one rate inside the graph."""

import tensorflow as tf


def resample(
    waveform: tf.Tensor, length: tf.Tensor, rate: tf.Tensor, new_rate: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Brings each row to a new sampling rate by its spectrum.

        n' = ceil(n * new_rate / rate);  y = n'/n * irfft(rfft(x) cut or filled with zeros, n')

    It is `scipy.signal.resample` row by row: what lies above half of either rate is left out, so
    nothing is folded. Rows that have the rate already are handed on as they are.

    Args:
        waveform: float32 [B, S].
        length: int32 [B], the real samples of each row.
        rate: int32 [B], samples a second of each row, an eighth of `new_rate` or more: a smaller
            one would make very long rows, and hold next to nothing of speech.
        new_rate: The rate that is wanted.

    Returns:
        The waveform, [B, S'], zeros past a row's end, and the new lengths, int32 [B].

    Raises:
        tf.errors.InvalidArgumentError: a rate below that.

    Example:

    >>> tone = tf.sin(tf.range(0, 100, 0.1))[None]
    >>> resample(tone, tf.constant([1000]), tf.constant([16000]), 8000)[1].numpy()
    array([500], dtype=int32)
    """
    least = -(-new_rate // 8)
    message = f"sample_rate: expected {least} samples a second or more"
    tf.debugging.Assert(tf.reduce_all(rate >= least), [message, rate])
    length = tf.clip_by_value(length, 0, tf.shape(waveform)[1])

    def change():
        rows = tf.map_fn(
            lambda row: _resampled(row[0][: row[1]], row[2], new_rate),
            (waveform, length, rate),
            fn_output_signature=tf.RaggedTensorSpec([None], tf.float32, 0),
        )
        return rows.to_tensor(), tf.cast(rows.row_lengths(), tf.int32)

    return tf.cond(tf.reduce_all(rate == new_rate), lambda: (waveform, length), change)


def _resampled(samples, rate, new_rate):
    size = tf.size(samples)
    exact = tf.cast(size, tf.int64) * new_rate
    # A rate of zero is refused above, but not always before this is computed.
    new_size = tf.cast(-(-exact // tf.cast(tf.maximum(rate, 1), tf.int64)), tf.int32)
    return tf.cond(
        (rate == new_rate) | (size == 0),
        lambda: samples,
        lambda: _by_spectrum(samples, size, new_size),
    )


def _by_spectrum(samples, size, new_size):
    spectrum = tf.signal.rfft(samples)
    shorter = tf.minimum(size, new_size)
    bins, new_bins = shorter // 2 + 1, new_size // 2 + 1
    kept = spectrum[:bins]
    # At half of the shorter's rate, two frequencies fall on one bin, or one is split into two.
    edge = tf.where(new_size < size, 2.0, 0.5)
    edge = tf.where((shorter % 2 == 0) & (size != new_size), edge, 1.0)
    weights = tf.where(tf.range(bins) == bins - 1, edge, 1.0)
    kept = kept * tf.cast(weights, tf.complex64)
    spectrum = tf.pad(kept, [[0, new_bins - bins]])
    scale = tf.cast(new_size, tf.float32) / tf.cast(size, tf.float32)
    return tf.signal.irfft(spectrum, [new_size]) * scale
