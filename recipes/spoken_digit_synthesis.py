"""Class to speech: a digit and a speaker to sound, 1 to N."""

import dataclasses
import json
from pathlib import Path

import numpy as np

import zoo
from recipes.datasets.labelled_recordings import read_labelled_folder
from recipes.datasets.splitting import held_out
from recipes.drawings.sound import draw_sound
from recipes.families.sound import DATASET, public_recordings
from recipes.metrics.answers import answered
from recipes.recipe import Assets, Recipe, Shown, TrainingSettings, register
from zoo.deferred import tf
from zoo.errors import InputError
from zoo.references import saved_models
from zoo.tuning import Parameter

RECOGNISER = "spoken_digits"


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    """Settings of spoken_digit_synthesis, with the reason beside each value."""

    validation_recordings: int = 5
    units: int = 160
    num_layers: int = 2
    cell: str = "lstm"
    # All frames are made at once, so nothing is lost by looking ahead.
    bidirectional: bool = True
    num_waves: int = 8
    dropout: float = 0.1
    batch_size: int = 64
    epochs: float = 40.0
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    clip_norm: float = 1.0
    ema_momentum: float | None = 0.99
    # The median of a label's spectra is less blurred than their mean.
    loss: str = "absolute"
    # Sounds of each label by each speaker that are measured: the lengths differ.
    drawn_lengths: int = 5


