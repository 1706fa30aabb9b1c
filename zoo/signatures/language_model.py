"""A language model that writes on, scores text, and streams with its state kept by the caller."""

from typing import Any, NamedTuple

import tensorflow as tf

from zoo.decoding import read_prompt, sample, stream_step
from zoo.signatures.graph_function import graph_function
from zoo.text import PAD_ID, START_ID, STOP_ID, UNKNOWN_ID, Tokenizer, Vocabulary


class Drawing(NamedTuple):
    """How the next token is drawn: each a tensor [1] or [B]; see `choose_randomly`."""

    temperature: tf.Tensor
    top_k: tf.Tensor
    top_p: tf.Tensor
    seed: tf.Tensor

    def settings(self, num_rows) -> dict:
        """Returns the settings of `sample` and `stream_step`, one of each a row."""
        seed = tf.broadcast_to(self.seed, [num_rows])
        return {
            "temperature": tf.maximum(tf.broadcast_to(self.temperature, [num_rows]), 0.0),
            "top_k": tf.maximum(tf.broadcast_to(self.top_k, [num_rows]), 0),
            "top_p": tf.broadcast_to(self.top_p, [num_rows]),
            # A seed a row: what a row draws does not depend on its place in a batch.
            "seed": tf.stack([seed, tf.zeros_like(seed)], axis=1),
        }


class LanguageModel(tf.Module):
    """What a language model of the N-to-N topology exports.

    `serving_default`: text -> how it goes on. `score`: text -> its nats. `next`: one step, the
    state of the model in and out, so that a client streams and no server remembers it.

    The settings of drawing are inputs with defaults, of shape [1] or [batch]: `temperature` (0 is
    greedy), `top_k` (0 keeps all), `top_p` (1 keeps all), and `seed`: the same one gives the same
    text. Tokens that the vocabulary lacks are read as unknown, and never written.

    Args:
        one: A `zoo.topologies.TokenStep`: one step of the model, and many.
        vocabulary: Of its tokens.
        tokenizer: How text is cut and joined.
        start_id: The token that a text is taken to follow on.
        stop_id: The token that ends a text; None where only `max_length` does.
        temperature, top_k, top_p, max_length, seed: Defaults of the inputs.
        num_top: How many of the most probable tokens `next` tells.
        window: Tokens that `score` runs at a time: a long text takes the memory of a window.
    """

    def __init__(
        self,
        one: Any,
        vocabulary: Vocabulary,
        tokenizer: Tokenizer,
        *,
        start_id: int = START_ID,
        stop_id: int | None = None,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        max_length: int = 400,
        seed: int = 0,
        num_top: int = 5,
        window: int = 256,
    ):
        super().__init__(name="language_model")
        self.vocabulary = vocabulary
        # The plain variables: what a SavedModel restores. The Keras objects stay out of it.
        self.weights = [variable.value for variable in one.variables]
        self.state_width = sum(one.state_widths)
        forbidden = [PAD_ID, UNKNOWN_ID, START_ID, *([STOP_ID] if stop_id is None else [])]

        def step(tokens, state, memory):
            return one.step(tokens, state, training=False)

        def tokenize(text):
            return padded_ids(vocabulary, tokenizer, text)

        def nats_of(start, ids, lengths, state):
            return token_nats(one, start, ids, lengths, state)

        text_spec = tf.TensorSpec([None], tf.string, name="text")
        drawing_specs = [
            tf.TensorSpec([None], tf.float32, name="temperature"),
            tf.TensorSpec([None], tf.int32, name="top_k"),
            tf.TensorSpec([None], tf.float32, name="top_p"),
            tf.TensorSpec([None], tf.int32, name="seed"),
        ]
        warmth = tf.constant([temperature], tf.float32)
        most, share = tf.constant([top_k], tf.int32), tf.constant([top_p], tf.float32)
        first_seed, limit = tf.constant([seed], tf.int32), tf.constant([max_length], tf.int32)
        begins = tf.constant([0], tf.int32)
        zeros = tf.zeros([1, self.state_width])

        @graph_function(
            input_signature=[
                text_spec,
                *drawing_specs,
                tf.TensorSpec([None], tf.int32, name="max_length"),
            ]
        )
        def serve(
            text, temperature=warmth, top_k=most, top_p=share, seed=first_seed, max_length=limit
        ):
            ids, lengths = tokenize(text)
            rows = tf.shape(lengths)[0]
            start, state = read_prompt(
                step, one.get_initial_state(rows), None, ids, lengths, start_id=start_id
            )
            found = sample(
                step,
                state,
                None,
                start_id=start,
                stop_id=stop_id,
                max_length=tf.maximum(tf.broadcast_to(max_length, [rows]), 0),
                forbidden_ids=forbidden,
                **Drawing(temperature, top_k, top_p, seed).settings(rows),
            )
            written = tf.RaggedTensor.from_tensor(found.tokens, found.lengths)
            whole = tf.concat([tf.RaggedTensor.from_tensor(ids, lengths), written], 1)
            padded = tf.concat([whole.to_tensor(PAD_ID), tf.zeros([rows, 1], tf.int32)], 1)
            nats, _ = nats_of(
                tf.fill([rows], start_id),
                padded,
                tf.cast(whole.row_lengths(), tf.int32),
                one.get_initial_state(rows),
            )
            return {
                "text": tokenizer.join(vocabulary.strings(written)),
                "length": found.lengths,
                "score": found.log_probabilities,
                "prompt_length": lengths,
                "nats": nats,
                "unknown_share": unknown_share(ids, lengths),
            }

        @graph_function(input_signature=[text_spec])
        def score(text):
            ids, lengths = tokenize(text)
            rows = tf.shape(lengths)[0]

            def going(place, last, total, state):
                return place < tf.reduce_max(lengths)

            def advance(place, last, total, state):
                part = ids[:, place : place + window]
                left = tf.clip_by_value(lengths - place, 0, tf.shape(part)[1])
                nats, state = nats_of(last, part, left, state)
                return place + window, part[:, -1], total + tf.reduce_sum(nats, axis=1), state

            _, _, total, _ = tf.while_loop(
                going,
                advance,
                (
                    tf.constant(0),
                    tf.fill([rows], start_id),
                    tf.zeros([rows]),
                    one.get_initial_state(rows),
                ),
            )
            return {
                "nats_per_token": tf.math.divide_no_nan(total, tf.cast(lengths, tf.float32)),
                "nats": total,
                "length": lengths,
                "unknown_share": unknown_share(ids, lengths),
            }

        @graph_function(
            input_signature=[
                text_spec,
                *drawing_specs,
                tf.TensorSpec([None], tf.int32, name="index"),
                tf.TensorSpec([None, self.state_width], tf.float32, name="state"),
            ]
        )
        def follow(
            text,
            temperature=warmth,
            top_k=most,
            top_p=share,
            seed=first_seed,
            index=begins,
            state=zeros,
        ):
            ids, lengths = tokenize(text)
            rows = tf.shape(lengths)[0]
            index = tf.broadcast_to(index, [rows])
            before = _parted(tf.broadcast_to(state, [rows, self.state_width]), one)
            # A text begins after the start token; so does one that has ended and goes on.
            anew = (index == 0) | (lengths == 0)
            start = tf.fill([rows, 1], start_id)
            fed = tf.where(anew[:, None], tf.concat([start, ids[:, :-1]], 1), ids)
            more = lengths + tf.cast(anew, tf.int32) - 1
            last, before = read_prompt(step, before, None, fed[:, 1:], more, start_id=fed[:, 0])
            drawn = stream_step(
                step,
                last,
                before,
                None,
                index=index,
                forbidden_ids=forbidden,
                **Drawing(temperature, top_k, top_p, seed).settings(rows),
            )
            likely = tf.math.top_k(tf.nn.softmax(drawn.logits), num_top)
            stops = drawn.tokens == (-1 if stop_id is None else stop_id)
            return {
                "text": tf.where(stops, "", vocabulary.strings(drawn.tokens)),
                "index": index + 1,
                "state": tf.concat([tf.cast(s, tf.float32) for s in drawn.state], 1),
                "finished": stops,
                "score": drawn.log_probabilities,
                "top_text": vocabulary.strings(likely.indices),
                "top_probabilities": likely.values,
            }

        self.serve, self.score, self.follow = serve, score, follow

    @property
    def signatures(self) -> dict:
        """The functions to export, by signature name."""
        return {"serving_default": self.serve, "score": self.score, "next": self.follow}


