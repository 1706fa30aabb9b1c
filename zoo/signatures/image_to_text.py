"""A picture in, text out: decoding, scaling and beam search inside the graph."""

import keras
import tensorflow as tf

from zoo.decoding import beam_search
from zoo.decoding.beam import check_search
from zoo.decoding.beam_step import beam_step
from zoo.images.pictures import decode_picture, standardise_clip
from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import Setting, SignatureModule
from zoo.text import PAD_ID, START_ID, STOP_ID, UNKNOWN_ID, Tokenizer, Vocabulary

# The longest text that a caller can ask for.
MOST_WORDS = 256


class ImageToText(SignatureModule):
    """What `captioning` exports.

    `serving_default` takes encoded pictures (PNG, JPEG, BMP, GIF; any size), which are scaled to
    the training pictures' size, filled up where their shape is another, and turned into their
    negatives where their edge is bright. `pixels` takes pictures of that size. Both answer with
    `text`, its `score`, and `n_best` with `n_best_scores`; `with_settings` takes pictures as
    `serving_default` does, and `max_length`.

    Args:
        model: What `captioning` built, of one channel.
        vocabulary: vocabulary of the words.
        tokenizer: How text is joined.
        height, width: height and width of the training pictures.
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
        super().__init__("image_to_text", model.variables, vocabulary=vocabulary)
        check_search(beam_width, num_results)
        encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
        pixels_spec = tf.TensorSpec([None, height, width], tf.uint8, name="image")
        limit = Setting("max_length", max_length, tf.int32, 0, MOST_WORDS)

        @graph_function(input_signature=[pixels_spec, limit.spec])
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
                max_length=max_length,
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

        def serve(image_bytes, max_length):
            pictures = tf.map_fn(
                lambda data: standardise_clip(decode_picture(data)[None], height, width)[0],
                image_bytes,
                fn_output_signature=tf.TensorSpec([height, width], tf.uint8),
            )
            return describe(pictures, max_length)

        def pixels(image):
            return describe(image, tf.fill(tf.shape(image)[:1], max_length))

        picture = tf.TensorSpec([None], tf.string, name="image_bytes")
        self.add("serving_default", serve, [picture], [limit])
        self.add("pixels", pixels, [pixels_spec])
