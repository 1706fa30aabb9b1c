"""Clips in, one label each out: decoding and scaling inside the graph."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.images.pictures import decode_clips
from zoo.signatures.graph_function import graph_function


class ClipToLabel(tf.Module):
    """What `n_to_one` over frames exports: encoded clips in, a label for each clip out.

    Two signatures. `serving_default` takes encoded clips (an animated GIF, or a picture with square
    frames below each other; any size and length), see `decode_clip`. `frames` takes clips of the
    training size, padded at their end, with their lengths. Both answer with `label`, its
    `probability`, the `probabilities` of all `classes`, and `length`, the frames of each clip.

    Args:
        model: Reads `features` [B, T, height * width] and `length`; its `logits` are [B, K].
        labels: The K names.
        height, width: Sides of the training frames.
    """

    def __init__(self, model: keras.Model, labels: Sequence[str], height: int, width: int):
        super().__init__(name="clip_to_label")
        # The plain variables: what a SavedModel restores. The Keras objects stay out of it.
        self.weights = [variable.value for variable in model.variables]
        names = list(labels)
        frames_spec = tf.TensorSpec([None, None, height, width], tf.uint8, name="frames")
        length_spec = tf.TensorSpec([None], tf.int32, name="length")

        # A function of its own, so that the file holds it once and not once a signature.
        @graph_function(input_signature=[frames_spec, length_spec])
        def classify(frames, length):
            batch, time = tf.shape(frames)[0], tf.shape(frames)[1]
            features = tf.cast(tf.reshape(frames, [batch, time, height * width]), tf.float32) / 255
            given = {"features": features, "length": length}
            probabilities = tf.nn.softmax(model(given, training=False)["logits"])
            classes = tf.constant(names)
            return {
                "label": tf.gather(classes, tf.argmax(probabilities, 1)),
                "probability": tf.reduce_max(probabilities, 1),
                "probabilities": probabilities,
                "classes": tf.tile(classes[None], [batch, 1]),
                "length": length,
            }

        @graph_function(input_signature=[tf.TensorSpec([None], tf.string, name="clip_bytes")])
        def serve(clip_bytes):
            return classify(*decode_clips(clip_bytes, height, width))

        @graph_function(input_signature=[frames_spec, length_spec])
        def frames(frames, length):
            return classify(frames, length)

        self.serve, self.frames = serve, frames

    @property
    def signatures(self) -> dict:
        """The functions to export, by signature name."""
        return {"serving_default": self.serve, "frames": self.frames}
