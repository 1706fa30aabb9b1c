"""Speech to class: which digit a recording says, N to 1 over log-mel frames."""

import dataclasses
import json
from pathlib import Path

import numpy as np

import zoo
from recipes.datasets.labelled_recordings import (
    padded_sounds,
    read_labelled_folder,
    read_sound,
)
from recipes.drawings.sound import draw_sound
from recipes.families.sound import DATASET, LABELS, public_recordings, warmup_requests
from recipes.metrics.answers import answered
from recipes.recipe import Assets, Recipe, Shown, TrainingSettings, register
from zoo.deferred import keras, tf
from zoo.errors import InputError
from zoo.tuning import Parameter


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    """Settings of spoken_digits, with the reason beside each value."""

    # Recordings of each digit and speaker that are held out of the training ones.
    validation_recordings: int = 5
    # A speaker to leave out of training and to validate and test on: how a stranger is heard.
    held_out_speaker: str | None = None
    # Two convolutions over frames and bands before the recurrence.
    first_filters: int = 16
    second_filters: int = 32
    units: int = 96
    num_layers: int = 2
    cell: str = "lstm"
    pooling: str = "attention"
    dropout: float = 0.2
    # Frames of 256 samples at 8 kHz, each half over the next: few enough to train on quickly.
    window_seconds: float = 0.032
    step_seconds: float = 0.016
    num_bands: int = 40
    # Whether each band's mean over the recording is taken off, and with it the microphone.
    centre: bool = True
    # Speed and pitch together: with six speakers only, voices have to be made.
    speed: float = 0.1
    silence_seconds: float = 0.1
    loudest_noise: float = 25.0
    time_share: float = 0.1
    band_share: float = 0.15
    label_smoothing: float = 0.1
    batch_size: int = 64
    epochs: float = 80.0
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    clip_norm: float = 2.0
    ema_momentum: float | None = 0.99
    round_steps: int | None = 370


