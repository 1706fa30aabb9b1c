"""A label in, sound out: spectrum and waveform inside the graph."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from zoo.audio.griffin_lim import STEP, griffin_lim
from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import Setting, SignatureModule

# The longest sound that is made.
MOST_SECONDS = 5.0


class LabelToWaveform(SignatureModule):
    """What `one_to_frames` over labels and speakers exports.

    `serving_default`: `label` [B] -> `waveform` [B, S] from -1 to 1, `length` [B], `sample_rate`
    [B], `wav_bytes` [B], a WAV file each, and `label_known`, `speaker_known`. `with_settings` takes
    `speaker` and `seconds` too; 0 seconds, the default, is as long as the speaker usually takes,
    and 5 are the most. An unknown speaker is given no voice of its own, an unknown label no sound.
    `frames` and `frames_with_settings`: the same, but give the spectrum's logarithms [B, T, 129]
    and their `num_frames`.

    Args:
        model: What `one_to_frames` built; its features are one-hot labels, then one-hot speakers.
        labels, speakers: Their names, in the order of the features.
        usual_frames: int [labels, speakers], how many frames each usually takes.
        sample_rate: In samples a second.
    """

    def __init__(
        self,
        model: keras.Model,
        labels: Sequence[str],
        speakers: Sequence[str],
        usual_frames: np.ndarray,
        sample_rate: int,
    ):
        super().__init__(
            "label_to_waveform", model.variables, tables=[_table(labels), _table(speakers)]
        )
        usual = np.asarray(usual_frames, "int32")
        # For a speaker that is not known: the mean of all.
        usual = tf.constant(
            np.concatenate([usual, usual.mean(1, keepdims=True).astype("int32")], 1)
        )

        @graph_function(
            input_signature=[
                tf.TensorSpec([None], tf.string, name="label"),
                tf.TensorSpec([None], tf.string, name="speaker"),
                tf.TensorSpec([None], tf.float32, name="seconds"),
            ]
        )
        def spectrum(label, speaker, seconds):
            said, voice = self.tables[0].lookup(label), self.tables[1].lookup(speaker)
            where = tf.stack([tf.maximum(said, 0), voice % (len(speakers) + 1)], 1)
            wanted = tf.cast(tf.round(seconds * sample_rate / STEP), tf.int32)
            count = tf.where(wanted > 0, wanted, tf.gather_nd(usual, where))
            count = tf.where(said >= 0, count, 0)
            # One-hot of -1 is zeros.
            features = [tf.one_hot(said, len(labels)), tf.one_hot(voice, len(speakers))]
            given = {"features": tf.concat(features, 1), "length": count}
            return {
                "frames": model(given, training=False)["frames"],
                "num_frames": count,
                "label_known": said >= 0,
                "speaker_known": voice >= 0,
            }

        def serve(label, speaker, seconds):
            made = spectrum(label, speaker, seconds)
            waveform = griffin_lim(made["frames"], made["num_frames"])
            loudest = tf.reduce_max(tf.abs(waveform), 1, keepdims=True)
            waveform = tf.math.divide_no_nan(0.9 * waveform, loudest)
            length = made["num_frames"] * STEP
            wav = tf.map_fn(
                lambda row: tf.audio.encode_wav(row[0][: row[1], None], sample_rate),
                (waveform, length),
                fn_output_signature=tf.TensorSpec([], tf.string),
            )
            return {
                "waveform": waveform,
                "length": length,
                "sample_rate": tf.fill(tf.shape(length), sample_rate),
                "wav_bytes": wav,
                "label_known": made["label_known"],
                "speaker_known": made["speaker_known"],
            }

        given = [tf.TensorSpec([None], tf.string, name="label")]
        settings = [
            Setting("speaker", "", tf.string),
            Setting("seconds", 0.0, tf.float32, 0.0, MOST_SECONDS),
        ]
        self.add("serving_default", serve, given, settings)
        self.add("frames", spectrum, given, settings)


def _table(names: Sequence[str]) -> tf.lookup.StaticHashTable:
    keys, values = tf.constant(list(names)), tf.range(len(names), dtype=tf.int32)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)
