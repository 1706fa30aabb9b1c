"""A language model that writes on, scores text, and streams with its state kept by the caller."""

from typing import Any

import tensorflow as tf

from zoo.decoding import read_prompt, sample, stream_step
from zoo.signatures.signature_module import Setting, SignatureModule, unknown_share
from zoo.text import PAD_ID, START_ID, STOP_ID, UNKNOWN_ID, Tokenizer, Vocabulary

# The longest text that a caller can ask for.
MOST_TOKENS = 2000


def drawing_settings(
    temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0, seed: int = 0
) -> list[Setting]:
    """Returns the settings of drawing with these defaults; see `choose_randomly`.

    Args:
        temperature: divisor of the logits; 0 is greedy.
        top_k: number of likeliest tokens that are drawn from; 0 keeps all.
        top_p: share of the probability that is drawn from; 1 keeps all.
        seed: seed of the drawing; the same one gives the same text.
    """
    return [
        Setting("temperature", temperature, tf.float32, 0.0),
        Setting("top_k", top_k, tf.int32, 0),
        Setting("top_p", top_p, tf.float32),
        Setting("seed", seed, tf.int32),
    ]


def drawn_by(temperature, top_k, top_p, seed) -> dict:
    """Returns the arguments of `sample` and `stream_step` from the settings, [B] each."""
    return {
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        # A seed a row: what a row draws does not depend on its place in a batch.
        "seed": tf.stack([seed, tf.zeros_like(seed)], axis=1),
    }


class LanguageModel(SignatureModule):
    """What a language model of the N-to-N topology exports.

    `serving_default`: text -> how it goes on. `score`: text -> its nats. `next`: one step, the
    state of the model in and out, so that a client streams and no server remembers it.

    `with_settings` and `next_with_settings` take the settings of drawing too, [1] or [batch] each
    (see `drawing_settings`), and `with_settings` takes `max_length`, at most `MOST_TOKENS`. Tokens
    that the vocabulary lacks are read as unknown, and never written.

    Args:
        one: A `zoo.topologies.TokenStep`: one step of the model, and many.
        vocabulary: vocabulary of its tokens.
        tokenizer: How text is cut and joined.
        start_id: The token that a text is taken to follow on.
        stop_id: The token that ends a text; None where only `max_length` does.
        temperature, top_k, top_p, max_length, seed: defaults of the settings.
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
        super().__init__("language_model", one.variables, vocabulary=vocabulary)
        self.state_width = sum(one.state_widths)
        forbidden = [PAD_ID, UNKNOWN_ID, START_ID, *([STOP_ID] if stop_id is None else [])]

        def step(tokens, state, memory):
            return one.step(tokens, state, training=False)

        def tokenize(text):
            return padded_ids(vocabulary, tokenizer, text)

        def nats_of(start, ids, lengths, state):
            return token_nats(one, start, ids, lengths, state)

        text_spec = tf.TensorSpec([None], tf.string, name="text")
        drawing = drawing_settings(temperature, top_k, top_p, seed)
        limit = Setting("max_length", max_length, tf.int32, 0, MOST_TOKENS)

        def serve(text, temperature, top_k, top_p, seed, max_length):
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
                max_length=max_length,
                forbidden_ids=forbidden,
                **drawn_by(temperature, top_k, top_p, seed),
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
                "unknown_share": unknown_share(tf.RaggedTensor.from_tensor(ids, lengths)),
            }

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
                "unknown_share": unknown_share(tf.RaggedTensor.from_tensor(ids, lengths)),
            }

        def follow(text, index, state, temperature, top_k, top_p, seed):
            ids, lengths = tokenize(text)
            rows = tf.shape(lengths)[0]
            before = _parted(state, one)
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
                **drawn_by(temperature, top_k, top_p, seed),
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

        carried = [
            Setting("index", 0, tf.int32),
            Setting("state", 0.0, tf.float32, shape=(self.state_width,)),
        ]
        self.add("serving_default", serve, [text_spec], [*drawing, limit])
        self.add("score", score, [text_spec])
        self.add("next", follow, [text_spec], [*carried, *drawing], required=("index", "state"))


def padded_ids(
    vocabulary: Vocabulary, tokenizer: Tokenizer, text: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the ids of strings [B] as int32 [B, N], one column at least, and lengths [B]."""
    ids = vocabulary.ids(tokenizer.split(text))
    lengths = tf.cast(ids.row_lengths(), tf.int32)
    return tf.concat([ids.to_tensor(PAD_ID), tf.zeros_like(lengths)[:, None]], 1), lengths


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
