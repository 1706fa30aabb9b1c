"""Regular verse: a language model writes a poem in a given form, from a beginning or acrostic."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from zoo.decoding import read_prompt, sample
from zoo.signatures.language_model import drawing_settings, drawn_by, padded_ids, token_nats
from zoo.signatures.signature_module import Setting, SignatureModule, unknown_share
from zoo.signatures.verse_form import Form, VerseForm
from zoo.text import PAD_ID, START_ID, STOP_ID, UNKNOWN_ID, Tokenizer, Vocabulary

_MOST_VERSES, _LONGEST_VERSE = 64, 32


class VerseWriter(SignatureModule):
    """What a language model of regular verse exports.

    `serving_default`: a poem from its beginning (or from nothing) in a form that is kept by a mask
    inside the graph. `free`: the same without the mask, for what the model has learned itself.
    `score`: the nats of a poem.

    `with_settings` takes beside `text`, [1] or [batch] each: `form`, characters a verse, 1 to 32;
    `verses`, how many, 1 to 64; `acrostic`, the characters that the verses begin with, which may be
    any, known to the model or not, and are at least as many verses; `temperature`, `top_k`,
    `top_p`, `seed` as in `LanguageModel`. `free_with_settings` takes all but `acrostic`,
    `score_with_settings` takes `form`.

    Args:
        one: A `zoo.topologies.TokenStep`.
        vocabulary: vocabulary of its tokens.
        tokenizer: How text is cut and joined.
        marks: The mark inside a couplet and the one at its end.
        forms: Verse length -> the token that is fed before a poem of that form; another length is
            begun by that of the first one.
        verses, temperature, seed: defaults of the settings; `form`'s is the first of `forms`.
    """

    def __init__(
        self,
        one: Any,
        vocabulary: Vocabulary,
        tokenizer: Tokenizer,
        marks: tuple[str, str],
        forms: Mapping[int, str],
        *,
        verses: int = 4,
        temperature: float = 1.0,
        seed: int = 0,
    ):
        super().__init__("verse_writer", one.variables, vocabulary=vocabulary)
        form_ids = {length: vocabulary.tokens.index(token) for length, token in forms.items()}
        rules = VerseForm(vocabulary, marks, list(forms.values()))

        def step(tokens, state, memory):
            return one.step(tokens, state, training=False)

        kept = rules.constrain(step)
        start_table = tf.constant(list(form_ids)), tf.constant(list(form_ids.values()))

        def start_of(form):
            """Returns the token before a poem of each row's form, int32 [B]."""
            lengths, ids = start_table
            return tf.gather(ids, tf.argmax(form[:, None] == lengths, 1, tf.int32))

        def surprisal(start, ids, lengths, written):
            whole = tf.concat([tf.RaggedTensor.from_tensor(ids, lengths), written], 1)
            rows = tf.shape(lengths)[0]
            padded = tf.concat([whole.to_tensor(PAD_ID), tf.zeros([rows, 1], tf.int32)], 1)
            total = tf.cast(whole.row_lengths(), tf.int32)
            return token_nats(one, start, padded, total, one.get_initial_state(rows))[0]

        def filled(tokens, ids, first):
            """Returns the tokens' strings, the acrostic's own where the model knows it not."""
            strings = vocabulary.strings(tokens)
            if first is None:
                return strings
            marks_before = tf.reduce_sum(tf.cast(_is_mark(ids, rules), tf.int32), 1, keepdims=True)
            mark = tf.cast(_is_mark(tokens, rules), tf.int32)
            verse = marks_before + tf.cumsum(mark, axis=1, exclusive=True)
            own = tf.gather(first, tf.minimum(verse, tf.shape(first)[1] - 1), batch_dims=1)
            return tf.where(tokens == UNKNOWN_ID, own, strings)

        def answer(found, ids, lengths, start, first=None):
            strings = filled(found.tokens, ids, first)
            return {
                "text": tokenizer.join(tf.RaggedTensor.from_tensor(strings, found.lengths)),
                "score": found.log_probabilities,
                "prompt_length": lengths,
                "nats": surprisal(
                    start, ids, lengths, tf.RaggedTensor.from_tensor(found.tokens, found.lengths)
                ),
                "unknown_share": unknown_share(tf.RaggedTensor.from_tensor(ids, lengths)),
            }

        text_spec = tf.TensorSpec([None], tf.string, name="text")

        def serve(text, form, verses, acrostic, temperature, top_k, top_p, seed):
            ids, lengths = padded_ids(vocabulary, tokenizer, text)
            rows = tf.shape(lengths)[0]
            letters = tokenizer.split(acrostic)
            count = tf.minimum(tf.cast(letters.row_lengths(), tf.int32), _MOST_VERSES)
            verses = tf.maximum(verses, count)
            # One column at least, to gather from.
            letters = tf.concat([letters.to_tensor(""), tf.fill([rows, 1], "")], 1)
            memory = Form(form, verses, vocabulary.ids(letters), count)
            start = start_of(form)
            state = rules.start(one.get_initial_state(rows), rows)
            last, state = read_prompt(kept, state, memory, ids, lengths, start_id=start)
            found = sample(
                kept,
                state,
                memory,
                start_id=last,
                stop_id=STOP_ID,
                max_length=verses * (form + 1) + 1,
                **drawn_by(temperature, top_k, top_p, seed),
            )
            return answer(found, ids, lengths, start, letters)

        def free(text, form, verses, temperature, top_k, top_p, seed):
            ids, lengths = padded_ids(vocabulary, tokenizer, text)
            rows = tf.shape(lengths)[0]
            start = start_of(form)
            last, state = read_prompt(
                step, one.get_initial_state(rows), None, ids, lengths, start_id=start
            )
            found = sample(
                step,
                state,
                None,
                start_id=last,
                stop_id=STOP_ID,
                max_length=verses * (form + 1) + 1,
                forbidden_ids=[PAD_ID, UNKNOWN_ID, START_ID, *form_ids.values()],
                **drawn_by(temperature, top_k, top_p, seed),
            )
            return {**answer(found, ids, lengths, start), "finished": found.finished}

        def score(text, form):
            ids, lengths = padded_ids(vocabulary, tokenizer, text)
            rows = tf.shape(lengths)[0]
            # The end is a token to be predicted too.
            ends = tf.one_hot(lengths, tf.shape(ids)[1], STOP_ID, 0, dtype=tf.int32)
            nats, _ = token_nats(
                one,
                start_of(form),
                ids + ends,
                lengths + 1,
                one.get_initial_state(rows),
            )
            return {
                "nats": tf.reduce_sum(nats, axis=1),
                "length": lengths,
                "unknown_share": unknown_share(tf.RaggedTensor.from_tensor(ids, lengths)),
            }

        form = Setting("form", next(iter(forms)), tf.int32, 1, _LONGEST_VERSE)
        count = Setting("verses", verses, tf.int32, 1, _MOST_VERSES)
        acrostic = Setting("acrostic", "", tf.string)
        drawing = drawing_settings(temperature, seed=seed)
        self.add("serving_default", serve, [text_spec], [form, count, acrostic, *drawing])
        self.add("free", free, [text_spec], [form, count, *drawing])
        self.add("score", score, [text_spec], [form])


def _is_mark(ids: tf.Tensor, rules: VerseForm) -> tf.Tensor:
    return (ids == rules.mark_ids[0]) | (ids == rules.mark_ids[1])
