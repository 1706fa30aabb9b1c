"""video_digits from a person's own clips to answers, on data that the test makes."""

import numpy as np
import pytest

import recipes
import zoo
from recipes.datasets.clips import film_strip
from recipes.workbench.exporting import export
from zoo.serving import check_saved_model

TINY = {"units": 8, "num_layers": 1, "warmup_steps": 0, "ema_momentum": None, "batch_size": 8}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Clips whose label says on which side a bar stands."""
    folder = tmp_path_factory.mktemp("video_digits")
    random = np.random.default_rng(0)
    sides = random.integers(0, 2, (60, 6))
    clips = np.zeros((60, 6, 28, 28), "uint8")
    for clip, row in zip(clips, sides, strict=True):
        for frame, side in zip(clip, row, strict=True):
            frame[5:20, 4 + 14 * side : 9 + 14 * side] = 255
    clips[:, 3] = 0
    labels = np.where(sides, "right", "left")
    np.savez(folder / "own.npz", clips=clips, labels=labels, lengths=random.integers(3, 7, 60))
    return recipes.get("video_digits").fit(
        folder / "run", data=folder / "own.npz", steps=40, learning_rate=2e-2, **TINY
    )


def test_it_learns_and_is_measured_frame_by_frame(run):
    measured = run.evaluate("test")
    clips = run.examples("test")
    assert measured["frames"] == sum(len(clip.labels) for clip in clips)
    assert measured["frame_accuracy"] > 0.75
    assert measured["clip_accuracy"] <= measured["frame_accuracy"]
    said = run.answers("frames", frames=np.stack([clips[0].frames]), length=[len(clips[0].labels)])
    right = [a.decode() == b for a, b in zip(said["labels"][0], clips[0].labels, strict=True)]
    alone = run.recipe.measure(run.settings, run.answers, clips[:1])
    assert alone["frame_accuracy"] == pytest.approx(np.mean(right))


def test_baselines_see_each_frame_alone(run):
    plain = run.recipe.baselines(run.settings, run.examples("train"), run.examples("test"))
    nearest = plain["each frame alone, nearest centroid of the pixels"]
    # The bar says it all, and an empty frame nothing.
    assert nearest["empty_frame_accuracy"] < 1
    shown = [np.mean(clip.frames.max((1, 2)) > 0) for clip in run.examples("test")]
    assert nearest["frame_accuracy"] >= min(shown) - 0.2


def test_a_clip_in_a_file_is_answered(run, tmp_path):
    clip = run.examples("validation")[0]
    np.save(tmp_path / "clip.npy", clip.frames)
    (tmp_path / "strip.png").write_bytes(film_strip(clip.frames))
    paths = [str(tmp_path / "clip.npy"), str(tmp_path / "strip.png")]
    answer = run.answers(**run.recipe.inputs(paths))
    says = run.recipe.says(answer)
    assert says[0] == says[1] and len(says[0].split()) == len(clip.labels)
    assert run.recipe.lines(paths, answer)[0].startswith(f"{paths[0]}\t{says[0]}\t")
    figure = pytest.importorskip("matplotlib.figure").Figure()
    run.recipe.draw(figure, paths[0], answer)
    assert len(figure.axes) == 3


def test_exported_it_answers_as_the_run_does(run, tmp_path):
    assert check_saved_model(export(run, tmp_path)) == []
    (given, _), *_ = run.recipe.samples(run.examples("validation"), 1)
    loaded, own = zoo.load(tmp_path / "video_digits")([given]), run.answers(clip_bytes=[given])
    assert loaded["labels"].tolist() == own["labels"].tolist()
    np.testing.assert_allclose(loaded["probabilities"], own["probabilities"], atol=1e-5)
