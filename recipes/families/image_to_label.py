"""What the recipes share that say what is on a picture."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np

import zoo
from recipes import datasets
from recipes.baselines.pictures import picture_baselines
from recipes.datasets.arrays import read_array
from recipes.datasets.mnist import read_images
from recipes.datasets.pictures import FORMAT, Labelled, checked_picture, read_labelled_pictures
from recipes.datasets.splitting import held_out
from recipes.drawings.pictures import draw_probabilities
from recipes.metrics.answers import answered
from recipes.recipe import Assets, Recipe, Shown, TrainingSettings
from zoo.deferred import keras, tf
from zoo.errors import InputError

# MNIST's size; pictures of one's own are brought to it.
HEIGHT = WIDTH = 28
# The share of a digit's probability below which an answer is said to be a guess.
UNSURE = 0.5
MOST_SHOWN = 2000


@dataclasses.dataclass(frozen=True)
class PictureSettings(TrainingSettings):
    """The settings that the recipes on pictures have."""

    # The last of the 60,000 training pictures, held out to choose settings by.
    validation_pictures: int = 5000
    # Training pictures are moved by up to so many pixels, turned by up to so many degrees, and
    # stretched by up to this share: what handwriting does anyway.
    shift: float = 2.0
    rotation: float = 10.0
    stretch: float = 0.1


@dataclasses.dataclass(frozen=True)
class PictureLabels(Assets):
    """The names of the classes, in the order of the model's outputs."""

    labels: tuple[str, ...]

    def save(self, folder: Path) -> None:
        content = json.dumps(list(self.labels), ensure_ascii=False)
        (folder / "labels.json").write_text(content, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> PictureLabels:
        return cls(tuple(json.loads((folder / "labels.json").read_text(encoding="utf-8"))))

    def classes(self, labels) -> np.ndarray:
        """Returns the classes of labels, int32; -1 for one that training never showed."""
        known = {label: index for index, label in enumerate(self.labels)}
        return np.array([known.get(label, -1) for label in labels], "int32")


class EncodedPicture(bytes):
    """The bytes of a PNG that say which picture it is."""

    name: str = "picture"

    @classmethod
    def of(cls, picture: np.ndarray, name: str) -> EncodedPicture:
        """Encodes uint8 [height, width] or [height, width, colours]."""
        pixels = picture[..., None] if picture.ndim == 2 else picture
        encoded = cls(tf.io.encode_png(pixels).numpy())
        encoded.name = name
        return encoded

    def __str__(self):
        return self.name

    def __format__(self, spec):
        return format(self.name, spec)


class ImageToLabelRecipe(Recipe):
    """A recipe whose model reads a picture and names its class; a subclass is its model.

    It defines `build`, `model_inputs` and, for what else its answers hold, `explained` and
    `details`.
    """

    datasets = ("mnist",)
    own_data = FORMAT + "; a tenth of it validates and a tenth tests"
    example = "digit.png"
    assets = PictureLabels
    input_name = "image_bytes"

    def model_inputs(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the model's inputs of pictures, float [B, height, width], 0 to 1."""
        raise NotImplementedError

    def explained(self, model: keras.Model) -> keras.Model:
        """Returns the model with what else `details` reads among its outputs."""
        return model

    def details(self, model: keras.Model):
        """Returns a function of the inputs and outputs of `explained` that gives more answers."""
        return lambda inputs, outputs: {}

    def prepare(self, settings, examples):
        return PictureLabels(tuple(sorted({example.label for example in examples})))

    # Model and objective -------------------------------------------------------------------

    def columns(self, assets, examples):
        pictures = np.stack([example.picture for example in examples])
        classes = assets.classes([example.label for example in examples])
        # A label that was not among the training pictures cannot be learned or scored here.
        known = classes >= 0
        return (
            {"picture": pictures[known], "class": classes[known]},
            np.full(known.sum(), pictures.shape[1]),
        )

    def features(self, columns):
        images = tf.cast(columns["picture"], tf.float32) / 255.0
        return self.model_inputs(images), {"logits": columns["class"]}

    def trained(self, settings, model):
        jitter = zoo.images.PictureJitter(
            settings.shift, settings.rotation, settings.stretch, name="jitter"
        )
        moved = {
            name: jitter(tensor) if len(tensor.shape) > 1 else tensor
            for name, tensor in model.input.items()
        }
        return keras.Model(model.input, {"logits": model(moved)["logits"]}, name="trained")

    # What is exported and how it is measured -----------------------------------------------

    def module(self, settings, assets, model):
        return zoo.signatures.ImageToLabel(
            self.explained(model),
            assets.labels,
            HEIGHT,
            WIDTH,
            self.model_inputs,
            self.details(model),
        )

    def named_right(self, answers, examples) -> np.ndarray:
        """Returns whether a model names the class of each picture, bool [rows]."""
        right = np.zeros(len(examples), bool)
        asked = answered(
            answers, examples, _pixels, "pixels", length=lambda example: 0, batch_size=250
        )
        for row, answer in asked:
            right[row] = answer["label"].decode() == examples[row].label
        return right

    def baselines(self, settings, train, examples):
        assets = self.prepare(settings, train)
        arrays = [
            (np.stack([e.picture for e in part]), assets.classes([e.label for e in part]))
            for part in (train, examples)
        ]
        found = picture_baselines(*arrays)
        return {method: accuracy_and_error(right) for method, right in found.items()}

    def inputs(self, given):
        return {self.input_name: [encoded_picture(one) for one in given]}

    def lines(self, inputs, answer):
        lines = []
        for row, (given, label) in enumerate(zip(inputs, self.says(answer), strict=True)):
            probability = answer["probability"][row]
            note = "\tunsure" if probability < UNSURE else ""
            note = "\tthe picture is empty" if answer["ink"][row] == 0 else note
            lines.append(f"{given}\t{label}\t{probability:.3f}{note}")
        return lines

    def says(self, answer):
        return [label.decode() for label in answer["label"]]

    def draw(self, figure, given, answer):
        left, right = figure.subplots(1, 2, width_ratios=[3, 2])
        seen = zoo.images.standardise(
            zoo.images.decode_picture(encoded_picture(given)), HEIGHT, WIDTH
        )
        left.imshow(seen.numpy(), cmap="Greys")
        left.set_title(str(given))
        self.draw_details(left, answer)
        draw_probabilities(right, answer["classes"][0], answer["probabilities"][0])

    def draw_details(self, axes, answer) -> None:
        """Draws over the picture what the model made of its parts."""

    def samples(self, examples, count):
        return [
            (EncodedPicture.of(e.picture, f"validation image {i}"), e.label)
            for i, e in enumerate(examples[:count])
        ]

    def show(self, answers, examples, count):
        # Mistakes are rare: among a few hundred pictures there may be none to show.
        shown = examples[: max(count, MOST_SHOWN)]
        asked = answered(answers, shown, _pixels, "pixels", length=lambda example: 0)
        said = {row: answer["label"].decode() for row, answer in asked}
        return [
            Shown(f"validation image {i}", said[i], example.label, said[i] == example.label)
            for i, example in enumerate(shown)
        ]

    def in_python(self, example):
        return f'model([open("{example}", "rb").read()])'

    def warmup(self):
        picture = np.zeros((HEIGHT, WIDTH), "uint8")
        picture[4:24, 13:16] = 255
        encoded = np.array([tf.io.encode_png(picture[..., None]).numpy()], object)
        return [
            ("serving_default", {"image_bytes": encoded}),
            ("pixels", {"image": picture[None]}),
        ]


def _pixels(examples):
    return {"image": np.stack([example.picture for example in examples])}


def accuracy_and_error(right: np.ndarray) -> dict[str, float]:
    """Returns the share of the rows that are right, and the share that is not."""
    share = float(right.mean())
    return {"accuracy": share, "error": 1 - share}


def own_pictures(data: Path, split: str) -> list[Labelled]:
    """Reads a split of a person's own pictures: a tenth validates and a tenth tests."""
    examples = read_labelled_pictures(data, HEIGHT, WIDTH)
    tenth = max(1, len(examples) // 10)
    return held_out(examples, split, {"validation": tenth, "test": tenth}, "pictures")


def mnist_pictures(split: str, validation_pictures: int) -> list[Labelled]:
    """Reads a split of MNIST; the last training pictures are held out for validation.

    Raises:
        InputError: so many pictures leave none to train on, or a file cannot be had.
    """
    part = "t10k" if split == "test" else "train"
    names = [f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"]
    found = datasets.fetch("mnist", names)
    pictures, labels = read_images(*(found[name] for name in names))
    examples = [Labelled(p, str(k)) for p, k in zip(pictures, labels, strict=True)]
    if split == "test":
        return examples
    if not 0 < validation_pictures < len(examples):
        raise InputError(
            f"setting validation_pictures={validation_pictures}: expected 1 to "
            f"{len(examples) - 1:,}"
        )
    cut = len(examples) - validation_pictures
    return examples[cut:] if split == "validation" else examples[:cut]


def encoded_picture(given) -> bytes:
    """The bytes of a picture that a person names by its path."""
    if isinstance(given, bytes):
        return given
    path = Path(given)
    if path.suffix.lower() != ".npy":
        return checked_picture(path)
    array = read_array(path)
    if array.ndim not in (2, 3) or array.dtype != np.uint8 or 0 in array.shape:
        raise InputError(
            f"{path}: {array.dtype} {list(array.shape)}; expected a picture, uint8 "
            f"[height, width] or [height, width, colours]"
        )
    return EncodedPicture.of(array, str(path))
