"""A story and a question in, an answer out, with the sentences that were looked at."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.signatures.signature_module import SignatureModule, unknown_share
from zoo.text import PAD_ID, Vocabulary
from zoo.text.sentences import split_sentences, split_words


class StoryToAnswer(SignatureModule):
    """What `reading_comprehension` exports.

    `serving_default`: strings `story` and `question` -> `answer`, `score` (its probability),
    `answers` and `scores` (the likeliest, in order), `sentences` [B, S] (padded by empty strings)
    and `weights` [B, hops, S], where each look went. `token_ids` takes padded ids with lengths.
    A word that the vocabulary lacks is read as unknown; `unknown_share` says how many were.

    Args:
        model: What `reading_comprehension` built.
        vocabulary: vocabulary of the words.
        answers: The answers in the order of the model's outputs.
        num_results: How many answers are given out.
    """

    def __init__(
        self,
        model: keras.Model,
        vocabulary: Vocabulary,
        answers: Sequence[str],
        num_results: int = 5,
    ):
        super().__init__("story_to_answer", model.variables, vocabulary=vocabulary)
        names, count = tf.constant(list(answers)), min(num_results, len(answers))

        def answer(story, sentence_length, story_length, question, question_length):
            outputs = model(
                {
                    "story": story,
                    "sentence_length": sentence_length,
                    "story_length": story_length,
                    "question": question,
                    "question_length": question_length,
                },
                training=False,
            )
            chances, order = tf.math.top_k(tf.nn.softmax(outputs["logits"]), count)
            said = tf.gather(names, order)
            return {
                "answer": said[:, 0],
                "score": chances[:, 0],
                "answers": said,
                "scores": chances,
                "weights": outputs["weights"],
            }

        text = [tf.TensorSpec([None], tf.string, name=name) for name in ("story", "question")]

        def serve(story, question):
            sentences = split_sentences(story)
            words = split_words(sentences)
            ids = vocabulary.ids(words)
            asked = vocabulary.ids(split_words(question))
            lengths = tf.cast(words.row_lengths(axis=2), tf.int32)
            said = answer(
                # One sentence and one word at the least: what has none is then all padding.
                _wide(ids.to_tensor(PAD_ID), 3),
                _wide(lengths.to_tensor(0), 2),
                tf.cast(words.row_lengths(), tf.int32),
                _wide(asked.to_tensor(PAD_ID), 2),
                tf.cast(asked.row_lengths(), tf.int32),
            )
            flat = ids.merge_dims(1, 2)
            every = tf.concat([flat, asked], 1)
            return {
                **said,
                "sentences": _wide(sentences.to_tensor(""), 2),
                "unknown_share": unknown_share(every),
            }

        ids = [
            tf.TensorSpec([None, None, None], tf.int32, name="story"),
            tf.TensorSpec([None, None], tf.int32, name="sentence_length"),
            tf.TensorSpec([None], tf.int32, name="story_length"),
            tf.TensorSpec([None, None], tf.int32, name="question"),
            tf.TensorSpec([None], tf.int32, name="question_length"),
        ]
        self.add("serving_default", serve, text)
        self.add("token_ids", answer, ids)


def _wide(padded, rank: int):
    """Adds padding at the end of every axis but the first, so that none of them is empty."""
    empty = "" if padded.dtype == tf.string else tf.zeros([], padded.dtype)
    short = [tf.maximum(0, 1 - tf.shape(padded)[axis]) for axis in range(1, rank)]
    padding = tf.stack([[0, 0], *([0, missing] for missing in short)])
    return tf.pad(padded, padding, constant_values=empty)
