"""long_memory: both problems, gradients over time against finite differences, the table."""

import csv
import dataclasses

import numpy as np
import pytest
import tensorflow as tf

import recipes
import zoo
from recipes.long_memory import LongMemory, Settings, start_with_long_memory
from recipes.workbench.comparing import memory as long_memory_table
from recipes.workbench.exporting import export
from zoo.errors import InputError
from zoo.serving import check_saved_model
from zoo.serving.warmup import read_warmup

TINY = {"units": 5, "sequences": 128, "judged_sequences": 32, "batch_size": 32, "epochs": 1.0}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long_memory")
    return recipes.get("long_memory").fit(folder / "run", length=9, **TINY)


def test_text_and_steps_are_answered_alike(run):
    examples = run.examples("validation")[:4]
    text = [given for given, _ in run.recipe.samples(examples, 4)]
    steps = np.stack([example.sequence for example in examples])
    answer = run.answers(**run.recipe.inputs([*text, "0.5* 0.25*"]))
    numbers = run.answers("steps", features=steps, length=[9] * 4)
    np.testing.assert_allclose(answer["sum"][:4], numbers["sum"], atol=1e-3)
    assert answer["length"].tolist() == [9] * 4 + [2]
    assert not answer["gradient_norm"][4, 2:].any()
    alone = run.answers(text=["0.5* 0.25*"])
    np.testing.assert_allclose(alone["sum"][0], answer["sum"][4], atol=1e-5)
    assert run.recipe.lines(["0.5* 0.25*"], alone)[0].startswith("0.5* 0.25*\t")


@pytest.mark.parametrize("step", [0, 4, 8])
def test_gradient_norms_against_finite_differences(run, step):
    """The state after a step is changed a little, in each of its numbers; then the run goes on."""
    stack, output = (run.model.get_layer(n) for n in ("recurrence", "output_projection"))
    steps = run.examples("validation")[0].sequence[None]

    def total(part, unit, change):
        state = stack.get_initial_state(1)
        for time in range(9):
            hidden, state = stack.step(steps[:, time], state)
            if time == step:
                parts = [np.array(value) for value in tf.nest.flatten(state)]
                parts[part][0, unit] += change
                state = tf.nest.pack_sequence_as(stack.get_initial_state(1), parts)
                hidden = parts[0]
        return float(output(hidden)[0, 0])

    slopes = [(total(p, u, 1e-2) - total(p, u, -1e-2)) / 2e-2 for p in (0, 1) for u in range(5)]
    (text, _), *_ = run.recipe.samples(run.examples("validation"), 1)
    found = run.answers(text=[text])["gradient_norm"][0, step]
    assert found == pytest.approx(np.linalg.norm(slopes), rel=1e-2)


def test_measures_and_baselines(run):
    measured = run.evaluate("test")
    said = run.answers("steps", **_steps(run.examples("test")))["sum"]
    truth = np.array([example.answer for example in run.examples("test")])
    assert measured["mse"] == pytest.approx(((said - truth) ** 2).mean(), rel=1e-4)
    plain = run.folder.read_json("metrics.json")["baselines"]["test"]
    assert plain["always the mean"]["mse"] == pytest.approx(truth.var(), rel=0.2)


def _steps(examples):
    steps = np.stack([example.sequence for example in examples])
    return {"features": steps, "length": [steps.shape[1]] * len(steps)}


def test_exported_it_answers_as_the_run_does(run, tmp_path):
    assert check_saved_model(export(run, tmp_path)) == []
    loaded, own = zoo.load(tmp_path / "long_memory")(["0.5* 0.1 0.25*"]), None
    own = run.answers(text=["0.5* 0.1 0.25*"])
    for name, value in own.items():
        np.testing.assert_allclose(loaded[name], value, atol=1e-5, err_msg=name)
    assert "Licence:" in (tmp_path / "long_memory" / "README.md").read_text()
    warmed = {one.model_spec.signature_name for one in read_warmup(tmp_path / "long_memory" / "1")}
    assert warmed == {"serving_default", "steps"}


