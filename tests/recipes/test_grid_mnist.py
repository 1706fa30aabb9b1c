"""grid_mnist: what its places say adds up to its answer."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
from recipes.families.image_to_label import PictureLabels
from recipes.grid_mnist import evidence


def small(pooling):
    keras.utils.set_random_seed(0)
    recipe = recipes.get("grid_mnist").recipe
    settings = dataclasses.replace(recipe.settings, units=3, pooling=pooling)
    assets = PictureLabels(("a", "b", "c"))
    return recipe, settings, assets, recipe.build(settings, assets)


@pytest.mark.parametrize("pooling", ["attention", "mean", "max"])
def test_evidence_of_all_places_and_the_bias_are_the_logit(pooling):
    recipe, _, _, model = small(pooling)
    model.get_layer("output_projection").bias.assign([0.1, 0.2, 0.3])
    images = tf.random.stateless_uniform([4, 28, 28], [1, 2])
    outputs = model(recipe.model_inputs(images))
    found = evidence(model, outputs)
    assert found.shape == (4, 7, 7)
    best = np.argmax(outputs["logits"], 1)
    expected = np.max(outputs["logits"], 1) - np.array([0.1, 0.2, 0.3])[best]
    np.testing.assert_allclose(tf.reduce_sum(found, [1, 2]), expected, atol=1e-5)


def test_answers_hold_the_evidence_and_are_drawn():
    recipe, settings, assets, model = small("attention")
    module = recipe.module(settings, assets, model)
    png = recipe.warmup()[0][1]["image_bytes"][0]
    answer = {
        name: value.numpy() for name, value in module.serving_default(tf.constant([png])).items()
    }
    assert answer["evidence"].shape == (1, 7, 7) and answer["label"][0] in b"abc"
    figure = pytest.importorskip("matplotlib.figure").Figure()
    recipe.draw(figure, png, answer)
    assert len(figure.axes[0].images) == 2
