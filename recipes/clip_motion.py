"""How the digit of a clip moves: a clip of frames to one class, N to 1."""

import dataclasses

import numpy as np

import zoo
from recipes.baselines.pictures import picture_baselines
from recipes.datasets.digit_motions import digit_motions
from recipes.datasets.labelled_clips import FORMAT, LabelledClip, frames_of, read_labelled_clips
from recipes.datasets.splitting import held_out
from recipes.drawings.pictures import draw_clip
from recipes.families.clips import (
    SEEDS,
    EncodedClip,
    clip_bytes_of,
    frame_features,
    mnist_pictures,
    padded_frames,
)
from recipes.families.image_to_label import HEIGHT, WIDTH, PictureLabels
from recipes.metrics.answers import answered
from recipes.recipe import Recipe, Shown, TrainingSettings, register
from zoo.deferred import keras
from zoo.errors import InputError
from zoo.tuning import Parameter


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    """Settings of clip_motion, with the reason beside each value."""

    clips: int = 12_000
    # Of the validation and of the test part.
    judged_clips: int = 2_000
    # Two convolutions before the recurrence, each followed by a maximum over 2 x 2: where an edge
    # is, which is what moves, is still to be seen on 7 x 7 places.
    first_filters: int = 8
    second_filters: int = 16
    units: int = 96
    cell: str = "lstm"
    num_layers: int = 1
    # A motion turned around in time is another one, and one direction reads them all.
    bidirectional: bool = False
    # "last": the state that has seen the whole motion.
    pooling: str = "last"
    dropout: float = 0.2
    batch_size: int = 32
    epochs: float = 8.0
    learning_rate: float = 2e-3
    warmup_steps: int = 200
    clip_norm: float = 1.0
    ema_momentum: float | None = 0.998


@register
class ClipMotion(Recipe):
    name = "clip_motion"
    title = "How the digit of a clip moves: a clip to one class"
    topology = "n_to_one"
    datasets = ("mnist",)
    metric = "accuracy"
    lower_is_better = False
    own_data = FORMAT + "; a tenth of it validates and a tenth tests"
    example = "clip.gif"
    settings = Settings()
    assets = PictureLabels
    input_name = "clip_bytes"
    search_space = (
        Parameter("units", choices=(64, 96, 128)),
        Parameter("pooling", choices=("last", "mean", "attention")),
        Parameter("bidirectional", choices=(True, False)),
        Parameter("dropout", low=0.0, high=0.5),
        Parameter("learning_rate", low=5e-4, high=5e-3, log=True),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is not None:
            clips = read_labelled_clips(data, HEIGHT, WIDTH)
            tenth = max(1, len(clips) // 10)
            return held_out(clips, split, {"validation": tenth, "test": tenth}, "clips")
        count = settings.clips if split == "train" else settings.judged_clips
        if count < 1:
            raise InputError(f"{count} clips to make; expected 1 or more")
        return digit_motions(mnist_pictures(split), count, SEEDS[split])

    def prepare(self, settings, examples):
        return PictureLabels(tuple(sorted({clip.label for clip in examples})))

    # Model and objective -------------------------------------------------------------------

    def build(self, settings, assets):
        return self.built(
            settings,
            num_classes=len(assets.labels),
            num_features=HEIGHT * WIDTH,
            frame_shape=(HEIGHT, WIDTH, 1),
            filters=(settings.first_filters, settings.second_filters),
        )

    def columns(self, assets, examples):
        classes = assets.classes([clip.label for clip in examples])
        # A label that was not among the training clips cannot be learned or scored here.
        known = [clip for clip, k in zip(examples, classes, strict=True) if k >= 0]
        columns = {**padded_frames(known), "class": classes[classes >= 0]}
        return columns, columns["length"]

    def features(self, columns):
        inputs, _ = frame_features(columns)
        return inputs, {"logits": columns["class"]}

    def objective(self, settings):
        return {
            "loss": {"logits": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
            "metrics": {"logits": [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]},
        }

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.ClipToLabel(model, assets.labels, HEIGHT, WIDTH)

    def measure(self, settings, answers, examples):
        right = np.zeros(len(examples), bool)
        asked = answered(
            answers, examples, padded_frames, "frames", length=lambda clip: len(clip.frames)
        )
        for row, answer in asked:
            right[row] = answer["label"].decode() == examples[row].label
        return _metrics(right)

    def baselines(self, settings, train, examples):
        assets = self.prepare(settings, train)
        truths = [assets.classes([clip.label for clip in part]) for part in (train, examples)]
        found = {}
        for what, picture in (("middle frame alone", _middle), ("last less first frame", _change)):
            pictures = [np.stack([picture(clip) for clip in part]) for part in (train, examples)]
            methods = picture_baselines(*zip(pictures, truths, strict=True))
            found.update({f"{what}, {method}": right for method, right in methods.items()})
        majority = found.pop("middle frame alone, majority class")
        del found["last less first frame, majority class"]
        return {
            "majority class": _metrics(majority),
            **{method: _metrics(right) for method, right in found.items()},
        }

    def inputs(self, given):
        return {self.input_name: [clip_bytes_of(one) for one in given]}

    def lines(self, inputs, answer):
        return [
            f"{given}\t{label}\t{probability:.3f}"
            for given, label, probability in zip(
                inputs, self.says(answer), answer["probability"], strict=True
            )
        ]

    def says(self, answer):
        return [label.decode() for label in answer["label"]]

    def draw(self, figure, given, answer):
        frames = frames_of(clip_bytes_of(given), str(given), HEIGHT, WIDTH)
        draw_clip(figure, frames, answer["classes"][0], answer["probabilities"][0])

    def samples(self, examples, count):
        return [
            (EncodedClip.of(clip.frames, f"validation clip {index}"), clip.label)
            for index, clip in enumerate(examples[:count])
        ]

    def show(self, answers, examples, count):
        pairs = self.samples(examples, count)
        said = self.says(answers(**self.inputs([given for given, _ in pairs])))
        return [
            Shown(str(given), says, truth, says == truth)
            for (given, truth), says in zip(pairs, said, strict=True)
        ]

    def in_python(self, example):
        return f'model([open("{example}", "rb").read()])'

    def warmup(self):
        frames = np.zeros((1, 12, HEIGHT, WIDTH), "uint8")
        frames[:, :, 4:24, 13:16] = 255
        encoded = np.array([EncodedClip.of(frames[0], "clip")], object)
        return [
            ("serving_default", {"clip_bytes": encoded}),
            ("frames", {"frames": frames, "length": np.array([12], "int32")}),
        ]


def _middle(clip: LabelledClip) -> np.ndarray:
    return clip.frames[len(clip.frames) // 2]


def _change(clip: LabelledClip) -> np.ndarray:
    """The last frame less the first: grey where nothing changed."""
    difference = clip.frames[-1].astype("int32") - clip.frames[0]
    return (128 + difference // 2).astype("uint8")


def _metrics(right: np.ndarray) -> dict[str, float]:
    return {"clips": len(right), "accuracy": float(right.mean())}