@pytest.mark.parametrize("text", ["", "0.5 half*", "0123456789"])
def test_what_is_no_input_is_refused(text):
    with pytest.raises(InputError, match="expected"):
        recipes.get("long_memory").recipe.inputs([text])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"problem": "adding_up"}, "did you mean 'adding'"),
        ({"length": 1}, "expected 2 or more"),
        ({"initialisation": "chronos"}, "did you mean 'chrono'"),
        ({"initialisation": "identity"}, "for the cell simple_rnn"),
    ],
)
def test_settings_that_do_not_fit_are_named(tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        recipes.get("long_memory").fit(tmp_path / "run", **{**TINY, **settings})


def test_data_of_ones_own_is_refused_with_the_reason(tmp_path):
    with pytest.raises(InputError, match="made from a seed"):
        recipes.get("long_memory").fit(tmp_path / "run", data=tmp_path / "own.npz")


def test_chrono_biases_span_memories_of_one_to_all_steps():
    for cell, gate in (("lstm", slice(400, 800)), ("gru", slice(0, 400))):
        model = zoo.build("n_to_one", num_classes=1, num_features=2, units=400, cell=cell)
        start_with_long_memory(model, cell, 101)
        bias = model.get_layer("recurrence").layers[0].cell.bias.numpy()
        bias = bias[0] if cell == "gru" else bias
        memories = np.exp(bias[gate])
        assert 1 <= memories.min() < 5 and 95 < memories.max() <= 100
        assert abs(memories.mean() - 50.5) < 5
        if cell == "lstm":
            np.testing.assert_allclose(bias[:400], -bias[gate])
            assert not bias[800:].any()


def test_an_identity_rnn_begins_by_copying_its_state():
    settings = Settings(cell="simple_rnn", initialisation="identity", units=4, length=5)
    recipe = recipes.get("long_memory").recipe
    model = recipe.build(settings, recipe.prepare(settings, []))
    cell = model.get_layer("recurrence").layers[0].cell
    np.testing.assert_array_equal(cell.recurrent_kernel.numpy(), np.eye(4))
    output, _ = cell(tf.zeros([1, 2]), [tf.constant([[1.0, 2, 3, 4]])])
    np.testing.assert_allclose(output, [[1, 2, 3, 4]])


@pytest.mark.slow
def test_the_copying_problem_goes_the_whole_way(tmp_path):
    fit = recipes.get("long_memory").fit
    run = fit(tmp_path / "run", problem="copying", length=4, **{**TINY, "units": 8})
    measured = run.evaluate("validation")
    assert 0.7 < measured["symbol_error"] <= 1 and measured["nats_a_symbol"] < 3
    text = [given for given, _ in run.recipe.samples(run.examples("validation"), 3)]
    answer = run.answers(text=text)
    tokens = np.stack([example.sequence for example in run.examples("validation")[:3]])
    ids = run.answers("tokens", tokens=tokens, length=[24] * 3)["ids"][:, -10:]
    assert run.recipe.says(answer) == ["".join(map(str, row)) for row in ids]
    assert len(run.answers(text=text, wait=30)["text"]) == 3
    written = export(run, tmp_path)
    assert check_saved_model(written) == []
    warmed = {one.model_spec.signature_name for one in read_warmup(written)}
    assert warmed == {"serving_default", "tokens"}


@pytest.mark.slow
def test_the_table_has_a_row_a_run_and_goes_on_where_it_stopped(tmp_path, monkeypatch):
    recipe = recipes.get("long_memory").recipe
    monkeypatch.setattr(LongMemory, "settings", Settings(**TINY))
    arguments = ["--lengths", "6", "8", "--cells", "lstm", "simple_rnn"]
    arguments += ["--run-dir", str(tmp_path / "runs"), "--to", str(tmp_path / "to")]
    first = long_memory_table.main(arguments)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "runs").rglob("model.keras")}
    assert len(before) == 4
    assert long_memory_table.main(arguments) == first
    assert before == {p: p.stat().st_mtime_ns for p in before}
    rows = list(csv.DictReader((tmp_path / "to" / "adding.csv").open()))
    assert [(row["cell"], row["length"]) for row in rows] == [
        (cell, length) for length in "68" for cell in ("lstm", "simple_rnn")
    ]
    assert (tmp_path / "to" / "gradients.png").stat().st_size > 0
    assert recipe.name == "long_memory"


def test_training_has_sequences_of_every_length_and_padding_changes_nothing(run):
    train, judged = run.examples("train"), run.examples("validation")
    assert {len(example.sequence) for example in train} == set(range(2, 10))
    assert {len(example.sequence) for example in judged} == {9}
    columns, lengths = run.recipe.columns(run.assets, train[:8])
    inputs, _ = run.recipe.features({name: tf.constant(c) for name, c in columns.items()})
    assert inputs["features"].shape == (8, max(lengths), 2)
    together = run.model(inputs)["logits"]
    for row in range(8):
        alone = {"features": train[row].sequence[None], "length": lengths[row : row + 1]}
        np.testing.assert_allclose(together[row], run.model(alone)["logits"][0], atol=1e-5)
    for wrong in (1, 10):
        with pytest.raises(InputError, match="expected 2 to 9, the length, or none"):
            run.recipe.read(dataclasses.replace(run.settings, shortest=wrong), None, "train")