@dataclasses.dataclass(frozen=True)
class SynthesisAssets(Assets):
    """The labels and speakers, how many frames each pair usually takes, and the sampling rate."""

    labels: tuple[str, ...]
    speakers: tuple[str, ...]
    usual_frames: tuple[tuple[int, ...], ...]
    sample_rate: int

    def save(self, folder: Path) -> None:
        plain = json.dumps(dataclasses.asdict(self), ensure_ascii=False)
        (folder / "sound.json").write_text(plain, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "SynthesisAssets":
        plain = json.loads((folder / "sound.json").read_text(encoding="utf-8"))
        frames = tuple(tuple(row) for row in plain["usual_frames"])
        return cls(tuple(plain["labels"]), tuple(plain["speakers"]), frames, plain["sample_rate"])


@register
class SpokenDigitSynthesis(Recipe):
    name = "spoken_digit_synthesis"
    title = "Class to speech: a digit in the voice of a speaker"
    topology = "one_to_frames"
    datasets = (DATASET,)
    metric = "recognised"
    lower_is_better = False
    own_data = (
        "a folder that holds a folder for each label, and in each WAV files of that label: one "
        "channel, 16 bits a sample, all of one sampling rate"
    )
    example = "seven theo"
    settings = Settings()
    assets = SynthesisAssets
    input_name = "label"
    search_space = (
        Parameter("units", choices=(96, 160, 224)),
        Parameter("num_layers", choices=(1, 2)),
        Parameter("dropout", low=0.0, high=0.3),
        Parameter("learning_rate", low=5e-4, high=5e-3, log=True),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is not None:
            recordings = read_labelled_folder(data)
            tenth = max(1, len(recordings) // 10)
            sizes = {"validation": tenth, "test": tenth}
            return held_out(recordings, split, sizes, "recordings")
        return public_recordings(split, settings.validation_recordings)

    def prepare(self, settings, examples):
        labels = sorted({one.label for one in examples})
        speakers = sorted({one.speaker or "" for one in examples})
        frames: dict[tuple[str, str], list[int]] = {}
        for one in examples:
            key = (one.label, one.speaker or "")
            frames.setdefault(key, []).append(-(-len(one.samples) // zoo.audio.STEP))
        middle = int(np.median([count for row in frames.values() for count in row]))
        usual = tuple(
            tuple(int(np.median(frames.get((label, speaker), [middle]))) for speaker in speakers)
            for label in labels
        )
        return SynthesisAssets(tuple(labels), tuple(speakers), usual, examples[0].rate)

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        return self.built(
            settings,
            num_features=len(assets.labels) + len(assets.speakers),
            num_outputs=zoo.audio.BINS,
        )

    def columns(self, assets, examples):
        spectra = [zoo.audio.log_magnitudes(tf.constant(one.samples)).numpy() for one in examples]
        lengths = np.array([len(spectrum) for spectrum in spectra])
        features = np.zeros([len(examples), len(assets.labels) + len(assets.speakers)], "float32")
        for row, one in enumerate(examples):
            if one.label not in assets.labels:
                raise InputError(f"{one.name}: no training recording is of {one.label!r}")
            features[row, assets.labels.index(one.label)] = 1
            if (one.speaker or "") in assets.speakers:
                features[row, len(assets.labels) + assets.speakers.index(one.speaker or "")] = 1
        flat = tf.constant(np.concatenate(spectra))
        ragged = tf.RaggedTensor.from_row_lengths(flat, lengths.astype("int64"), validate=False)
        return {"features": features, "spectrum": ragged}, lengths

    def features(self, columns):
        spectrum = columns["spectrum"]
        length = tf.cast(spectrum.row_lengths(), tf.int32)
        # Padding is not a number: it is no part of the loss.
        wanted = spectrum.to_tensor(float("nan"))
        return {"features": columns["features"], "length": length}, {"frames": wanted}

    def objective(self, settings):
        return {"loss": {"frames": zoo.training.forecast_loss(settings.loss)}, "metrics": {}}

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.LabelToWaveform(
            model, assets.labels, assets.speakers, np.array(assets.usual_frames), assets.sample_rate
        )

    def measure(self, settings, answers, examples):
        asked = answered(
            answers, examples, _asked, "frames", length=lambda one: len(one.samples), batch_size=100
        )
        wrong = numbers = 0.0
        for row, answer in asked:
            truth = zoo.audio.log_magnitudes(tf.constant(examples[row].samples)).numpy()
            made = answer["frames"][: len(truth)]
            wrong += float(np.abs(made - truth[: len(made)]).sum())
            numbers += made.size
        return {"recordings": len(examples), "frame_error": wrong / numbers}

    def measure_against(self, settings, answers, train, examples):
        if RECOGNISER not in saved_models.names():
            # One's own words in one's own place: nobody there understands digits.
            return {}
        recogniser = zoo.load(RECOGNISER)
        wanted = []
        for label, speaker in sorted({(one.label, one.speaker or "") for one in train}):
            own = [one for one in train if (one.label, one.speaker or "") == (label, speaker)]
            seconds = [len(one.samples) / one.rate for one in own]
            shares = np.linspace(0.1, 0.9, settings.drawn_lengths)
            wanted += [(label, speaker, float(np.quantile(seconds, share))) for share in shares]
        right = []
        for start in range(0, len(wanted), 50):
            part = wanted[start : start + 50]
            made = answers(
                label=[label for label, _, _ in part],
                speaker=[speaker for _, speaker, _ in part],
                seconds=[seconds for _, _, seconds in part],
            )
            heard = recogniser(
                waveform=made["waveform"], length=made["length"], sample_rate=made["sample_rate"]
            )["label"]
            right += [a.decode() == b for a, (b, _, _) in zip(heard, part, strict=True)]
        true = []
        for one in examples:
            heard = recogniser(
                waveform=one.samples[None],
                length=np.array([len(one.samples)], "int32"),
                sample_rate=np.array([one.rate], "int32"),
            )["label"]
            true.append(heard[0].decode() == one.label)
        return {
            "recognised": float(np.mean(right)),
            "recognised_recordings": float(np.mean(true)),
        }

    def baselines(self, settings, train, examples):
        mean = np.concatenate(
            [zoo.audio.log_magnitudes(tf.constant(o.samples)).numpy() for o in train[::10]]
        )
        middle = np.median(mean, 0)
        wrong = [
            np.abs(zoo.audio.log_magnitudes(tf.constant(o.samples)).numpy() - middle)
            for o in examples
        ]
        numbers = sum(part.size for part in wrong)
        return {"the usual frame": {"frame_error": float(sum(p.sum() for p in wrong) / numbers)}}

    def inputs(self, given):
        pairs = [text.split(maxsplit=1) for text in given]
        return {
            "label": [pair[0] if pair else "" for pair in pairs],
            "speaker": [pair[1] if len(pair) > 1 else "" for pair in pairs],
        }

    def lines(self, inputs, answer):
        lines = []
        for row, text in enumerate(inputs):
            seconds = answer["length"][row] / answer["sample_rate"][row]
            note = "" if answer["speaker_known"][row] else "\tno voice of its own"
            note = note if answer["label_known"][row] else "\tthe label is unknown"
            lines.append(f"{text}\t{seconds:.2f} s{note}")
        return lines

    def says(self, answer):
        return [
            f"{n / rate:.2f} s"
            for n, rate in zip(answer["length"], answer["sample_rate"], strict=True)
        ]

    def draw(self, figure, given, answer):
        samples = answer["waveform"][0, : answer["length"][0]]
        frames = zoo.audio.log_magnitudes(tf.constant(samples)).numpy()
        draw_sound(figure, frames, None, given, zoo.audio.STEP / answer["sample_rate"][0])

    def write(self, path, given, answer):
        if path.suffix != ".wav":
            return False
        try:
            path.write_bytes(answer["wav_bytes"][0])
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror}") from error
        return True

    def show(self, answers, examples, count):
        chosen = [examples[i] for i in np.random.default_rng(0).permutation(len(examples))[:60]]
        made = answers(**_asked(chosen))
        if RECOGNISER not in saved_models.names():
            heard = [b"?"] * len(chosen)
        else:
            heard = zoo.load(RECOGNISER)(
                waveform=made["waveform"], length=made["length"], sample_rate=made["sample_rate"]
            )["label"]
        return [
            Shown(
                f"{one.label} {one.speaker or ''}".strip(),
                f"a sound that {RECOGNISER} takes for {word.decode()}",
                one.label,
                word.decode() == one.label,
            )
            for one, word in zip(chosen, heard, strict=True)
        ]

    def in_python(self, example):
        label, speaker = example.split()
        return f'model(label=["{label}"], speaker=["{speaker}"])["wav_bytes"]'

    def warmup(self):
        label, speaker = (np.array([word.encode()]) for word in self.example.split())
        asked = {"label": label, "speaker": speaker}
        return [("serving_default", asked), ("frames", asked)]


def _asked(examples) -> dict[str, list]:
    return {
        "label": [one.label for one in examples],
        "speaker": [one.speaker or "" for one in examples],
        "seconds": [len(one.samples) / one.rate for one in examples],
    }
