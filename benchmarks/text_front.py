"""Lines a second of the text front of the translation models: TF Text's ops against core ones.

    python -m benchmarks.text_front [--texts FILE] [--seconds 20] [--csv FOLDER]

Both turn the same lines into the ids of the same pieces (checked). `core ops` is how the zoo cut
words before: the longest match by a `tf.scan` over the characters, without a normalizer. `TF Text`
is today's front, normalizer and all. `call` is a function that does nothing: the ratios are of what
the front takes beyond it. The contenders take turns in one process.
"""

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.turns import file_name, hardware, time_in_turns, write_csv
from zoo.text import SPECIAL, Normalizer, TextFront, Vocabulary, WordPieces
from zoo.text.piece_learning import learn_pieces

BATCHES = (1, 64, 4096)
SIZE = 3400
SIGNATURE = [tf.TensorSpec([None], tf.string)]


def cut_words(text: tf.Tensor) -> tf.RaggedTensor:
    """Cuts strings [B] at white space and around signs, by a replacement after the other."""
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
    text = tf.strings.regex_replace(text, "▁", "_")
    text = tf.strings.strip(tf.strings.regex_replace(text, r"\s+", " "))
    text = tf.strings.regex_replace(text, r"(^|\s)(\S)", r" ▁\2")
    sign = r"[^\p{L}\p{N}\p{M}\s▁]"
    return tf.strings.split(tf.strings.regex_replace(text, rf"(▁?(?:{sign}|\p{{Han}}))", r" \1 "))


def longest_matches(vocabulary: Vocabulary) -> Callable[[tf.Tensor], tf.RaggedTensor]:
    """Returns a function of texts to ids, by core TensorFlow ops only."""
    pieces = vocabulary.tokens[len(SPECIAL) :]
    longest = max(map(len, pieces))

    def match(words):
        characters = tf.strings.unicode_split(words, "UTF-8", errors="replace")
        count = tf.cast(characters.row_lengths(), tf.int32)
        padded = characters.to_tensor("")
        columns = tf.shape(padded)[1]
        candidate, best, length = padded, padded, tf.ones(tf.shape(padded), tf.int32)
        position = tf.range(columns)
        for extra in range(1, longest):
            following = tf.pad(padded, [[0, 0], [0, extra]], constant_values="")
            candidate = candidate + following[:, extra : extra + columns]
            found = (vocabulary.ids(candidate) >= len(SPECIAL)) & (
                position + extra < count[:, None]
            )
            best = tf.where(found, candidate, best)
            length = tf.where(found, extra + 1, length)

        def advance(reached, column):
            place, lengths = column
            starts = reached[0] == place
            return tf.where(starts, place + lengths, reached[0]), starts

        _, starts = tf.scan(
            advance,
            (position, tf.transpose(length)),
            initializer=(tf.zeros_like(count), tf.zeros_like(count, tf.bool)),
        )
        return tf.ragged.boolean_mask(best, tf.transpose(starts) & (position < count[:, None]))

    def ids(text):
        words = cut_words(text)
        distinct, place = tf.unique(words.values)
        by_word = tf.RaggedTensor.from_row_splits(
            tf.gather(match(distinct), place), words.row_splits
        )
        return vocabulary.ids(by_word.merge_dims(1, 2))

    return ids


def made_lines(count: int) -> list[str]:
    """Makes lines of words of syllables, for a machine without a corpus."""
    random = np.random.default_rng(0)
    syllables = [a + b for a in "bcdfglmnprst" for b in ("a", "e", "i", "o", "é", "in", "ou")]
    words = ["".join(random.choice(syllables, random.integers(1, 5))) for _ in range(4000)]
    frequent = 1 / np.arange(1, len(words) + 1)
    return [
        " ".join(random.choice(words, random.integers(3, 11), p=frequent / frequent.sum())) + "."
        for _ in range(count)
    ]


def rows(lines: list[str], seconds: float) -> list[dict]:
    """Measures every batch size; returns one record each."""
    lines = Normalizer("NFKC").normalize_all(lines)
    vocabulary = Vocabulary(learn_pieces(lines, SIZE))
    front = TextFront(Normalizer("NFKC"), WordPieces(vocabulary.tokens[len(SPECIAL) :]))
    functions = {
        "core_ops": longest_matches(vocabulary),
        "tf_text": lambda text: front.ids(text, vocabulary),
        "call": tf.identity,
    }
    contenders = {
        name: tf.function(function, input_signature=SIGNATURE, autograph=False)
        for name, function in functions.items()
    }
    records = []
    for batch in BATCHES:
        given = tf.constant((lines * (1 + batch // len(lines)))[:batch])
        if contenders["core_ops"](given).to_list() != contenders["tf_text"](given).to_list():
            raise SystemExit(f"text_front: the contenders cut {batch} lines differently")
        times = time_in_turns(
            {name: partial(one, given) for name, one in contenders.items()},
            seconds / len(BATCHES),
            most=200,
        )
        record = {"lines": batch}
        for name, taken in times.items():
            record |= {f"{name}_{kind}_ms": round(value, 3) for kind, value in taken.items()}
            record[f"{name}_lines_a_second"] = round(batch / taken["median"] * 1000)
        for kind in ("median", "best", "cpu"):
            call = times["call"][kind]
            ratio = (times["core_ops"][kind] - call) / (times["tf_text"][kind] - call)
            record[f"ratio_{kind}"] = round(ratio, 2)
        records.append(record)
        print(
            f"{batch:>5} lines  core ops {record['core_ops_lines_a_second']:>8}/s  "
            f"TF Text {record['tf_text_lines_a_second']:>8}/s  ratio of medians "
            f"{record['ratio_median']}, of the best tenths {record['ratio_best']}, of processor "
            f"time {record['ratio_cpu']}",
            flush=True,
        )
    return records


def main() -> None:
    """Reads the command line, measures, prints, and writes the file that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path, help="UTF-8, a text a line; left out: made-up ones")
    parser.add_argument("--seconds", type=float, default=20, help="of timing, all in all")
    parser.add_argument("--csv", metavar="FOLDER", help="write rows, e.g. to benchmarks/results")
    given = parser.parse_args()
    lines = made_lines(max(BATCHES))
    if given.texts:
        lines = [line for line in given.texts.read_text(encoding="utf-8").split("\n") if line]
    print(hardware())
    records = rows(lines, given.seconds)
    if given.csv:
        write_csv(Path(given.csv) / file_name("text-front", "strings"), records)


if __name__ == "__main__":
    main()
