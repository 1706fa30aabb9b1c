"""From a waveform to log-mel frames, inside the graph."""

import keras
import tensorflow as tf

from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class LogMel(keras.layers.Layer):
    """The logarithm of the energy in bands of the mel scale, a frame every few milliseconds.

        x      the samples, divided by their root mean square: a gain changes nothing
        P_t    |rfft(hann * x[t*step : t*step + window])|^2
        y_t    (log(P_t M + floor) - the row's mean of it, band by band) / scale

    M is the triangular filter bank of HTK's mel scale, 2595 log10(1 + f / 700) (Young et al., "The
    HTK book"). The last frames of a row reach into zeros behind its end, so that every row with a
    sample has a frame.

    Args:
        sample_rate: Samples a second. Defaults to 8000.
        num_bands: M. Defaults to 40.
        window: Length of a frame in seconds. Defaults to 0.025.
        step: Seconds from a frame to the next. Defaults to 0.01.
        lowest, highest: Edges of the filter bank in Hz; `highest` defaults to half of the rate.
        floor: Added to the energies, which for a frame of white noise of the row's own loudness
            are near 0.4 * window * sample_rate a bin. Defaults to 1e-3.
        centre: Whether each band's mean over the row is taken off (cepstral mean normalisation:
            takes out the microphone and the room); else the mean over all bands. Defaults to True.
        scale: What the result is divided by. Defaults to 3, which brings it near variance one.

    Call arguments:
        waveform: float [B, S].
        length: int [B], the real samples of each row. What stands past them is not read.

    Returns:
        The frames, float [B, ceil(S / step), num_bands], zeros past a row's own; and int [B], how
        many each row has: ceil(length / step).

    Raises:
        InputError: sizes that do not fit.

    Example:

    >>> frames, count = LogMel()(tf.ones([2, 160]), tf.constant([160, 0]))
    >>> frames.shape, count.numpy()
    (TensorShape([2, 2, 40]), array([2, 0], dtype=int32))
    """

    def __init__(
        self,
        sample_rate: int = 8000,
        num_bands: int = 40,
        window: float = 0.025,
        step: float = 0.01,
        lowest: float = 60.0,
        highest: float | None = None,
        floor: float = 1e-3,
        centre: bool = True,
        scale: float = 3.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.frame_length, self.frame_step = round(window * sample_rate), round(step * sample_rate)
        self.highest = sample_rate / 2 if highest is None else highest
        if not 0 < self.frame_step <= self.frame_length:
            raise InputError(
                f"window {window} s and step {step} s at {sample_rate} Hz; expected a step of at "
                f"least one sample and no longer than the window"
            )
        if not 0 <= lowest < self.highest <= sample_rate / 2:
            raise InputError(
                f"bands from {lowest} to {self.highest} Hz; expected 0 <= lowest < highest <= "
                f"{sample_rate / 2:g}, half of the sampling rate"
            )
        self.fft_length = 1 << (self.frame_length - 1).bit_length()
        self._config = {
            "sample_rate": sample_rate,
            "num_bands": num_bands,
            "window": window,
            "step": step,
            "lowest": lowest,
            "highest": highest,
            "floor": floor,
            "centre": centre,
            "scale": scale,
        }
        self.sample_rate, self.num_bands, self.lowest = sample_rate, num_bands, lowest
        self.floor, self.centre, self.scale = floor, centre, scale

    def compute_output_spec(self, waveform, length):
        batch, samples = waveform.shape
        frames = None if samples is None else -(-samples // self.frame_step)
        return (
            keras.KerasTensor((batch, frames, self.num_bands), "float32"),
            keras.KerasTensor((batch,), "int32"),
        )

    def call(self, waveform, length):
        # Half precision does not hold the energies.
        waveform = tf.cast(waveform, tf.float32)
        real = tf.sequence_mask(length, tf.shape(waveform)[1])
        waveform = tf.where(real, waveform, 0.0)
        count = tf.cast(tf.maximum(length, 1), tf.float32)
        level = tf.sqrt(tf.reduce_sum(waveform**2, 1) / count)
        waveform = tf.math.divide_no_nan(waveform, level[:, None])
        frames = tf.signal.frame(waveform, self.frame_length, self.frame_step, pad_end=True)
        spectrum = tf.signal.rfft(
            frames * tf.signal.hann_window(self.frame_length), [self.fft_length]
        )
        bands = tf.signal.linear_to_mel_weight_matrix(
            self.num_bands, self.fft_length // 2 + 1, self.sample_rate, self.lowest, self.highest
        )
        logs = tf.math.log(tf.einsum("bnf,fm->bnm", tf.abs(spectrum) ** 2, bands) + self.floor)
        num_frames = -(-length // self.frame_step)
        real = tf.sequence_mask(num_frames, tf.shape(logs)[1])[..., None]
        logs = tf.where(real, logs, 0.0)
        total = tf.cast(tf.maximum(num_frames, 1), tf.float32)[:, None, None]
        mean = tf.reduce_sum(logs, 1, keepdims=True) / total
        if not self.centre:
            mean = tf.reduce_mean(mean, 2, keepdims=True)
        return tf.where(real, (logs - mean) / self.scale, 0.0), num_frames

    def compute_mask(self, *arguments, **keywords):
        return None

    def get_config(self):
        return {**super().get_config(), **self._config}