@dataclasses.dataclass(frozen=True)
class SpokenDigitsAssets(Assets):
    """What the classes are called, and the sampling rate of the recordings."""

    labels: tuple[str, ...]
    sample_rate: int

    def save(self, folder: Path) -> None:
        plain = json.dumps(dataclasses.asdict(self), ensure_ascii=False)
        (folder / "sound.json").write_text(plain, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "SpokenDigitsAssets":
        plain = json.loads((folder / "sound.json").read_text(encoding="utf-8"))
        return cls(tuple(plain["labels"]), plain["sample_rate"])


@register
class SpokenDigits(Recipe):
    name = "spoken_digits"
    title = "Speech to class: a spoken digit"
    topology = "n_to_one"
    datasets = (DATASET,)
    metric = "accuracy"
    lower_is_better = False
    own_data = (
        "a folder that holds a folder for each label, and in each WAV files of that label: one "
        "channel, 16 bits a sample, all of one sampling rate"
    )
    example = "seven.wav"
    settings = Settings()
    assets = SpokenDigitsAssets
    input_name = "waveform"
    search_space = (
        Parameter("units", choices=(64, 96, 128)),
        Parameter("num_layers", choices=(1, 2)),
        Parameter("dropout", low=0.1, high=0.5),
        Parameter("learning_rate", low=5e-4, high=5e-3, log=True),
        Parameter("speed", low=0.0, high=0.25),
        Parameter("band_share", low=0.0, high=0.4),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is not None:
            return _cut(read_labelled_folder(data), split, data)
        return public_recordings(split, settings.validation_recordings, settings.held_out_speaker)

    def prepare(self, settings, examples):
        found = {example.label for example in examples}
        labels = LABELS if found <= set(LABELS) else sorted(found)
        return SpokenDigitsAssets(tuple(labels), examples[0].rate)

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        waveform = keras.Input([None], name="waveform")
        length = keras.Input([], dtype="int32", name="length")
        heard, heard_length = zoo.audio.WaveformAugmentation(
            settings.speed,
            round(settings.silence_seconds * assets.sample_rate),
            loudest=settings.loudest_noise,
            name="augmentation",
        )(waveform, length)
        log_mel = zoo.audio.LogMel(
            assets.sample_rate,
            settings.num_bands,
            settings.window_seconds,
            settings.step_seconds,
            centre=settings.centre,
            name="log_mel",
        )
        frames, num_frames = log_mel(heard, heard_length)
        masking = zoo.audio.SpectrogramMasking(
            settings.time_share, settings.band_share, name="masking"
        )
        filters = (settings.first_filters, settings.second_filters)
        convolved = zoo.audio.BandConvolutions(filters, name="convolutions")(
            masking(frames, num_frames), num_frames
        )
        classifier = self.built(
            settings,
            num_classes=len(assets.labels),
            num_features=convolved.shape[-1],
            bidirectional=True,
        )
        given = {"features": convolved, "length": num_frames}
        outputs = {"logits": classifier(given)["logits"]}
        return keras.Model({"waveform": waveform, "length": length}, outputs, name=self.name)

    def columns(self, assets, examples):
        lengths = np.array([len(example.samples) for example in examples])
        flat = np.concatenate([example.samples for example in examples])
        waveform = tf.RaggedTensor.from_row_lengths(flat, lengths.astype("int64"), validate=False)
        known = {label: number for number, label in enumerate(assets.labels)}
        labels = np.zeros([len(examples), len(known)], "float32")
        for row, example in enumerate(examples):
            if example.label not in known:
                raise InputError(f"{example.name}: no training recording is of {example.label!r}")
            labels[row, known[example.label]] = 1
        return {"waveform": waveform, "label": labels}, lengths

    def features(self, columns):
        waveform = columns["waveform"]
        length = tf.cast(waveform.row_lengths(), tf.int32)
        inputs = {"waveform": waveform.to_tensor(), "length": length}
        return inputs, {"logits": columns["label"]}

    def objective(self, settings):
        return {
            "loss": {
                "logits": keras.losses.CategoricalCrossentropy(
                    from_logits=True, label_smoothing=settings.label_smoothing
                )
            },
            "metrics": {"logits": [keras.metrics.CategoricalAccuracy(name="accuracy")]},
        }

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.WaveformToLabel(model, assets.labels, assets.sample_rate)

    def measure(self, settings, answers, examples):
        asked = answered(
            answers,
            examples,
            padded_sounds,
            length=lambda example: len(example.samples),
            batch_size=64,
        )
        right, nats = np.zeros(len(examples)), np.zeros(len(examples))
        for row, answer in asked:
            truth = list(answer["labels"]).index(examples[row].label.encode())
            right[row] = np.argmax(answer["probabilities"]) == truth
            nats[row] = -np.log(max(answer["probabilities"][truth], 1e-9))
        metrics = {
            "recordings": len(examples),
            "accuracy": float(right.mean()),
            "nats": float(nats.mean()),
        }
        speakers = np.array([str(example.speaker) for example in examples])
        if len(set(speakers)) > 1:
            metrics["accuracy_of_the_worst_speaker"] = min(
                float(right[speakers == speaker].mean()) for speaker in set(speakers)
            )
        return metrics

    def baselines(self, settings, train, examples):
        known, asked = (_fixed_size(rows, settings.num_bands) for rows in (train, examples))
        nearest = np.argmax(asked @ known.T, 1)
        right = [train[i].label == one.label for i, one in zip(nearest, examples, strict=True)]
        return {"nearest recording": {"accuracy": float(np.mean(right))}}

    def inputs(self, given):
        sounds = [read_sound(path) for path in given]
        lengths = [len(samples) for samples, _ in sounds]
        waveform = np.zeros([len(sounds), max(lengths, default=0)], "float32")
        for row, (samples, _) in zip(waveform, sounds, strict=True):
            row[: len(samples)] = samples
        return {
            "waveform": waveform,
            "length": np.array(lengths, "int32"),
            "sample_rate": np.array([rate for _, rate in sounds], "int32"),
        }

    def lines(self, inputs, answer):
        said = zip(inputs, self.says(answer), answer["probability"], strict=True)
        return [f"{given}\t{label}\t{chance:.3f}" for given, label, chance in said]

    def says(self, answer):
        return [label.decode() or "nothing is heard" for label in answer["label"]]

    def draw(self, figure, given, answer):
        count = answer["num_frames"][0]
        attention = answer["attention"][0, :count] if "attention" in answer else None
        title = f"{Path(given).name}: {self.says(answer)[0]} ({answer['probability'][0]:.2f})"
        samples, rate = read_sound(given)
        step = len(samples) / rate / count
        draw_sound(figure, answer["log_mel"][0, :count], attention, title, step)

    def show(self, answers, examples, count):
        chosen = np.random.default_rng(0).choice(len(examples), min(count, len(examples)), False)
        examples = [examples[i] for i in chosen]
        answer = answers(**padded_sounds(examples))
        chances = (f"{chance:.2f}" for chance in answer["probability"])
        said = zip(examples, self.says(answer), chances, strict=True)
        return [
            Shown(one.name, f"{label} ({chance})", one.label, label == one.label)
            for one, label, chance in said
        ]

    def in_python(self, example):
        return f'model([open("{example}", "rb").read()])["label"]'

    def warmup(self):
        return list(warmup_requests().items())


def _cut(recordings, split, data):
    """Cuts a tenth of each label, one recording at least, for validation and one for the test."""
    random, chosen = np.random.default_rng(2007), []
    for label in sorted({recording.label for recording in recordings}):
        own = [recording for recording in recordings if recording.label == label]
        if len(own) < 3:
            raise InputError(
                f"{data}: {len(own)} recording(s) of {label!r}; expected 3 or more of each label"
            )
        order, size = random.permutation(len(own)), max(1, len(own) // 10)
        places = {"validation": order[:size], "test": order[size : 2 * size]}
        chosen += [own[i] for i in places.get(split, order[2 * size :])]
    return chosen


def _fixed_size(examples, num_bands: int, frames: int = 20) -> np.ndarray:
    """Each recording's log-mel frames drawn to one number of frames, as one vector of length 1."""
    layer = tf.function(zoo.audio.LogMel(examples[0].rate, num_bands), reduce_retracing=True)
    vectors, batch = np.zeros([len(examples), frames * num_bands], "float32"), 100
    for start in range(0, len(examples), batch):
        given = padded_sounds(examples[start : start + batch])
        drawn, counts = layer(tf.constant(given["waveform"]), tf.constant(given["length"]))
        for row, (own, count) in enumerate(zip(drawn.numpy(), counts.numpy(), strict=True)):
            places = np.linspace(0, count - 1, frames)
            bands = [np.interp(places, np.arange(count), band) for band in own[:count].T]
            vectors[start + row] = np.concatenate(bands)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
