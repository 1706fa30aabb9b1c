"""row_mnist from a person's own pictures to answers, on data that the test makes."""

import base64
import json

import numpy as np
import pytest
import tensorflow as tf

import recipes
import zoo
from recipes.workbench.exporting import export
from zoo.errors import InputError
from zoo.serving import check_saved_model
from zoo.serving.json_format import read_inputs, write_outputs
from zoo.serving.json_parser import parse_body

TINY = {"units": 6, "num_layers": 1, "batch_size": 16, "warmup_steps": 0, "ema_momentum": None}


def bars(count, seed=0):
    """Upright and lying bars, which any network learns at once."""
    random = np.random.default_rng(seed)
    images, labels = np.zeros((count, 28, 28), "uint8"), []
    for image in images:
        start, upright = int(random.integers(6, 18)), random.uniform() < 0.5
        if upright:
            image[4:24, start : start + 4] = 255
        else:
            image[start : start + 4, 4:24] = 255
        labels.append("upright" if upright else "lying")
    return images, labels


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("row_mnist")
    images, labels = bars(200)
    np.savez(folder / "own.npz", images=images, labels=labels)
    return recipes.get("row_mnist").fit(
        folder / "run", data=folder / "own.npz", steps=50, learning_rate=2e-2, **TINY
    )


def test_it_learns_and_is_measured_beside_plain_methods(run):
    measured = run.evaluate("test")
    assert measured["images"] == 20
    assert measured["accuracy"] == pytest.approx(1 - measured["error"])
    assert measured["accuracy"] > 0.8
    plain = json.loads((run.folder.path / "metrics.json").read_text())["baselines"]["test"]
    assert {"majority class", "nearest centroid of the pixels"} < set(plain)


def test_splits_share_no_picture(run):
    parts = [run.examples(split) for split in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [160, 20, 20]
    assert len({id(example.picture) for part in parts for example in part}) == 200


def test_what_a_person_has_is_read(run, tmp_path):
    recipe, (image, label) = run.recipe, (bars(1)[0][0], bars(1)[1][0])
    np.save(tmp_path / "a.npy", image)
    (tmp_path / "a.png").write_bytes(tf.io.encode_png(image[..., None]).numpy())
    large = np.kron(255 - image, np.ones((8, 8), "uint8"))
    (tmp_path / "b.jpg").write_bytes(tf.io.encode_jpeg(large[..., None]).numpy())
    paths = [str(tmp_path / name) for name in ("a.npy", "a.png", "b.jpg")]
    answer = run.answers(**recipe.inputs(paths))
    assert recipe.says(answer) == [label] * 3
    pixels = run.answers("pixels", image=image[None])
    for name, value in pixels.items():
        for row in (0, 1):
            if value.dtype.kind == "f":
                np.testing.assert_allclose(answer[name][row], value[0], atol=1e-6, err_msg=name)
            else:
                np.testing.assert_array_equal(answer[name][row], value[0], err_msg=name)
    assert answer["attention"].shape == (3, 28)
    np.testing.assert_allclose(answer["attention"].sum(1), 1, atol=1e-5)
    assert recipe.lines(paths, answer)[0].startswith(f"{paths[0]}\t{label}\t")


def test_an_empty_picture_is_said_to_be_empty(run):
    answer = run.answers("pixels", image=np.zeros((1, 28, 28), "uint8"))
    assert "empty" in run.recipe.lines(["sheet.png"], answer)[0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.png", None, "No such file"),
        ("text.png", b"hello", "cannot be decoded"),
        ("text.npy", b"hello", "not a NumPy file"),
    ],
)
def test_what_cannot_be_read_is_named(run, tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        run.recipe.inputs([str(tmp_path / name)])
    assert name in str(error.value) and "\n" not in str(error.value)


def test_the_card_shows_a_mistake_where_there_is_one(run):
    examples = run.examples("train")
    swapped = [
        example._replace(label="?") if i == 7 else example for i, example in enumerate(examples)
    ]
    shown = run.recipe.show(run.answers, swapped, 3)
    assert shown[7].given == "validation image 7" and not shown[7].right


def test_exported_it_answers_json_as_the_run_does(run, tmp_path):
    written = export(run, tmp_path)
    assert check_saved_model(written) == []
    model = zoo.load(tmp_path / "row_mnist")
    (given, truth), *_ = run.recipe.samples(run.examples("validation"), 1)
    signature = model._servable.signatures["serving_default"]
    body = json.dumps({"instances": [{"b64": base64.b64encode(given).decode()}]}).encode()
    inputs, in_rows = read_inputs(parse_body(body), signature)
    outputs = signature.run(signature.complete(inputs))
    said = json.loads(write_outputs(outputs, in_rows))["predictions"][0]
    own = run.answers(**run.recipe.inputs([given]))
    assert said["label"] == run.recipe.says(own)[0] in ("upright", "lying")
    assert truth in ("upright", "lying")
    np.testing.assert_allclose(said["probabilities"], own["probabilities"][0], atol=1e-5)


def test_the_answer_is_drawn(run):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    (given, _), *_ = run.recipe.samples(run.examples("validation"), 1)
    run.recipe.draw(figure, given, run.answers(**run.recipe.inputs([given])))
    assert len(figure.axes) == 2 and len(figure.axes[0].patches) == 28


@pytest.mark.slow
def test_resumed_it_is_the_uninterrupted_run(run, tmp_path):
    """The moves of the training pictures go on where they stopped."""
    settings = {**TINY, "round_steps": 3, "dropout": 0.2}
    fit = recipes.get("row_mnist").fit
    whole = fit(tmp_path / "whole", data=run.data, steps=6, **settings)

    class Killed(Exception):
        pass

    class Kill(tf.keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 5:
                raise Killed

    from recipes.settings import replace
    from recipes.workbench.run import Run

    recipe = run.recipe
    cut = Run.start(recipe, tmp_path / "cut", replace(recipe.settings, settings), 0, run.data, 6)
    with pytest.raises(Killed):
        cut.fit(callbacks=(Kill(),))
    again = fit(tmp_path / "cut", resume=True)
    for a, b in zip(whole.model.weights, again.model.weights, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=a.path)
