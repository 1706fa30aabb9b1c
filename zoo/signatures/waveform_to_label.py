"""Sound in, a label out: a classifier of waveforms with everything before it inside the graph."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.audio.resampling import resample
from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import Setting, SignatureModule


class WaveformToLabel(SignatureModule):
    """What a recipe of recordings exports: samples or WAV files in, labels and their chances out.

    `serving_default` takes `wav`, the bytes of WAV files with 16 bits a sample, each with its own
    rate and length; several channels are averaged. `waveform` takes padded samples with their
    lengths, `waveform_with_settings` the sampling rate too: other rates than the model's are
    brought to it inside the graph. A row without
    a sound, of length zero or of nothing but zeros, is answered with an empty label.

    Args:
        model: Functional, from `waveform` [B, S] and `length` [B]. It has layers "log_mel",
            "convolutions" over its frames, and "n_to_one", the classifier of what those give.
        labels: The names of the classes.
        sample_rate: The model's, in samples a second.

    Raises:
        tf.errors.InvalidArgumentError: when called, by bytes that are no such WAV file, and by a
            sampling rate that is out of bounds (see `resample`).
    """

    def __init__(self, model: keras.Model, labels: Sequence[str], sample_rate: int):
        super().__init__("waveform_to_label", model.variables)
        log_mel, convolutions, classifier = (
            model.get_layer(name) for name in ("log_mel", "convolutions", "n_to_one")
        )
        pooling = classifier.get_layer("pooling")
        hidden = keras.Model(classifier.inputs, pooling.input[0])
        names = tf.constant(list(labels))

        waveforms = tf.TensorSpec([None, None], tf.float32, name="waveform")
        lengths = tf.TensorSpec([None], tf.int32, name="length")
        rate = Setting("sample_rate", sample_rate, tf.int32)
        files = tf.TensorSpec([None], tf.string, name="wav")

        @graph_function(input_signature=[waveforms, lengths, rate.spec])
        def answer(waveform, length, given_rate):
            waveform, length = resample(waveform, length, given_rate, sample_rate)
            loud = tf.sequence_mask(length, tf.shape(waveform)[1]) & (waveform != 0)
            heard = tf.reduce_any(loud, 1)
            frames, num_frames = log_mel(waveform, length)
            given = {"features": convolutions(frames, num_frames), "length": num_frames}
            chances = tf.nn.softmax(classifier(given, training=False)["logits"])
            chances = tf.where(heard[:, None], chances, 0.0)
            best = tf.gather(names, tf.argmax(chances, -1))
            found = {
                "label": tf.where(heard, best, ""),
                "probability": tf.reduce_max(chances, -1),
                "probabilities": chances,
                "labels": tf.broadcast_to(names, tf.shape(chances)),
                "log_mel": frames,
                "num_frames": num_frames,
            }
            if pooling.kind == "attention":
                found["attention"] = pooling.weights_of(hidden(given, training=False), num_frames)
            return found

        def serve(wav):
            sounds, rates = decoded_wav(wav)
            lengths = tf.cast(sounds.row_lengths(), tf.int32)
            return answer(sounds.to_tensor(), lengths, rates)

        self.add("serving_default", serve, [files])
        self.add("waveform", answer, [waveforms, lengths], [rate])


def decoded_wav(wav: tf.Tensor) -> tuple[tf.RaggedTensor, tf.Tensor]:
    """Decodes WAV files of 16 bits a sample; several channels are averaged.

    Args:
        wav: string [B], the bytes of each.

    Returns:
        The samples, a ragged float32 [B, (S)] from -1 to 1, and their sampling rates, int32 [B].
    """
    return tf.map_fn(
        _decoded,
        wav,
        fn_output_signature=(
            tf.RaggedTensorSpec([None], tf.float32, 0),
            tf.TensorSpec([], tf.int32),
        ),
    )


def _decoded(content):
    samples, rate = tf.audio.decode_wav(content)
    return tf.reduce_mean(samples, 1), rate