def padded_ids(
    vocabulary: Vocabulary, tokenizer: Tokenizer, text: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the ids of strings [B] as int32 [B, N], one column at least, and lengths [B]."""
    ids = vocabulary.ids(tokenizer.split(text))
    lengths = tf.cast(ids.row_lengths(), tf.int32)
    return tf.concat([ids.to_tensor(PAD_ID), tf.zeros_like(lengths)[:, None]], 1), lengths


def unknown_share(ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Returns the share [B] of ids [B, N] that are unknown."""
    unknown = tf.reduce_sum(tf.cast(ids == UNKNOWN_ID, tf.float32), axis=1)
    return tf.math.divide_no_nan(unknown, tf.cast(lengths, tf.float32))


def token_nats(
    one: Any, start: tf.Tensor, ids: tf.Tensor, lengths: tf.Tensor, state: Any
) -> tuple[tf.Tensor, Any]:
    """Returns the nats [B, N] of tokens after `start` [B], zero past the lengths, and the state."""
    inputs = tf.concat([start[:, None], ids[:, :-1]], 1)
    logits, state = one.sequence(inputs, lengths, state, training=False)
    nats = tf.nn.sparse_softmax_cross_entropy_with_logits(ids, tf.cast(logits, tf.float32))
    return tf.where(tf.sequence_mask(lengths, tf.shape(ids)[1]), nats, 0.0), state


def _parted(state: tf.Tensor, one: Any) -> tuple[tf.Tensor, ...]:
    """Cuts [B, all widths] into the model's states."""
    kinds = [part.dtype for part in one.get_initial_state(1)]
    parts = tf.split(state, one.state_widths, axis=1)
    return tuple(tf.cast(part, kind) for part, kind in zip(parts, kinds, strict=True))
