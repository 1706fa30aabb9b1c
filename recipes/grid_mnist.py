"""A picture read in four directions: the digit of a grid of patches."""

from __future__ import annotations

import dataclasses

import numpy as np

from recipes.families.image_to_label import (
    HEIGHT,
    WIDTH,
    ImageToLabelRecipe,
    PictureSettings,
    accuracy_and_error,
    mnist_pictures,
    own_pictures,
)
from recipes.recipe import Published, register
from zoo.deferred import keras, tf
from zoo.tuning import Parameter


@dataclasses.dataclass(frozen=True)
class Settings(PictureSettings):
    """Settings of grid_mnist, with the reason beside each value."""

    # In each of the four directions; the paper has 256, which two cores cannot train in minutes.
    units: int = 32
    cell: str = "gru"
    num_layers: int = 2
    # Pixels a side of a patch, then places of the layer below: 28 x 28, 14 x 14, 7 x 7.
    patch: int = 2
    upper_patch: int = 2
    # Pixels, then places, a side of the convolution below each layer; 0: the patch itself.
    kernel: int = 0
    pooling: str = "attention"
    dropout: float = 0.1
    batch_size: int = 128
    epochs: float = 6.0
    learning_rate: float = 3e-3
    warmup_steps: int = 200
    clip_norm: float = 1.0
    ema_momentum: float | None = 0.998


@register
class GridMNIST(ImageToLabelRecipe):
    name = "grid_mnist"
    title = "A handwritten digit, read up, down, left and right"
    topology = "grid_rnn"
    metric = "error"
    lower_is_better = True
    published = (
        Published("ReNet, 2 layers of 256 units", "0.45 %", "mnist", "test", "Visin et al. 2015"),
    )
    settings = Settings()
    search_space = (
        Parameter("units", choices=(24, 32, 48)),
        Parameter("patch", choices=(2, 4)),
        Parameter("kernel", choices=(0, 4)),
        Parameter("pooling", choices=("mean", "max", "attention")),
        Parameter("dropout", low=0.0, high=0.4),
        Parameter("learning_rate", low=1e-3, high=1e-2, log=True),
    )

    def read(self, settings, data, split):
        if data is not None:
            return own_pictures(data, split)
        return mnist_pictures(split, settings.validation_pictures)

    def build(self, settings, assets):
        patches = [settings.patch] + [settings.upper_patch] * (settings.num_layers - 1)
        return self.built(
            settings,
            num_channels=1,
            num_classes=len(assets.labels),
            patch_size=[(side, side) for side in patches],
            kernel_size=(settings.kernel, settings.kernel) if settings.kernel else None,
        )

    def objective(self, settings):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        return {"loss": {"logits": loss}, "metrics": {"logits": [accuracy]}}

    def measure(self, settings, answers, examples):
        right = self.named_right(answers, examples)
        return {"images": len(right), **accuracy_and_error(right)}

    def model_inputs(self, images):
        return {"image": images[..., None]}

    def details(self, model):
        return lambda inputs, outputs: {"evidence": evidence(model, outputs)}

    def draw_details(self, axes, answer):
        found = answer["evidence"][0]
        most = np.abs(found).max()
        shown = axes.imshow(
            found,
            cmap="RdBu_r",
            alpha=0.5,
            vmin=-most,
            vmax=most,
            extent=(-0.5, WIDTH - 0.5, HEIGHT - 0.5, -0.5),
        )
        axes.figure.colorbar(shown, ax=axes, orientation="horizontal")
        axes.set_xlabel("what each place says for the answer")


def evidence(model, outputs) -> tf.Tensor:
    """Returns what each place adds to the logit of the likeliest class: [B, H', W'].

    Pooling is a weighted sum of the places' features (one weight for all features; 1/n; or 1 for
    the place that has the most of a feature), and the logits are a linear map of it: so the
    logit is the sum of what the places add, and of the class's bias. For the mean, these are the
    class activation maps of Zhou et al. 2016.

    Args:
        model: What `grid_rnn` built, for pictures of one size.
        outputs: Its outputs: `features` [B, H', W', D], `logits` [B, K].
    """
    features = outputs["features"]
    shape = tf.shape(features)
    flat = tf.reshape(features, [shape[0], shape[1] * shape[2], features.shape[-1]])
    count = tf.shape(flat)[1]
    pooling = model.get_layer("pooling").pooling
    if pooling.kind == "attention":
        weights = pooling.weights_of(flat, tf.fill([shape[0]], count))[..., None]
    elif pooling.kind == "mean":
        weights = 1 / tf.cast(count, flat.dtype)
    else:
        weights = tf.one_hot(tf.argmax(flat, 1), count, axis=1, dtype=flat.dtype)
    kernel = tf.convert_to_tensor(model.get_layer("output_projection").kernel)
    towards = tf.gather(tf.transpose(kernel), tf.argmax(outputs["logits"], 1))  # [B, D]
    added = tf.reduce_sum(weights * flat * towards[:, None], -1)
    return tf.reshape(added, shape[:3])
