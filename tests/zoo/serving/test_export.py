"""A version appears whole and loadable, or not at all."""

import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session
from tensorflow_serving.apis import prediction_log_pb2

from zoo.errors import InputError
from zoo.serving import check_saved_model, export_saved_model, signature_defaults, version_folder
from zoo.serving.core_ops import registered_ops
from zoo.serving.text_ops import TEXT_OPS
from zoo.text.op_library import text_ops


class Doubler(tf.Module):
    def __init__(self):
        super().__init__()
        self.two = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def serve(self, x):
        return {"y": x * self.two}


def export(folder, version=None, module=None, **more):
    module = module or Doubler()
    return export_saved_model(
        module, {"serving_default": module.serve}, folder, version, model_name="doubler", **more
    )


def only_versions(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.exists() else set()


def test_versions_are_numbered_and_never_written_again(tmp_path):
    folder = tmp_path / "doubler"
    assert export(folder) == folder / "1"
    assert export(folder, 10) == folder / "10"
    assert export(folder) == folder / "11"
    with pytest.raises(InputError, match=r"exists.*12"):
        export(folder, 10)
    assert only_versions(folder) == {"1", "10", "11"}


@pytest.mark.parametrize("version", [0, -1, "2", 1.5, True])
def test_a_version_is_a_number_from_one_on(tmp_path, version):
    with pytest.raises(InputError, match="whole number from 1"):
        export(tmp_path, version)


def test_it_answers_in_a_bare_process_by_both_loaders(model_base):
    script = """
import sys, numpy as np, tensorflow as tf
path = sys.argv[1]
words = tf.constant(["photo", "nobody"])
loaded = tf.saved_model.load(path).signatures["serving_default"](
    word=words, length_penalty=tf.constant([0.5]), max_length=tf.constant([4, 4]))
tf.compat.v1.disable_eager_execution()
with tf.compat.v1.Session(graph=tf.Graph()) as session:
    signature = tf.compat.v1.saved_model.load(session, ["serve"], path).signature_def[
        "serving_default"]
    fetch = {k: v.name for k, v in signature.outputs.items()}
    run = session.run(fetch, {signature.inputs["word"].name: [b"photo", b"nobody"],
                              signature.inputs["max_length"].name: [4, 4]})
assert set(run) == set(loaded) == {"cut", "index", "raw_bytes", "score"}
for name, value in run.items():
    np.testing.assert_array_equal(value, loaded[name].numpy())
assert run["index"].tolist() == [1, -1] and run["cut"].tolist() == [b"phot", b"nobo"]
assert not [name for name in sys.modules if name.startswith(("zoo", "tensorflow_text"))]
"""
    path = str(model_base / "lexicon" / "1")
    done = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, text=True, cwd="/"
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_warmup_records_are_prediction_logs(model_base):
    file = model_base / "lexicon" / "1" / "assets.extra" / "tf_serving_warmup_requests"
    logs = [
        prediction_log_pb2.PredictionLog.FromString(record)
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
    ]
    assert [log.WhichOneof("log_type") for log in logs] == ["predict_log"] * 2
    request = logs[0].predict_log.request
    assert request.model_spec.name == "lexicon"
    assert request.model_spec.signature_name == "serving_default"
    assert list(request.inputs["word"].string_val) == [b"photo", b"dog"]


def test_defaults_are_recorded(model_base):
    defaults = signature_defaults(model_base / "lexicon" / "1")
    np.testing.assert_array_equal(defaults["serving_default"]["length_penalty"], [0.5])
    np.testing.assert_array_equal(defaults["scaled"]["factor"], 2.0)
    assert defaults["ids"] == {}


def test_what_is_exported_has_no_problem(model_base):
    for path in model_base.glob("*/[0-9]*"):
        assert check_saved_model(path) == []


class Wrong(tf.Module):
    """Signatures that must be refused, one a method."""

    def __init__(self):
        super().__init__()
        self.variable = tf.Variable([1.0])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def python(self, x):
        return {"y": tf.ensure_shape(tf.py_function(lambda v: v, [x], tf.float32), [None])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def numpy(self, x):
        return {"y": tf.ensure_shape(tf.numpy_function(lambda v: v, [x], tf.float32), [None])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def python_inside_a_loop(self, x):
        for _ in tf.range(2):
            x = tf.ensure_shape(tf.py_function(lambda v: v + 1, [x], tf.float32), [None])
        return {"y": x}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def unnamed(self, x):
        return x

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def several_unnamed(self, x):
        return x, x

    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.float32)])
    def ragged_in(self, x):
        return {"y": tf.reduce_sum(x, axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="x")])
    def ragged_out(self, x):
        return {"y": tf.strings.split(x)}

    @tf.function(input_signature=[tf.SparseTensorSpec([None, None], tf.float32)])
    def sparse_in(self, x):
        return {"y": tf.sparse.reduce_sum(x, axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def variant_out(self, x):
        return {
            "y": tf.raw_ops.TensorListReserve(
                element_shape=-1, num_elements=tf.size(x), element_dtype=tf.float32
            )
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="x")])
    def path(self, x):
        return {"y": tf.strings.join([tf.constant("/home/somebody/vocabulary.txt"), x])}

    @tf.function(input_signature=[tf.TensorSpec([None, 3, 2], tf.float32, name="x")])
    def cudnn(self, x):
        size = 4 * 2 * (2 + 2) + 2 * 4 * 2
        return {
            "y": tf.raw_ops.CudnnRNN(
                input=x,
                input_h=tf.zeros([1, 3, 2]),
                input_c=tf.zeros([1, 3, 2]),
                params=tf.zeros([size]),
                rnn_mode="lstm",
                input_mode="linear_input",
                direction="unidirectional",
                dropout=0.0,
                is_training=False,
            )[0]
        }


