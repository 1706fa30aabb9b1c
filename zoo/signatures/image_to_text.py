"""A picture in, text out: decoding, scaling and beam search inside the graph."""

import keras
import tensorflow as tf

from zoo.decoding import beam_search
from zoo.decoding.beam import check_search
from zoo.decoding.beam_step import beam_step
from zoo.images.pictures import decode_picture, standardise_clip
from zoo.signatures.graph_function import graph_function
from zoo.text import PAD_ID, START_ID, STOP_ID, UNKNOWN_ID, Tokenizer, Vocabulary


class ImageToText(tf.Module):
    """What `captioning` exports.

    `serving_default` takes encoded pictures (PNG, JPEG, BMP, GIF; any size), which are scaled to
    the training pictures' size, filled up where their shape is another, and turned into their
    negatives where their edge is bright. `pixels` takes pictures of that size. Both answer with
    `text`, its `score`, and `n_best` with `n_best_scores`; `max_length` is an input with a default.

    Args:
        model: What `captioning` built, of one channel.
        vocabulary: Of the words.
        tokenizer: How text is joined.
        height, width: Of the training pictures.
        beam_width: Hypotheses kept a row.
        num_results: How many of them are returned, at most `beam_width`.
        max_length: Default for the largest number of words.
    """

    def __init__(
        self,
        model: keras.Model,
        vocabulary: Vocabulary,
        tokenizer: Tokenizer,
        height: int,
        width: int,
        *,
        beam_width: int = 3,
        num_results: int = 3,
        max_length: int = 16,
    ):
        super().__init__(name="image_to_text")
        check_search(beam_width, num_results)
        self.vocabulary = vocabulary
        # The plain variables: what a SavedModel restores. The Keras objects stay out of it.
        self.weights = [variable.value for variable in model.variables]
        encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
        pixels_spec = tf.TensorSpec([None, height, width], tf.uint8, name="image")
        limit_spec = tf.TensorSpec([None], tf.int32, name="max_length")
        limit = tf.constant([max_length], tf.int32)

        # A function of its own, so that the file holds it once and not once a signature.
        @graph_function(input_signature=[pixels_spec, limit_spec])
        def describe(image, max_length):
            rows = tf.shape(image)[0]
            bright = tf.cast(image, tf.float32)[..., None] / 255.0
            encoded = encoder({"image": bright}, training=False)
            memory = decoder.prepare(encoded["memory"], encoded["mask"])
            found = beam_search(
                state=decoder.get_initial_state(encoded["cells"], memory),
                memory=memory,
                beam_width=beam_width,
                **beam_step(decoder, beam_width),
                num_results=num_results,
                max_length=tf.maximum(tf.broadcast_to(max_length, [rows]), 0),
                start_id=START_ID,
                stop_id=STOP_ID,
                forbidden_ids=(PAD_ID, UNKNOWN_ID, START_ID),
            )
            words = tf.RaggedTensor.from_tensor(
                tf.reshape(found.tokens, [rows * num_results, -1]),
                tf.reshape(found.lengths, [-1]),
            )
            said = tf.reshape(tokenizer.join(vocabulary.strings(words)), [rows, num_results])
            return {
                "text": said[:, 0],
                "score": found.scores[:, 0],
                "n_best": said,
                "n_best_scores": found.scores,
            }

        @graph_function(
            input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes"), limit_spec]
        )
        def serve(image_bytes, max_length=limit):
            pictures = tf.map_fn(
                lambda data: standardise_clip(decode_picture(data)[None], height, width)[0],
                image_bytes,
                fn_output_signature=tf.TensorSpec([height, width], tf.uint8),
            )
            return describe(pictures, max_length)

        @graph_function(input_signature=[pixels_spec, limit_spec])
        def pixels(image, max_length=limit):
            return describe(image, max_length)

        self.serve, self.pixels = serve, pixels

    @property
    def signatures(self) -> dict:
        """The functions to export, by signature name."""
        return {"serving_default": self.serve, "pixels": self.pixels}
