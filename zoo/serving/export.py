"""Writing a SavedModel version that TensorFlow Serving can load, or none."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.serving import batching_parameters, graph_check, version_folder, warmup
from zoo.serving.saved_model_files import OP_LIBRARIES_FILE, read_meta_graph
from zoo.serving.text_ops import LIBRARY, needs_text_ops

if TYPE_CHECKING:
    import tensorflow as tf

# Sizes come from `python -m benchmarks.serving`; docs/serving.md has the figures. Variable lengths
# are padded: signatures that take token ids take their lengths too. Without large_batch_splitting,
# TensorFlow Serving would refuse a request of more rows than one call takes.
BATCHING = {
    "max_batch_size": 1024,
    "enable_large_batch_splitting": True,
    "max_execution_batch_size": 32,
    "batch_timeout_micros": 1000,
    "max_enqueued_batches": 64,
    "pad_variable_length_inputs": True,
}
_METHODS = {"classify": "tensorflow/serving/classify", "regress": "tensorflow/serving/regress"}


def export_saved_model(
    module: "tf.Module",
    signatures: Mapping[str, object],
    folder: Path,
    version: int | None = None,
    warmup: Sequence["warmup.Request"] = (),
    *,
    model_name: str,
    methods: Mapping[str, str] | None = None,
    batching: Mapping[str, object] | None = BATCHING,
    allow_defaults: bool = False,
) -> Path:
    """Writes `<folder>/<version>/` in one step, after everything in it was checked.

    The files are written to a hidden sibling, checked by `check_saved_model`, loaded as TensorFlow
    Serving loads them, the warm-up requests are run through them, every byte is synced to the disk,
    and only then is the folder renamed: who watches `folder` never sees half a version, and a
    crash or a full disk leaves nothing that looks like one.

    A graph that needs TF Text's ops says so in `assets.extra/op_libraries.txt`, which `zoo.load`
    and the server read; in a bare TensorFlow process, `import tensorflow_text` comes first.

    Args:
        module: Owns every variable and table that the signatures use.
        signatures: Name to `tf.function` with an `input_signature` (whose tensor defaults become
            the signature's defaults) or ConcreteFunction; "serving_default" is one of them. Each
            takes named tensors and returns a dict of them.
        folder: The model folder; it is made where it is missing.
        version: A new number from 1 on; None takes the next free one.
        warmup: Requests as (signature name, {input name: array}), representative in size.
        model_name: The name under which the model will be served.
        methods: For signatures that serve the Classify and Regress calls: name to "classify" or
            "regress". Such a signature takes "inputs" (serialised tf.Example, [batch]) and returns
            "classes" and "scores" ([batch, classes]), or "outputs" ([batch] or [batch, 1]).
        batching: Fields of BatchingParameters for `batching_params.pbtxt`, which lets servers run
            rows of several requests in one call; it is written if every tensor of every signature
            has a batch dimension. None for a graph whose rows are not independent.
        allow_defaults: whether `serving_default` may have inputs with defaults, which callers over
            REST have to give all the same; see `contract_problems`.

    Returns:
        The new version's folder.

    Raises:
        InputError: The version exists, a signature or the graph cannot be served (the line says
            why), a warm-up request fails, or the disk is full.

    Example:

        export_saved_model(module, {"serving_default": module.serve}, Path("saved_models/g2p"),
                           warmup=[("serving_default", {"text": ["hello"]})], model_name="g2p")
    """
    folder = Path(folder)
    _check_signatures(signatures)
    version_folder.check_free(folder, version)
    try:
        with version_folder.staged(folder) as staging:
            _write(staging, module, signatures, model_name, warmup)
            _set_methods(staging, methods or {})
            if batching and not batching_parameters.unbatchable(staging):
                batching_parameters.write(staging, batching)
            problems = graph_check.check_saved_model(staging)
            problems = problems or graph_check.contract_problems(staging, allow_defaults)
            if problems:
                raise InputError(f"{model_name} cannot be served: {'; '.join(problems)}")
            _replay(staging, model_name)
            return version_folder.publish(staging, folder, version)
    except OSError as error:
        raise InputError(f"cannot write a version to {folder}: {error.strerror or error}") from None


def _check_signatures(signatures: Mapping[str, object]) -> None:
    if "serving_default" not in signatures:
        names = ", ".join(sorted(signatures)) or "none"
        raise InputError(f"'serving_default' must be among the signatures; got {names}")
    for name, function in signatures.items():
        concrete = _concrete(name, function)
        _, inputs = concrete.structured_input_signature
        positional, _ = concrete.structured_input_signature
        _check_dense(f"an input of signature {name}", [*_leaves(positional), *_leaves(inputs)])
        outputs = concrete.structured_outputs
        if not isinstance(outputs, Mapping) or not all(isinstance(key, str) for key in outputs):
            raise InputError(f"signature {name} must return a dict of tensors by name")
        _check_dense(f"an output of signature {name}", _leaves(outputs))


def _concrete(name: str, function):
    if hasattr(function, "structured_outputs"):
        return function
    if getattr(function, "input_signature", None) is None:
        raise InputError(
            f"signature {name} must be a tf.function with an input_signature or a concrete function"
        )
    return function.get_concrete_function()


def _leaves(structure) -> list:
    import tensorflow as tf

    return tf.nest.flatten(structure)


def _check_dense(what: str, specs: list) -> None:
    import tensorflow as tf

    for spec in specs:
        if isinstance(spec, (tf.RaggedTensorSpec, tf.SparseTensorSpec, tf.RaggedTensor)):
            raise InputError(
                f"{what} is sparse or ragged; take dense tensors and lengths instead: {spec}"
            )


def _write(staging, module, signatures, model_name, requests) -> None:
    import tensorflow as tf

    unknown = {name for name, _ in requests} - set(signatures)
    if unknown:
        raise InputError(f"a warm-up request names an unknown signature {sorted(unknown)[0]!r}")
    try:
        tf.saved_model.save(module, str(staging), signatures=dict(signatures))
    except AssertionError as error:
        # TensorFlow's way to say that a table or variable is no attribute of the module.
        raise InputError(f"{model_name} cannot be exported: {_first_line(error)}") from None
    except tf.errors.OpError as error:
        raise OSError(None, _first_line(error)) from None
    _declare_op_library(staging)
    if requests:
        warmup.write_warmup(staging, model_name, requests)


def _declare_op_library(staging: Path) -> None:
    """Writes beside the graph that it needs TF Text, where it does."""
    if needs_text_ops(read_meta_graph(staging).graph_def):
        file = staging / OP_LIBRARIES_FILE
        file.parent.mkdir(exist_ok=True)
        file.write_text(LIBRARY + "\n", encoding="utf-8")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _set_methods(staging: Path, methods: Mapping[str, str]) -> None:
    if not methods:
        return
    from tensorflow.core.protobuf import saved_model_pb2

    file = staging / "saved_model.pb"
    saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    found = saved_model.meta_graphs[0].signature_def
    for name, method in methods.items():
        if method not in _METHODS or name not in found:
            raise InputError(
                f"methods: {name!r} must be a signature and {method!r} one of classify, regress"
            )
        found[name].method_name = _METHODS[method]
    file.write_bytes(saved_model.SerializeToString(deterministic=True))


def _replay(staging: Path, model_name: str) -> None:
    requests = list(warmup.read_warmup(staging))
    if not requests:
        return

    def run_all(session, meta_graph) -> None:
        for number, request in enumerate(requests, 1):
            signature = meta_graph.signature_def[request.model_spec.signature_name]
            try:
                _run(session, signature, request)
            except Exception as error:
                raise InputError(
                    f"warm-up request {number} of {model_name} "
                    f"({request.model_spec.signature_name}) fails: {_first_line(error)}"
                ) from None

    graph_check.in_session(staging, run_all)


def _run(session, signature, request) -> None:
    """Feeds a request to a session the way TensorFlow Serving does."""
    import tensorflow as tf

    unknown = set(request.inputs) - set(signature.inputs)
    if unknown:
        raise InputError(f"there is no input {sorted(unknown)[0]!r}")
    feeds = {}
    for key, info in signature.inputs.items():
        if key not in request.inputs and key not in signature.defaults:
            raise InputError(f"input {key!r} is missing")
        given = request.inputs[key] if key in request.inputs else signature.defaults[key]
        feeds[info.name] = tf.make_ndarray(given)
    session.run({key: info.name for key, info in signature.outputs.items()}, feeds)
