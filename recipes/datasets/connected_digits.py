"""Utterances of several digits, joined from one speaker's recordings by a seed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recipes.datasets.labelled_recordings import LabelledRecording

FEWEST, MOST = 2, 5
# Seconds of near silence between two digits, and before the first and after the last.
LONGEST_GAP = 0.15


@dataclass(frozen=True, eq=False)
class Utterance:
    """Several words by one speaker.

    Args:
        text: The words, separated by spaces.
        samples: float32 [samples] from -1 to 1.
        rate: Samples a second.
        speaker: Who speaks; "" where nobody knows.
    """

    text: str
    samples: np.ndarray
    rate: int
    speaker: str


def connected_digits(
    recordings: Sequence[LabelledRecording], count: int, seed: int
) -> list[Utterance]:
    """Makes utterances of two to five words, with a gap of up to 0.15 s at every joint.

    The recordings of an utterance are brought to one loudness and joined in faint noise: the gaps
    are not empty.

    Args:
        recordings: recordings of single words; all of one sampling rate.
        count: Utterances.
        seed: Utterance i is a function of the recordings, the seed and i alone.
    """
    voices: dict[str, dict[str, list[LabelledRecording]]] = defaultdict(lambda: defaultdict(list))
    for one in recordings:
        voices[one.speaker or ""][one.label].append(one)
    return [_utterance(voices, np.random.default_rng([seed, index])) for index in range(count)]


def _utterance(voices, random) -> Utterance:
    speaker = sorted(voices)[int(random.integers(len(voices)))]
    own = voices[speaker]
    labels = sorted(own)
    words = [
        labels[int(random.integers(len(labels)))] for _ in range(random.integers(FEWEST, MOST + 1))
    ]
    chosen = [own[word][int(random.integers(len(own[word])))] for word in words]
    rate = chosen[0].rate
    parts = [_gap(rate, random)]
    for one in chosen:
        level = np.sqrt(np.mean(one.samples**2))
        parts += [one.samples * (0.1 / max(level, 1e-6)), _gap(rate, random)]
    samples = np.concatenate(parts)
    samples = samples + random.normal(scale=1e-3, size=len(samples))
    samples = (samples / max(1.0, np.abs(samples).max())).astype("float32")
    return Utterance(" ".join(words), samples, rate, speaker)


def _gap(rate, random):
    return np.zeros(int(random.uniform(0, LONGEST_GAP) * rate))
