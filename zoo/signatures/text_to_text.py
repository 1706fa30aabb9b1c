"""Text in, text out: an encoder-decoder with its tokenizing and its search inside the graph."""

import keras
import tensorflow as tf

from zoo.decoding import beam_search, greedy_search
from zoo.decoding.beam import check_search
from zoo.decoding.beam_step import beam_step
from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import Setting, SignatureModule, unknown_share
from zoo.text import PAD_ID, START_ID, STOP_ID, UNKNOWN_ID, Tokenizer, Vocabulary
from zoo.text.extended_vocabulary import ExtendedVocabulary


class TextToText(SignatureModule):
    """What `attention_n_to_m` exports: strings in, the best strings with scores and alignment out.

    Four signatures. `serving_default` and `greedy` take strings, `with_settings` takes the settings
    of the search too, [1] or [batch] each, and `token_ids` takes padded ids with their lengths. An
    answer has at most `most_tokens(N)` tokens, whatever a caller asks for. An empty string is
    answered with an empty string; a token that the vocabulary lacks is read as unknown, and the
    share of such tokens is an output.

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
        check_search(beam_width, num_results, no_repeat_ngram)
        super().__init__("text_to_text", model.variables, source=source, target=target)
        encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
        copying = getattr(decoder, "copying", False)
        words = ExtendedVocabulary(target)

        text_spec = tf.TensorSpec([None], tf.string, name="text")
        penalty = Setting("length_penalty", length_penalty, tf.float32, -10.0, 10.0)
        limit = Setting("max_length", max_length, tf.int32, 0)
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

        @graph_function(input_signature=[given_specs, penalty.spec, limit.spec])
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
            given = {"source": ids.to_tensor(PAD_ID), "source_length": lengths}
            if copying:
                given["copy_ids"] = words.copy_ids(tokens).to_tensor(PAD_ID)
            return given, tokens, unknown_share(ids)

        def join(ids, lengths, tokens):
            """Ids [R, T] to strings [R], beside the tokens of each one's source."""
            real = tf.RaggedTensor.from_tensor(ids, lengths)
            said = words.strings(real, tokens) if copying else target.strings(real)
            return target_tokenizer.join(said)

        def serve(text, length_penalty, max_length):
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

        def greedy(text):
            given, tokens, unknown = tokenize(text)
            limits = _row_limits(tf.constant([max_length]), given["source_length"])
            found = greedy_search(step, *encode(given), max_length=limits, **search)
            return {
                "text": join(found.tokens, found.lengths, tokens),
                "score": found.scores,
                "alignment": found.record,
                "unknown_share": unknown,
            }

        def token_ids(*given):
            given = dict(zip(given_specs, given, strict=True))
            rows = tf.shape(given["source_length"])
            found = beam(given, tf.fill(rows, length_penalty), tf.fill(rows, max_length))
            return {
                "ids": found.tokens,
                "lengths": found.lengths,
                "scores": found.scores,
                "alignment": found.record[:, 0],
            }

        self.add("serving_default", serve, [text_spec], [penalty, limit])
        self.add("greedy", greedy, [text_spec])
        self.add("token_ids", token_ids, list(given_specs.values()))


def most_tokens(lengths: tf.Tensor) -> tf.Tensor:
    """Returns how long the answer to a source of so many tokens [B] may be, whoever asks."""
    return tf.minimum(32 + 8 * lengths, 1024)


def _row_limits(max_length, lengths):
    """One limit a row; an empty source may not be answered with anything."""
    limits = tf.minimum(tf.broadcast_to(max_length, tf.shape(lengths)), most_tokens(lengths))
    return tf.where(lengths > 0, limits, 0)