@pytest.mark.parametrize(
    ("method", "says"),
    [
        ("python", "EagerPyFunc .* calls Python"),
        ("numpy", "PyFunc .* calls Python"),
        ("python_inside_a_loop", "EagerPyFunc .* calls Python"),
        ("unnamed", "dict of tensors by name"),
        ("several_unnamed", "dict of tensors by name"),
        ("ragged_in", "ragged"),
        ("ragged_out", "ragged"),
        ("sparse_in", "sparse"),
        ("variant_out", "DT_VARIANT"),
        ("path", "absolute path: /home/somebody"),
        ("cudnn", "CudnnRNN .* cuDNN turned off"),
    ],
)
def test_a_graph_that_could_not_be_served_is_refused(tmp_path, method, says):
    module = Wrong()
    with pytest.raises(InputError, match=says):
        export_saved_model(
            module, {"serving_default": getattr(module, method)}, tmp_path, model_name="wrong"
        )
    assert only_versions(tmp_path) == set()


def test_serving_default_must_be_there(tmp_path):
    module = Doubler()
    with pytest.raises(InputError, match=r"'serving_default'.*got predict"):
        export_saved_model(module, {"predict": module.serve}, tmp_path, model_name="m")


def test_a_table_filled_from_a_file_is_refused_for_its_path(tmp_path):
    vocabulary = tmp_path / "vocabulary.txt"
    vocabulary.write_text("a\nb\n")

    class FromFile(tf.Module):
        def __init__(self):
            super().__init__()
            self.table = tf.lookup.StaticHashTable(
                tf.lookup.TextFileInitializer(
                    str(vocabulary),
                    tf.string,
                    tf.lookup.TextFileIndex.WHOLE_LINE,
                    tf.int64,
                    tf.lookup.TextFileIndex.LINE_NUMBER,
                ),
                -1,
            )

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="x")])
        def serve(self, x):
            return {"y": self.table.lookup(x)}

    with pytest.raises(InputError, match="absolute path in its shared_name"):
        export(tmp_path / "m", module=FromFile())


def test_a_table_that_the_module_does_not_own_is_refused(tmp_path):
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), -1)

    class Borrower(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="x")])
        def serve(self, x):
            return {"y": table.lookup(x)}

    with pytest.raises(InputError, match="cannot be exported"):
        export(tmp_path / "m", module=Borrower())


def rewrite(path: Path, change) -> None:
    from tensorflow.core.protobuf import saved_model_pb2

    file = path / "saved_model.pb"
    message = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    change(message.meta_graphs[0])
    file.write_bytes(message.SerializeToString())


@pytest.fixture
def lexicon_copy(model_base, tmp_path) -> Path:
    import shutil

    return Path(shutil.copytree(model_base / "lexicon" / "1", tmp_path / "1"))


def test_the_check_sees_a_table_without_its_initialiser(lexicon_copy):
    def change(graph):
        del graph.collection_def["saved_model_main_op"]
        del graph.signature_def["__saved_model_init_op"]

    rewrite(lexicon_copy, change)
    (problem,) = check_saved_model(lexicon_copy)
    assert "is empty after the session loader" in problem


def test_the_check_sees_an_op_that_nobody_registers(lexicon_copy):
    def change(graph):
        function = graph.graph_def.library.function[0]
        function.node_def.add(name="gather", op="Addons>GatherTree")

    rewrite(lexicon_copy, change)
    (problem,) = check_saved_model(lexicon_copy)
    assert "Addons>GatherTree in function" in problem and "registered by no library" in problem


class Normalizing(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="x")])
    def serve(self, x):
        return {"y": text_ops().normalize_utf8(x, "NFKC")}


@pytest.fixture(scope="module")
def normalizing(tmp_path_factory):
    return export(tmp_path_factory.mktemp("normalizing"), module=Normalizing())


