"""batching_params.pbtxt beside the graph, for TensorFlow Serving and the embedded server alike."""

from pathlib import Path

import pytest
from google.protobuf import text_format

from zoo.errors import InputError
from zoo.serving import batching_parameters
from zoo.serving.batch_options import BatchOptions


def test_an_export_allows_batching_where_every_tensor_has_a_batch_dimension(model_base):
    text = (model_base / "stepper" / "7" / "batching_params.pbtxt").read_text()
    found = batching_parameters.parse(text)
    assert found.max_batch_size.value == 1024 and found.pad_variable_length_inputs
    assert batching_parameters.read(model_base / "stepper" / "7").max_batch_size == 32
    # Its signatures "scalar" and "scaled" have inputs without a batch dimension.
    assert not (model_base / "lexicon" / "1" / "batching_params.pbtxt").exists()
    assert batching_parameters.unbatchable(model_base / "lexicon" / "1") == [
        "input 'x' of signature scalar has no batch dimension",
        "output 'y' of signature scalar has no batch dimension",
        "input 'factor' of signature scaled has no batch dimension",
    ]


def test_it_is_read_as_options(tmp_path):
    assert batching_parameters.read(tmp_path) is None
    batching_parameters.write(
        tmp_path,
        {"max_batch_size": 8, "batch_timeout_micros": 2500, "allowed_batch_sizes": [2, 8]},
    )
    assert batching_parameters.read(tmp_path) == BatchOptions(8, 0.0025, (2, 8))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("max_batch_size: 8", "BatchingParameters"),
        ("unheard_of: 1", "BatchingParameters"),
        ("max_batch_size { value: 8 } allowed_batch_sizes: 4", "end with max_batch_size"),
        ("max_batch_size { value: 0 }", "at least 1"),
    ],
)
def test_a_file_that_cannot_be_right(tmp_path, text, says):
    (tmp_path / "batching_params.pbtxt").write_text(text)
    with pytest.raises(InputError, match=says):
        batching_parameters.read(tmp_path)


def test_an_export_refuses_values_that_cannot_be(tmp_path):
    with pytest.raises(InputError, match="batching: "):
        batching_parameters.write(tmp_path, {"max_batch": 8})


def test_a_server_can_lower_what_a_model_allows():
    model = BatchOptions(32, 0.001, (8, 32))
    assert model.limited(None, None) == model
    assert model.limited(64, None) == model
    assert model.limited(16, 0.5) == BatchOptions(16, 0.5, (8, 16))
    assert model.limited(1, None).max_batch_size == 1


def test_text_written_is_text_format(tmp_path):
    batching_parameters.write(tmp_path, {"max_batch_size": 4})
    text = Path(tmp_path / "batching_params.pbtxt").read_text()
    message = text_format.Parse(text, batching_parameters.message_class()())
    assert message.max_batch_size.value == 4 and not message.HasField("batch_timeout_micros")
