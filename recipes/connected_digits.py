"""Speech to words: digits spoken one after the other, by attention N to M over frames."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np

import zoo
from recipes.datasets.connected_digits import Utterance, connected_digits
from recipes.datasets.labelled_recordings import (
    padded_sounds,
    read_labelled_folder,
    read_sound,
)
from recipes.datasets.splitting import held_out
from recipes.families.sound import DATASET, SPEAKERS, public_recordings, warmup_requests
from recipes.metrics.answers import answered
from recipes.metrics.sequence_errors import token_error_rate
from recipes.recipe import Assets, Recipe, Shown, TrainingSettings, register
from zoo.deferred import keras, tf
from zoo.errors import unknown_name
from zoo.tuning import Parameter


# NFC: what is written keeps its signs.
def _front() -> zoo.text.TextFront:
    """Returns what a text goes through."""
    return zoo.text.TextFront(zoo.text.Normalizer("NFC"), zoo.text.tokenizers.get("words"))


SEEDS = {"train": 11, "validation": 12, "test": 13}


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    """Settings of connected_digits, with the reason beside each value."""

    train_utterances: int = 5000
    validation_utterances: int = 300
    test_utterances: int = 1000
    validation_recordings: int = 5
    # Not heard in training; the test says how a stranger is understood.
    unseen_speaker: str = "theo"
    unseen_utterances: int = 300
    units: int = 128
    embedding_dim: int = 32
    encoder_layers: int = 2
    cell: str = "lstm"
    attention: str = "additive"
    attention_units: int = 96
    dropout: float = 0.2
    label_smoothing: float = 0.1
    window_seconds: float = 0.032
    step_seconds: float = 0.016
    num_bands: int = 40
    # With five speakers only, voices have to be made.
    speed: float = 0.12
    loudest_noise: float = 25.0
    time_share: float = 0.05
    band_share: float = 0.15
    batch_size: int = 50
    epochs: float = 25.0
    learning_rate: float = 2e-3
    warmup_steps: int = 200
    clip_norm: float = 1.0
    ema_momentum: float | None = 0.995
    beam_width: int = 4
    num_results: int = 3
    length_penalty: float = 0.0
    max_length: int = 10


@dataclasses.dataclass(frozen=True)
class SpeechAssets(Assets):
    """The words, and the sampling rate of the recordings."""

    words: zoo.text.Vocabulary
    sample_rate: int

    def save(self, folder: Path) -> None:
        self.words.save(folder / "words.txt")
        plain = {"sample_rate": self.sample_rate}
        (folder / "sound.json").write_text(json.dumps(plain), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> SpeechAssets:
        plain = json.loads((folder / "sound.json").read_text(encoding="utf-8"))
        return cls(zoo.text.Vocabulary.load(folder / "words.txt"), plain["sample_rate"])


@register
class ConnectedDigits(Recipe):
    name = "connected_digits"
    title = "Speech to words: digits spoken one after the other"
    topology = "attention_n_to_m"
    datasets = (DATASET,)
    metric = "word_error_rate"
    lower_is_better = True
    own_data = (
        "a folder that holds a folder for each word, and in each WAV files of it: one channel, 16 "
        "bits a sample, all of one sampling rate; utterances are joined from them"
    )
    example = "utterance.wav"
    settings = Settings()
    assets = SpeechAssets
    input_name = "waveform"
    search_space = (
        Parameter("units", choices=(96, 128, 160)),
        Parameter("encoder_layers", choices=(1, 2, 3)),
        Parameter("dropout", low=0.1, high=0.5),
        Parameter("learning_rate", low=5e-4, high=4e-3, log=True),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        count = getattr(settings, f"{split}_utterances")
        if data is not None:
            recordings = read_labelled_folder(data)
            sizes = dict.fromkeys(("validation", "test"), max(1, len(recordings) // 10))
            kept = held_out(recordings, split, sizes, "recordings")
            return connected_digits(kept, count, SEEDS[split])
        if settings.unseen_speaker not in SPEAKERS:
            raise unknown_name("speaker", settings.unseen_speaker, SPEAKERS)
        recordings = public_recordings(split, settings.validation_recordings)
        known = [one for one in recordings if one.speaker != settings.unseen_speaker]
        utterances = connected_digits(known, count, SEEDS[split])
        if split == "test":
            strange = [one for one in recordings if one.speaker == settings.unseen_speaker]
            utterances += connected_digits(strange, settings.unseen_utterances, SEEDS[split] + 1)
        return utterances

    def prepare(self, settings, examples):
        words = _front().split_texts([one.text for one in examples])
        return SpeechAssets(zoo.text.Vocabulary.build(words), examples[0].rate)

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        waveform = keras.Input([None], name="waveform")
        length = keras.Input([], dtype="int32", name="length")
        target = keras.Input([None], dtype="int32", name="target")
        heard, heard_length = zoo.audio.WaveformAugmentation(
            settings.speed, 0, loudest=settings.loudest_noise, name="augmentation"
        )(waveform, length)
        frames, num_frames = zoo.audio.LogMel(
            assets.sample_rate,
            settings.num_bands,
            settings.window_seconds,
            settings.step_seconds,
            name="log_mel",
        )(heard, heard_length)
        masking = zoo.audio.SpectrogramMasking(
            settings.time_share, settings.band_share, name="masking"
        )
        reader = self.built(
            settings,
            source_vocabulary_size=None,
            num_features=settings.num_bands,
            target_vocabulary_size=len(assets.words),
        )
        given = {
            "source": masking(frames, num_frames),
            "source_length": num_frames,
            "target": target,
        }
        inputs = {"waveform": waveform, "length": length, "target": target}
        return keras.Model(inputs, {"logits": reader(given)["logits"]}, name=self.name)

    def columns(self, assets, examples):
        lengths = np.array([len(one.samples) for one in examples])
        flat = np.concatenate([one.samples for one in examples])
        waveform = tf.RaggedTensor.from_row_lengths(flat, lengths.astype("int64"), validate=False)
        texts = tf.constant([one.text for one in examples])
        words = _front().ids(texts, assets.words)
        return {"waveform": waveform, "words": words}, lengths

    def features(self, columns):
        waveform, words = columns["waveform"], columns["words"]
        fed, wanted = zoo.text.fed_and_wanted(words)
        inputs = {
            "waveform": waveform.to_tensor(),
            "length": tf.cast(waveform.row_lengths(), tf.int32),
            "target": fed,
        }
        return inputs, {"logits": wanted}

    def objective(self, settings):
        return {
            "loss": {"logits": zoo.training.token_cross_entropy(settings.label_smoothing)},
            "metrics": {"logits": [zoo.training.TokenNats()]},
        }

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.WaveformToText(
            model,
            assets.words,
            _front(),
            assets.sample_rate,
            beam_width=settings.beam_width,
            num_results=settings.num_results,
            length_penalty=settings.length_penalty,
            max_length=settings.max_length,
        )

    def measure(self, settings, answers, examples):
        metrics = {"utterances": len(examples)}
        strange = [one.speaker == settings.unseen_speaker for one in examples]
        for signature, suffix in (("serving_default", ""), ("greedy", "_greedy")):
            said = self._said(answers, examples, signature)
            for whose, name in ((False, ""), (True, "_unseen_speaker")):
                rows = [i for i, one in enumerate(strange) if one == whose]
                if not rows:
                    continue
                truth = [[examples[i].text] for i in rows]
                error = token_error_rate(truth, [said[i] for i in rows])
                metrics[f"word_error_rate{name}{suffix}"] = error
                wrong = np.mean([said[i] != examples[i].text for i in rows])
                metrics[f"sentence_error_rate{name}{suffix}"] = float(wrong)
        return metrics

    def _said(self, answers, examples, signature="serving_default"):
        said = [""] * len(examples)
        asked = answered(
            answers, examples, padded_sounds, signature, lambda one: len(one.samples), batch_size=50
        )
        for row, answer in asked:
            said[row] = answer["text"].decode()
        return said

    def baselines(self, settings, train, examples):
        known = [one for one in examples if one.speaker != settings.unseen_speaker]
        # As often as an utterance is long: a word lasts about as long as another.
        words = [word for one in train for word in one.text.split()]
        commonest = max(sorted(set(words)), key=words.count)
        seconds = sum(len(one.samples) for one in train) / len(words)
        said = [" ".join([commonest] * max(1, round(len(one.samples) / seconds))) for one in known]
        error = token_error_rate([[one.text] for one in known], said)
        return {"the commonest word all along": {"word_error_rate": error}}

    def inputs(self, given):
        sounds = [read_sound(path) for path in given]
        return padded_sounds([Utterance("", samples, rate, "") for samples, rate in sounds])

    def lines(self, inputs, answer):
        said = zip(inputs, self.says(answer), answer["score"], strict=True)
        return [
            f"{given}\t{text or 'nothing is heard'}\t{score:.3f}" for given, text, score in said
        ]

    def says(self, answer):
        return [text.decode() for text in answer["text"]]

    def draw(self, figure, given, answer):
        words, count = self.says(answer)[0].split(), answer["num_frames"][0]
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
        above.imshow(answer["log_mel"][0, :count].T, origin="lower", aspect="auto", cmap="magma")
        above.set_ylabel("mel band")
        above.set_title(" ".join(words) or "nothing is heard")
        below.imshow(
            answer["alignment"][0, : len(words), :count], cmap="Greys", vmin=0, aspect="auto"
        )
        below.set_yticks(range(len(words)), words)
        below.set_xlabel("frame")

    def show(self, answers, examples, count):
        shown = examples[:300]
        said = self._said(answers, shown)
        return [
            Shown(f"utterance {row} by {one.speaker or '?'}", text, one.text, text == one.text)
            for row, (one, text) in enumerate(zip(shown, said, strict=True))
        ]

    def in_python(self, example):
        return f'model([open("{example}", "rb").read()])["text"]'

    def warmup(self):
        requests = warmup_requests()
        return [*requests.items(), ("greedy", requests["waveform"])]
