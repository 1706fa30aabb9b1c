"""A label for every frame of a clip in which digits move and change: N to N."""

import dataclasses

import numpy as np

import zoo
from recipes.baselines.pictures import picture_baselines
from recipes.datasets.clips import FORMAT, film_strip, read_clips
from recipes.datasets.moving_digits import Clip, moving_digits
from recipes.datasets.splitting import held_out
from recipes.drawings.pictures import draw_frames
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
from zoo.errors import InputError
from zoo.tuning import Parameter

# Frames that the plain methods learn from; more do not make them better.
MOST_BASELINE_FRAMES = 60_000


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    """Settings of video_digits, with the reason beside each value."""

    # With fewer, the network learns the pictures of the digits by heart.
    clips: int = 12_000
    # Of the validation and of the test part.
    judged_clips: int = 2_000
    # Two convolutions before the recurrence, each followed by a maximum over 2 x 2.
    first_filters: int = 16
    second_filters: int = 32
    units: int = 128
    cell: str = "lstm"
    num_layers: int = 2
    # The clip is there as a whole, so a frame may also be explained by what follows it.
    bidirectional: bool = True
    dropout: float = 0.25
    batch_size: int = 32
    epochs: float = 8.0
    learning_rate: float = 2e-3
    warmup_steps: int = 200
    clip_norm: float = 1.0
    ema_momentum: float | None = 0.998


@register
class VideoDigits(Recipe):
    name = "video_digits"
    title = "Which digit is in each frame of a clip"
    topology = "n_to_n"
    datasets = ("mnist",)
    metric = "frame_accuracy"
    lower_is_better = False
    own_data = FORMAT + "; a tenth of it validates and a tenth tests"
    example = "clip.gif"
    settings = Settings()
    assets = PictureLabels
    input_name = "clip_bytes"
    search_space = (
        Parameter("units", choices=(64, 128, 192)),
        Parameter("num_layers", choices=(1, 2)),
        Parameter("bidirectional", choices=(True, False)),
        Parameter("dropout", low=0.0, high=0.5),
        Parameter("learning_rate", low=5e-4, high=5e-3, log=True),
    )

    # Data ----------------------------------------------------------------------------------

    def read(self, settings, data, split):
        if data is not None:
            clips = read_clips(data, HEIGHT, WIDTH)
            tenth = max(1, len(clips) // 10)
            return held_out(clips, split, {"validation": tenth, "test": tenth}, "clips")
        count = settings.clips if split == "train" else settings.judged_clips
        if count < 1:
            raise InputError(f"{count} clips to make; expected 1 or more")
        return moving_digits(mnist_pictures(split), count, SEEDS[split])

    def prepare(self, settings, examples):
        return PictureLabels(tuple(sorted({label for clip in examples for label in clip.labels})))

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
        columns = padded_frames(examples)
        classes = np.full(columns["frames"].shape[:2], -1, "int32")
        for row, clip in enumerate(examples):
            # A label that training never showed is not judged by the loss: it stays -1.
            classes[row, : len(clip.labels)] = assets.classes(clip.labels)
        return {**columns, "class": classes}, columns["length"]

    def features(self, columns):
        inputs, longest = frame_features(columns)
        return inputs, {"logits": columns["class"][:, :longest]}

    def objective(self, settings):
        return {"loss": {"logits": zoo.training.step_cross_entropy()}, "metrics": None}

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.FramesToLabels(model, assets.labels, HEIGHT, WIDTH)

    def measure(self, settings, answers, examples):
        right: list = [None] * len(examples)
        asked = answered(
            answers, examples, padded_frames, "frames", length=lambda clip: len(clip.labels)
        )
        for row, answer in asked:
            clip = examples[row]
            said = [label.decode() for label in answer["labels"][: len(clip.labels)]]
            right[row] = np.array(said) == np.array(clip.labels)
        return _metrics(right, examples)

    def baselines(self, settings, train, examples):
        assets = self.prepare(settings, train)
        pixels, classes = _frames(train, assets)
        stride = -(-len(pixels) // MOST_BASELINE_FRAMES)
        found = picture_baselines((pixels[::stride], classes[::stride]), _frames(examples, assets))
        ends = np.cumsum([len(clip.labels) for clip in examples])[:-1]
        return {
            f"each frame alone, {method}": _metrics(np.split(right, ends), examples)
            for method, right in found.items()
        }

    def inputs(self, given):
        return {self.input_name: [clip_bytes_of(one) for one in given]}

    def lines(self, inputs, answer):
        lines = []
        for row, (given, labels) in enumerate(zip(inputs, self.says(answer), strict=True)):
            surest = answer["probability"][row, : answer["length"][row]]
            lines.append(f"{given}\t{labels}\t{surest.mean():.3f}")
        return lines

    def says(self, answer):
        rows = zip(answer["labels"], answer["length"], strict=True)
        return [_joined([label.decode() for label in row[:length]]) for row, length in rows]

    def draw(self, figure, given, answer):
        frames = zoo.images.standardise_clip(
            zoo.images.decode_clip(clip_bytes_of(given)), HEIGHT, WIDTH
        ).numpy()
        draw_frames(figure, frames, {name: value[0] for name, value in answer.items()})

    def samples(self, examples, count):
        pairs = []
        for index, clip in enumerate(examples[:count]):
            encoded = EncodedClip.of(clip.frames, f"validation clip {index}")
            pairs.append((encoded, _joined(clip.labels)))
        return pairs

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
        frames = np.zeros((1, 16, HEIGHT, WIDTH), "uint8")
        frames[:, :, 4:24, 13:16] = 255
        encoded = np.array([film_strip(frames[0])], object)
        return [
            ("serving_default", {"clip_bytes": encoded}),
            ("frames", {"frames": frames, "length": np.array([16], "int32")}),
        ]


def _frames(clips: list[Clip], assets) -> tuple[np.ndarray, np.ndarray]:
    labels = [label for clip in clips for label in clip.labels]
    return np.concatenate([clip.frames for clip in clips]), assets.classes(labels)


def _metrics(right, clips) -> dict[str, float]:
    each = np.concatenate(right)
    empty = np.concatenate([clip.frames.max((1, 2)) == 0 for clip in clips])
    metrics = {
        "clips": len(clips),
        "frames": len(each),
        "frame_accuracy": float(each.mean()),
        "clip_accuracy": float(np.mean([row.all() for row in right])),
    }
    if empty.any():
        metrics["empty_frame_accuracy"] = float(each[empty].mean())
    return metrics


def _joined(labels) -> str:
    return ("" if all(len(label) == 1 for label in labels) else " ").join(labels)
