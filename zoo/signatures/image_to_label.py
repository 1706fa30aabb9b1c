"""Pictures in, their classes out: decoding and scaling inside the graph."""

from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

from zoo.images.pictures import decode_picture, standardise
from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import SignatureModule

Tensors = Mapping[str, tf.Tensor]


class ImageToLabel(SignatureModule):
    """What a classifier of pictures exports: encoded pictures in, labels with probabilities out.

    Two signatures. `serving_default` takes encoded pictures (PNG, JPEG, BMP, GIF; any size) and
    brings each into the form of the training pictures, see `standardise`. `pixels` takes pictures
    that have that form. Both answer with `label`, its `probability`, the `probabilities` of all
    `classes`, the `ink` (share of the pixels that are not background; 0 for an empty sheet), and
    what `details` adds.

    Args:
        model: Its output `logits` is [B, K]; others are for `details`.
        labels: The K names.
        height, width: height and width of the training pictures.
        to_inputs: From pictures float [B, height, width], 0 to 1, to the model's inputs.
        details: From the model's inputs and outputs to more outputs by name.
    """

    def __init__(
        self,
        model: keras.Model,
        labels: Sequence[str],
        height: int,
        width: int,
        to_inputs: Callable[[tf.Tensor], Tensors],
        details: Callable[[Tensors, Tensors], Tensors] = lambda inputs, outputs: {},
    ):
        super().__init__("image_to_label", model.variables)
        names = list(labels)
        pixels_spec = tf.TensorSpec([None, height, width], tf.uint8, name="image")

        @graph_function(input_signature=[pixels_spec])
        def classify(image):
            inputs = to_inputs(tf.cast(image, tf.float32) / 255.0)
            outputs = model(inputs, training=False)
            probabilities = tf.nn.softmax(outputs["logits"])
            best = tf.argmax(probabilities, 1)
            classes = tf.constant(names)
            return {
                "label": tf.gather(classes, best),
                "probability": tf.reduce_max(probabilities, 1),
                "probabilities": probabilities,
                "classes": tf.tile(classes[None], [tf.shape(image)[0], 1]),
                "ink": tf.reduce_mean(tf.cast(image > 127, tf.float32), [1, 2]),
                **details(inputs, outputs),
            }

        def serve(image_bytes):
            return classify(
                tf.map_fn(
                    lambda data: standardise(decode_picture(data), height, width),
                    image_bytes,
                    fn_output_signature=tf.TensorSpec([height, width], tf.uint8),
                )
            )

        self.add("serving_default", serve, [tf.TensorSpec([None], tf.string, name="image_bytes")])
        self.add("pixels", classify, [pixels_spec])
