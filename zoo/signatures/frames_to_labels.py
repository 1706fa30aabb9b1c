"""Clips in, a label for every frame out: decoding and scaling inside the graph."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.images.pictures import decode_clips
from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import SignatureModule


class FramesToLabels(SignatureModule):
    """What `n_to_n` over frames exports: encoded clips in, a label for each frame out.

    Two signatures. `serving_default` takes encoded clips (an animated GIF, or a picture with square
    frames below each other; any size and length), see `decode_clip`. `frames` takes clips of the
    training size, padded at their end, with their lengths. Both answer with `labels` ("" past
    a clip's end), the `probability` of each, the `probabilities` of all `classes`, and `length`.

    Args:
        model: Reads `features` [B, T, height * width] and `length`; its `logits` are [B, T, K].
        labels: The K names.
        height, width: height and width of the training frames.
    """

    def __init__(self, model: keras.Model, labels: Sequence[str], height: int, width: int):
        super().__init__("frames_to_labels", model.variables)
        names = list(labels)
        frames_spec = tf.TensorSpec([None, None, height, width], tf.uint8, name="frames")
        length_spec = tf.TensorSpec([None], tf.int32, name="length")

        @graph_function(input_signature=[frames_spec, length_spec])
        def label(frames, length):
            batch, time = tf.shape(frames)[0], tf.shape(frames)[1]
            features = tf.cast(tf.reshape(frames, [batch, time, height * width]), tf.float32) / 255
            given = {"features": features, "length": length}
            probabilities = tf.nn.softmax(model(given, training=False)["logits"])
            real = tf.sequence_mask(length, time)
            probabilities = tf.where(real[..., None], probabilities, 0.0)
            classes = tf.constant(names)
            named = tf.gather(classes, tf.argmax(probabilities, 2))
            return {
                "labels": tf.where(real, named, ""),
                "probability": tf.reduce_max(probabilities, 2),
                "probabilities": probabilities,
                "classes": tf.tile(classes[None], [batch, 1]),
                "length": length,
            }

        def serve(clip_bytes):
            return label(*decode_clips(clip_bytes, height, width))

        self.add("serving_default", serve, [tf.TensorSpec([None], tf.string, name="clip_bytes")])
        self.add("frames", label, [frames_spec, length_spec])
