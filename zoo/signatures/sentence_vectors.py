"""Sentences in, their vectors out, and how well a sentence follows on another."""

import keras
import tensorflow as tf

from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import SignatureModule, unknown_share
from zoo.text import PAD_ID, Vocabulary, fed_and_wanted
from zoo.text.sentences import split_words


class SentenceVectors(SignatureModule):
    """What `skip_thought` exports.

    `serving_default`: `text` [B] -> `vector` [B, D] and `unknown_share`; an empty text has the
    vector of a sentence of no word. `following`: `text` and `candidate` [B] -> `nats` [B], the
    negative log-likelihood of the candidate as the sentence after the text, and `tokens` [B], its
    words and its end. `token_ids`: padded ids with lengths -> `vector`.

    Args:
        model: What `skip_thought` built.
        vocabulary: vocabulary of the words.
        max_words: Longer sentences are cut, as in training.
    """

    def __init__(self, model: keras.Model, vocabulary: Vocabulary, max_words: int):
        encoder, decoders = model.get_layer("encoder"), model.get_layer("decoders")
        # No signature asks the decoder of the sentence before.
        variables = [*encoder.variables, *decoders.next.variables]
        super().__init__("sentence_vectors", variables, vocabulary=vocabulary)
        text_spec = tf.TensorSpec([None], tf.string, name="text")
        ids_spec = tf.TensorSpec([None, None], tf.int32, name="source")
        length_spec = tf.TensorSpec([None], tf.int32, name="source_length")

        def cut(text):
            return vocabulary.ids(split_words(text))[:, :max_words]

        @graph_function(input_signature=[ids_spec, length_spec])
        def encode(source, source_length):
            return encoder({"source": source, "source_length": source_length}, training=False)

        def encoded(ids):
            # One column at the least: a batch of empty texts has none.
            padded = tf.pad(ids.to_tensor(PAD_ID), [[0, 0], [0, 1]])
            return encode(padded, tf.cast(ids.row_lengths(), tf.int32))

        def serve(text):
            ids = cut(text)
            return {
                "vector": encoded(ids)["vector"],
                "unknown_share": unknown_share(ids),
            }

        def following(text, candidate):
            read, ids = encoded(cut(text)), cut(candidate)
            fed, target = fed_and_wanted(ids)
            logits = decoders.next(
                fed,
                read["cells"],
                read["memory"],
                read["mask"],
                training=False,
            )["logits"]
            nats = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
            real = target != PAD_ID
            return {
                "nats": tf.reduce_sum(tf.where(real, nats, 0.0), axis=1),
                "tokens": tf.reduce_sum(tf.cast(real, tf.int32), axis=1),
            }

        def token_ids(source, source_length):
            return {"vector": encode(source, source_length)["vector"]}

        candidate_spec = tf.TensorSpec([None], tf.string, name="candidate")
        self.add("serving_default", serve, [text_spec])
        self.add("following", following, [text_spec, candidate_spec])
        self.add("token_ids", token_ids, [ids_spec, length_spec])
