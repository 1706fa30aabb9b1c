"""Refuses, before it is published, a SavedModel that TensorFlow Serving could not load."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from zoo.errors import InputError
from zoo.serving.core_ops import registered_ops
from zoo.serving.op_libraries import check_op_libraries
from zoo.serving.saved_model_files import (
    OP_LIBRARIES_FILE,
    all_nodes,
    op_libraries,
    public_signatures,
    read_meta_graph,
)
from zoo.serving.text_ops import LIBRARY, TEXT_OPS
from zoo.signature_names import SERVING_DEFAULT, WITH_SETTINGS

_PYTHON_OPS = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
_STATIC_TABLES = {"HashTable", "HashTableV2"}
_UNSERVABLE_DTYPES = {"DT_RESOURCE", "DT_VARIANT", "DT_INVALID"}
_POSITIONAL = re.compile(r"(args|output|unknown)_\d+|unknown")
# At least two parts, so that tokens such as "/" or "/s/" in a vocabulary are no paths.
_ABSOLUTE = re.compile(rb"(file:/)?/([^/\s]+/)+[^/\s]+|[A-Za-z]:\\\S+")
# A table that is filled from a file carries the file's path in its shared name.
_PATH_IN_NAME = re.compile(rb"(^|[_=:])/([\w.\-]+/)+[\w.\-]+")


def check_saved_model(path: Path) -> list[str]:
    """Says what would keep TensorFlow Serving from loading a SavedModel or a caller from using it.

    Looked at, inside function libraries too: ops that core TensorFlow does not register (or TF
    Text as Serving has it, where `assets.extra/op_libraries.txt` declares it), ops of cuDNN, Python
    functions,
    absolute paths, tensors in a signature that cannot travel (resource, variant, sparse, ragged),
    inputs and outputs without names of their own, and tables that the session loader, which is the
    path that Serving takes, leaves empty.

    Args:
        path: A version folder, `<name>/<version>`.

    Returns:
        One line a problem; empty when there is none.

    Example:

        assert not check_saved_model("saved_models/g2p/1")
    """
    path = Path(path)
    try:
        meta_graph = read_meta_graph(path)
        declared = op_libraries(path)
        check_op_libraries(declared)
        known_ops = registered_ops() | (TEXT_OPS if declared else frozenset())
    except InputError as error:
        return [str(error)]
    nodes = list(all_nodes(meta_graph.graph_def))
    problems = [
        *_op_problems(nodes, known_ops, meta_graph),
        *_path_problems(nodes, meta_graph),
        *_signature_problems(meta_graph),
    ]
    return problems or _session_problems(path)


def _op_problems(nodes, known_ops: frozenset[str], meta_graph) -> list[str]:
    functions = {f.signature.name for f in meta_graph.graph_def.library.function}
    problems = []
    for op in sorted({node.op for _, node in nodes}):
        where = next(place for place, node in nodes if node.op == op)
        if op.startswith("Cudnn"):
            problems.append(
                f"op {op} in {where} runs on NVIDIA GPUs only; export with cuDNN turned off"
            )
        elif op in _PYTHON_OPS:
            problems.append(
                f"op {op} in {where} calls Python, which a server does not have; "
                "write it in TensorFlow ops"
            )
        elif op not in known_ops and op not in functions:
            problems.append(_unknown_op(op, where))
    return problems


def _unknown_op(op: str, where: str) -> str:
    if op in TEXT_OPS:
        return (
            f"op {op} in {where} is of {LIBRARY}, which {OP_LIBRARIES_FILE} does not declare; "
            f"export it anew, or write the name there"
        )
    return (
        f"op {op} in {where} is registered by no library that TensorFlow Serving has: neither core "
        f"TensorFlow nor TF Text 2.20"
    )


def _path_problems(nodes, meta_graph) -> list[str]:
    problems = []
    for asset in meta_graph.asset_file_def:
        if asset.filename.startswith("/") or ".." in Path(asset.filename).parts:
            problems.append(f"asset {asset.filename!r} lies outside of the saved model")
    for where, node in nodes:
        if node.op == "Const":
            values = node.attr["value"].tensor.string_val
            if values and all(_ABSOLUTE.fullmatch(value) for value in values):
                found = values[0].decode(errors="replace")
                problems.append(f"constant {node.name} in {where} is an absolute path: {found}")
        for attribute in ("shared_name", "container"):
            value = node.attr[attribute].s if attribute in node.attr else b""
            if _PATH_IN_NAME.search(value):
                problems.append(
                    f"{node.op} {node.name} in {where} carries an absolute path in its "
                    f"{attribute}: {value.decode(errors='replace')}; fill the table from a tensor"
                )
    return problems


def _signature_problems(meta_graph) -> list[str]:
    signatures = public_signatures(meta_graph)
    problems = []
    if "serving_default" not in signatures:
        problems.append("there is no signature 'serving_default'")
    for name, signature in sorted(signatures.items()):
        if not signature.outputs:
            problems.append(f"signature {name} has no outputs")
        for kind, tensors in (("input", signature.inputs), ("output", signature.outputs)):
            for key, info in sorted(tensors.items()):
                problems += _tensor_problems(f"{kind} {key!r} of signature {name}", key, info)
        for key in set(signature.defaults) - set(signature.inputs):
            problems.append(f"signature {name} has a default for {key!r}, which is no input")
    return problems


def _tensor_problems(what: str, key: str, info) -> list[str]:
    from tensorflow.core.framework import types_pb2

    problems = []
    if info.WhichOneof("encoding") != "name":
        problems.append(f"{what} is sparse or ragged; Serving takes dense tensors only")
    elif types_pb2.DataType.Name(info.dtype) in _UNSERVABLE_DTYPES:
        problems.append(f"{what} is a {types_pb2.DataType.Name(info.dtype)}, which cannot travel")
    if _POSITIONAL.fullmatch(key):
        problems.append(f"{what} has no name of its own; take and return named tensors (a dict)")
    return problems


def contract_problems(path: Path, allow_defaults: bool = False) -> list[str]:
    """Says in what a SavedModel's `serving_default` breaks the contract of the zoo's models.

    It takes what a person has and nothing else: TensorFlow Serving's REST interface asks for every
    input of a signature, whether it has a default or not, and takes a plain list for one input
    alone. And each of its outputs has the batch as its first dimension.

    Args:
        path: A version folder, `<name>/<version>`.
        allow_defaults: whether `serving_default` may have inputs with defaults.

    Returns:
        One line a problem; empty when there is none.

    Raises:
        InputError: the folder holds no readable saved model, or no `serving_default`.
    """
    signature = public_signatures(read_meta_graph(path)).get(SERVING_DEFAULT)
    if signature is None:
        raise InputError(f"{path}: there is no signature {SERVING_DEFAULT!r}")
    problems = [
        f"input {key!r} of signature {SERVING_DEFAULT} has a default; callers over REST would have "
        f"to give it all the same: make it an input of {WITH_SETTINGS!r}"
        for key in sorted(signature.defaults)
        if not allow_defaults
    ]
    for key, info in sorted(signature.outputs.items()):
        shape = info.tensor_shape
        if not shape.unknown_rank and (not shape.dim or shape.dim[0].size != -1):
            problems.append(
                f"output {key!r} of signature {SERVING_DEFAULT} has not the batch as its first "
                f"dimension; its shape is {[dim.size for dim in shape.dim]}"
            )
    return problems


def in_session(path: Path, use: Callable) -> object:
    """Loads a SavedModel the way TensorFlow Serving does and calls `use(session, meta_graph)`."""
    import tensorflow as tf

    session_type = tf.compat.v1.Session
    verbosity = tf.compat.v1.logging.get_verbosity()
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    try:
        with tf.Graph().as_default(), session_type() as session:
            return use(session, tf.compat.v1.saved_model.load(session, ["serve"], str(path)))
    finally:
        tf.compat.v1.logging.set_verbosity(verbosity)


def _session_problems(path: Path) -> list[str]:
    from zoo.serving.status import public_message

    try:
        return list(in_session(path, lambda session, _: _empty_tables(session)))
    except Exception as error:
        return [f"the session loader cannot load it: {public_message(error)}"]


def _empty_tables(session) -> Iterable[str]:
    import tensorflow as tf

    tables = [op for op in session.graph.get_operations() if op.type in _STATIC_TABLES]
    # In one run: after each operation that is added, a session prepares the whole graph anew.
    sizes = session.run([tf.raw_ops.LookupTableSizeV2(table_handle=op.outputs[0]) for op in tables])
    return [
        f"table {op.name} is empty after the session loader has loaded it"
        for op, size in zip(tables, sizes, strict=True)
        if size == 0
    ]
