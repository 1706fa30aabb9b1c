"""Text in, text out: an encoder-decoder with its tokenizing and its search inside the graph."""

import keras
import tensorflow as tf

from zoo.decoding import beam_search, greedy_search
from zoo.decoding.beam import check_search
from zoo.decoding.beam_step import beam_step
from zoo.signatures.graph_function import graph_function
from zoo.text import PAD_ID, START_ID, STOP_ID, UNKNOWN_ID, Tokenizer, Vocabulary
from zoo.text.extended_vocabulary import ExtendedVocabulary


class TextToText(tf.Module):
    """What `attention_n_to_m` exports: strings in, the best strings with scores and alignment out.

    Three signatures. `serving_default` and `greedy` take strings, `token_ids` takes padded ids with
    their lengths. The settings of the search are inputs with defaults, of shape [1] or [batch].
    An empty string is answered with an empty string; a token that the vocabulary lacks is read as
    unknown, and the share of such tokens is an output.

    A model that copies (`copying=True`) answers with the source's own words where it copies them,
    those too that the target vocabulary lacks. Its `token_ids` also takes `copy_ids`, and an id of
    V + k in the answer, V the size of the target vocabulary, is the source's word at place k.

    Args:
        model: What `attention_n_to_m` built.
        source, target: The vocabularies.
        source_tokenizer, target_tokenizer: How text is cut and joined.
        beam_width: Hypotheses kept a row.
        num_results: How many of them are returned, at most `beam_width`.
        length_penalty: Default exponent of the length normalisation (Wu et al. 2016).
        no_repeat_ngram: n: beam search says no n tokens in succession a second time; 0: it may.
        max_length: Default for the largest number of target tokens.
    """

    def __init__(
        self,
        model: keras.Model,
        source: Vocabulary,
        target: Vocabulary,
        source_tokenizer: Tokenizer,
        target_tokenizer: Tokenizer,
        *,
        beam_width: int = 8,
        num_results: int = 5,
        length_penalty: float = 1.0,
        no_repeat_ngram: int = 0,
        max_length: int = 64,
    ):
        super().__init__(name="text_to_text")
        check_search(beam_width, num_results, no_repeat_ngram)
        self.source, self.target = source, target
        # The plain variables: what a SavedModel restores. The Keras objects stay out of it.
        self.weights = [variable.value for variable in model.variables]
        encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
        copying = getattr(decoder, "copying", False)
        words = ExtendedVocabulary(target)

        text_spec = tf.TensorSpec([None], tf.string, name="text")
        penalty_spec = tf.TensorSpec([None], tf.float32, name="length_penalty")
        limit_spec = tf.TensorSpec([None], tf.int32, name="max_length")
        given_specs = {
            "source": tf.TensorSpec([None, None], tf.int32, name="source"),
            "source_length": tf.TensorSpec([None], tf.int32, name="source_length"),
        }
        if copying:
            given_specs["copy_ids"] = tf.TensorSpec([None, None], tf.int32, name="copy_ids")

        # Functions of their own, so that the file holds each once and not once a signature.
        @graph_function(input_signature=[given_specs])
        def encode(given):
            encoded = encoder({name: given[name] for name in encoder.input}, training=False)
            copies = {"copy_ids": given["copy_ids"]} if copying else {}
            memory = decoder.prepare(encoded["memory"], encoded["mask"], **copies)
            return decoder.get_initial_state(encoded["cells"], memory), memory

        def step(tokens, state, memory):
            return decoder.step(tokens, state, memory, training=False)

        search = {
            "start_id": START_ID,
            "stop_id": STOP_ID,
            "forbidden_ids": (PAD_ID, UNKNOWN_ID, START_ID),
            "record": lambda state: state.alignment,
        }

        @graph_function(input_signature=[given_specs, penalty_spec, limit_spec])
        def beam(given, length_penalty, max_length):
            state, memory = encode(given)
            return beam_search(
                state=state,
                memory=memory,
                beam_width=beam_width,
                **beam_step(decoder, beam_width),
                num_results=num_results,
                length_penalty=length_penalty,
                no_repeat_ngram=no_repeat_ngram,
                max_length=_row_limits(max_length, given["source_length"]),
                **search,
            )

        def tokenize(text):
            # The words themselves are needed only where they are copied.
            tokens = source_tokenizer.split(text) if copying else None
            ids = source.ids(tokens) if copying else source_tokenizer.ids(text, source)
            lengths = tf.cast(ids.row_lengths(), tf.int32)
            unknown = tf.reduce_sum(tf.cast(ids == UNKNOWN_ID, tf.float32), axis=1)
            share = tf.math.divide_no_nan(unknown, tf.cast(lengths, tf.float32))
            given = {"source": ids.to_tensor(PAD_ID), "source_length": lengths}
            if copying:
                given["copy_ids"] = words.copy_ids(tokens).to_tensor(PAD_ID)
            return given, tokens, share

        def join(ids, lengths, tokens):
            """Ids [R, T] to strings [R], beside the tokens of each one's source."""
            real = tf.RaggedTensor.from_tensor(ids, lengths)
            said = words.strings(real, tokens) if copying else target.strings(real)
            return target_tokenizer.join(said)

        default_penalty = tf.constant([length_penalty], tf.float32)
        default_limit = tf.constant([max_length], tf.int32)

        @graph_function(input_signature=[text_spec, penalty_spec, limit_spec])
        def serve(text, length_penalty=default_penalty, max_length=default_limit):
            given, tokens, unknown = tokenize(text)
            found = beam(given, length_penalty, max_length)
            rows, width = tf.shape(found.lengths)[0], tf.shape(found.lengths)[1]
            strings = join(
                tf.reshape(found.tokens, [rows * width, -1]),
                tf.reshape(found.lengths, [-1]),
                tf.gather(tokens, tf.repeat(tf.range(rows), width)) if copying else None,
            )
            n_best = tf.reshape(strings, [rows, width])
            return {
                "text": n_best[:, 0],
                "score": found.scores[:, 0],
                "n_best": n_best,
                "n_best_scores": found.scores,
                "alignment": found.record[:, 0],
                "unknown_share": unknown,
            }

        @graph_function(input_signature=[text_spec, limit_spec])
        def greedy(text, max_length=default_limit):
            given, tokens, unknown = tokenize(text)
            limits = _row_limits(max_length, given["source_length"])
            found = greedy_search(step, *encode(given), max_length=limits, **search)
            return {
                "text": join(found.tokens, found.lengths, tokens),
                "score": found.scores,
                "alignment": found.record,
                "unknown_share": unknown,
            }

        def best_ids(given, length_penalty, max_length):
            found = beam(given, length_penalty, max_length)
            return {
                "ids": found.tokens,
                "lengths": found.lengths,
                "scores": found.scores,
                "alignment": found.record[:, 0],
            }

        # A signature's inputs are its function's arguments, by name.
        def of_ids(source, source_length, length_penalty=default_penalty, max_length=default_limit):
            given = {"source": source, "source_length": source_length}
            return best_ids(given, length_penalty, max_length)

        def of_ids_to_copy(
            source,
            source_length,
            copy_ids,
            length_penalty=default_penalty,
            max_length=default_limit,
        ):
            given = {"source": source, "source_length": source_length, "copy_ids": copy_ids}
            return best_ids(given, length_penalty, max_length)

        token_ids = graph_function(
            of_ids_to_copy if copying else of_ids,
            input_signature=[*given_specs.values(), penalty_spec, limit_spec],
        )

        self.serve, self.greedy, self.token_ids = serve, greedy, token_ids

    @property
    def signatures(self) -> dict:
        """The functions to export, by signature name."""
        return {"serving_default": self.serve, "greedy": self.greedy, "token_ids": self.token_ids}


def _row_limits(max_length, lengths):
    """One limit a row; an empty source may not be answered with anything."""
    limits = tf.broadcast_to(max_length, tf.shape(lengths))
    return tf.where(lengths > 0, limits, 0)
