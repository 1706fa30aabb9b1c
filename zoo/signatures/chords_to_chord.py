"""Chords as text in, how likely each note of the next chord is out."""

import keras
import tensorflow as tf

from zoo.signatures.graph_function import graph_function
from zoo.signatures.signature_module import SignatureModule

BAR = "|"


class ChordsToChord(SignatureModule):
    """What a model of frames of notes exports.

    `serving_default`: `chords` [B], MIDI numbers separated by spaces with | after each chord, such
    as "67 62 59 43 | 69 62 57 50 |" -> `probabilities` [B, K] of each note in the chord that comes
    next, `notes` [B, 8], the likeliest as MIDI numbers in order, with their `chances`, and the
    `nats` [B] of all given chords but the first, whose number is `frames` [B]. `roll` takes the
    chords as float [B, N, K] with `length` [B]. A number out of range is no note.

    Args:
        model: What `n_to_n` built, over K features a step and with K outputs.
        lowest_note: The MIDI number of the first output.
        num_notes: K.
    """

    def __init__(self, model: keras.Model, lowest_note: int, num_notes: int):
        super().__init__("chords_to_chord", model.variables)

        roll_specs = [
            tf.TensorSpec([None, None, num_notes], tf.float32, name="roll"),
            tf.TensorSpec([None], tf.int32, name="length"),
        ]

        @graph_function(input_signature=roll_specs)
        def roll(roll, length):
            # A frame of silence comes before the first: what begins a piece is guessed from it.
            given = tf.pad(roll, [[0, 0], [1, 0], [0, 0]])
            logits = model({"features": given, "length": length + 1}, training=False)["logits"]
            nats = tf.nn.sigmoid_cross_entropy_with_logits(roll, logits[:, :-1])
            place = tf.range(tf.shape(roll)[1])
            judged = (place > 0) & (place < length[:, None])
            chances = tf.sigmoid(tf.gather(logits, length, batch_dims=1))
            best, order = tf.math.top_k(chances, 8)
            return {
                "probabilities": chances,
                "notes": order + lowest_note,
                "chances": best,
                "nats": tf.reduce_sum(tf.where(judged, tf.reduce_sum(nats, -1), 0.0), 1),
                "frames": tf.reduce_sum(tf.cast(judged, tf.int32), 1),
            }

        def serve(chords):
            bars = tf.strings.split(tf.strings.strip(chords), BAR)
            # What stands after the last bar line, nothing as a rule, is a chord if notes are there.
            words = tf.strings.split(tf.strings.strip(bars.values))
            ends = tf.gather(bars.row_splits, bars.value_rowids() + 1) - 1
            last = tf.range(tf.shape(bars.values, tf.int64)[0]) == ends
            kept = ~last | (words.row_lengths() > 0)
            rows = tf.boolean_mask(bars.value_rowids(), kept)
            words = tf.ragged.boolean_mask(words, kept)
            numeric = tf.strings.regex_full_match(words.values, r"\d{1,3}")
            numbers = tf.strings.to_number(tf.where(numeric, words.values, "0"), tf.int32)
            hot = tf.one_hot(tf.where(numeric, numbers, -1) - lowest_note, num_notes)
            frames = tf.math.segment_sum(hot, words.value_rowids())
            count = words.nrows() - tf.shape(frames, tf.int64)[0]
            frames = tf.minimum(tf.pad(frames, [[0, count], [0, 0]]), 1.0)
            ragged = tf.RaggedTensor.from_value_rowids(frames, rows, bars.nrows())
            length = tf.cast(ragged.row_lengths(), tf.int32)
            return roll(ragged.to_tensor(), length)

        self.add("serving_default", serve, [tf.TensorSpec([None], tf.string, name="chords")])
        self.add("roll", roll, roll_specs)
