"""zoo plot with a builder's name."""

import pytest

from recipes.commands.main import main

pytest.importorskip("matplotlib")


def test_a_model_is_drawn_by_its_name_and_settings(tmp_path, capsys):
    one, other = tmp_path / "one.svg", tmp_path / "other.png"
    assert main(["plot", "perceptron", "--to", str(one)]) == 0
    assert one.read_text().startswith("<?xml")
    settings = ["--set", "bidirectional=true", "--set", "num_layers=2"]
    assert main(["plot", "recurrent_features", *settings, "--to", str(other)]) == 0
    assert other.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out == f"drawn: {one}\ndrawn: {other}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["n_to_n", "--set", "num_layer=2"], "did you mean 'num_layers'"),
        (["n_to_n", "--set", "cell=lstn"], "did you mean 'lstm'"),
        (["n_to_n", "an input"], "takes no INPUT"),
        (["perceptron", "--to", "model.nonsense"], "unknown picture format"),
        (["n_to_n", "--set", "num_layers=two"], "num_layers is 'two'; expected a whole number"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(arguments, said, capsys):
    assert main(["plot", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