def test_an_export_declares_the_op_library_that_it_needs(normalizing, tmp_path):
    declared = normalizing / "assets.extra" / "op_libraries.txt"
    assert declared.read_text() == "tensorflow_text\n"
    assert check_saved_model(normalizing) == []
    assert not (export(tmp_path) / "assets.extra").exists()


def test_the_check_misses_a_declaration_and_refuses_a_foreign_one(normalizing, tmp_path):
    copy = tmp_path / "1"
    shutil.copytree(normalizing, copy)
    declared = copy / "assets.extra" / "op_libraries.txt"
    declared.write_text("numpy\n")
    assert check_saved_model(copy) == [
        "TensorFlow Serving has no op library 'numpy'; it has tensorflow_text"
    ]
    declared.unlink()
    (problem,) = check_saved_model(copy)
    assert "NormalizeUTF8" in problem and "of tensorflow_text, which" in problem


@pytest.mark.slow
def test_it_is_loaded_in_a_process_that_has_not_imported_the_library(normalizing):
    script = """
import sys
import zoo
assert "tensorflow_text" not in sys.modules
print(zoo.load(sys.argv[1])(["\\uff21"])["y"][0].decode())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(normalizing)], capture_output=True, text=True
    )
    assert done.stdout.strip() == "A", done.stderr[-2000:]


def test_the_ops_that_serving_has_are_those_of_the_library():
    before = set(registered_ops())
    assert not before & TEXT_OPS
    text_ops()
    # The library may have more by now; what Serving has must still be what it says.
    names = op_def_pb2.OpList.FromString(
        pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    )
    assert {op.name for op in names.op} >= TEXT_OPS


def test_the_check_names_a_file_that_is_no_saved_model(tmp_path):
    assert "no saved_model.pb" in check_saved_model(tmp_path)[0]
    (tmp_path / "saved_model.pb").write_bytes(b"\xff" * 20)
    assert "is broken" in check_saved_model(tmp_path)[0]


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (("nothing", {}), "unknown signature 'nothing'"),
        (("serving_default", {}), "request 1 .* input 'x' is missing"),
        (("serving_default", {"z": [1.0]}), "request 1 .* no input 'z'"),
        (("serving_default", {"x": ["text"]}), "request 1 .*"),
    ],
)
def test_a_warmup_request_that_fails_stops_the_export(tmp_path, request_, says):
    with pytest.raises(InputError, match=says):
        export(tmp_path, warmup=[request_])
    assert only_versions(tmp_path) == set()


def test_at_most_a_thousand_warmup_requests(tmp_path):
    with pytest.raises(InputError, match="at most 1000"):
        export(tmp_path, warmup=[("serving_default", {"x": [1.0]})] * 1001)


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        export(tmp_path)
    assert only_versions(tmp_path) == set()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        export(tmp_path / "file" / "model")


def _stage_and_die(folder: Path) -> None:
    with version_folder.staged(folder) as path:
        (path / "saved_model.pb").write_bytes(b"half")
        os.kill(os.getpid(), 9)


def test_what_a_killed_export_left_is_no_version_and_goes_with_the_next(tmp_path):
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_stage_and_die, args=(tmp_path,))
    process.start()
    process.join()
    (left,) = only_versions(tmp_path)
    assert not left.isdecimal()
    assert version_folder.next_version(tmp_path) == 1
    with version_folder.staged(tmp_path) as alive, version_folder.staged(tmp_path):
        assert alive.is_dir()  # a sweep spares an exporter that is still at work
    assert only_versions(tmp_path) == set()


def test_two_exporters_take_two_numbers(tmp_path):
    with version_folder.staged(tmp_path) as first, version_folder.staged(tmp_path) as second:
        for path in (first, second):
            (path / "saved_model.pb").write_bytes(b"")
        assert version_folder.publish(first, tmp_path, None).name == "1"
        with pytest.raises(InputError, match="exists"):
            version_folder.publish(second, tmp_path, 1)
        assert version_folder.publish(second, tmp_path, None).name == "2"


class Wordy(tf.Module):
    """Repeats a text; the number of times has a default, the number of rows is no batch."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="text"),
            tf.TensorSpec([None], tf.int32, name="times"),
        ]
    )
    def serve(self, text, times=tf.constant([2])):  # noqa: B008
        return {"text": tf.repeat(text, times), "rows": tf.shape(text)[0]}


def test_a_default_signature_that_takes_settings_is_refused(tmp_path):
    module = Wordy()
    with pytest.raises(InputError) as caught:
        export_saved_model(
            module, {"serving_default": module.serve}, tmp_path / "wordy", model_name="wordy"
        )
    said = str(caught.value)
    assert "'times' of signature serving_default has a default" in said
    assert "'rows' of signature serving_default has not the batch as its first dimension" in said
    assert not list((tmp_path / "wordy").glob("[0-9]*"))
