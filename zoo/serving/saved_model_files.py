"""What the files of a SavedModel say, read without loading it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zoo.errors import InputError

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
OP_LIBRARIES_FILE = "assets.extra/op_libraries.txt"
# tf.saved_model.save adds it for its own loader; Serving never runs it.
INIT_SIGNATURE = "__saved_model_init_op"


def read_meta_graph(path: Path):
    """Reads the MetaGraphDef that is tagged for serving.

    Args:
        path: A version folder, `<name>/<version>`.

    Returns:
        A `MetaGraphDef`.

    Raises:
        InputError: There is no saved_model.pb, it is cut or it has no graph tagged "serve".

    Example:

        meta_graph = read_meta_graph(Path("saved_models/g2p/1"))
        sorted(meta_graph.signature_def)
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    file = Path(path) / "saved_model.pb"
    if not file.is_file():
        raise InputError(f"{path} is not a saved model: it has no saved_model.pb")
    saved_model = saved_model_pb2.SavedModel()
    try:
        saved_model.ParseFromString(file.read_bytes())
    except DecodeError:
        raise InputError(f"{file} is broken: it is no SavedModel message") from None
    for meta_graph in saved_model.meta_graphs:
        if "serve" in meta_graph.meta_info_def.tags:
            return meta_graph
    raise InputError(f"{file} has no graph tagged 'serve'")


def all_nodes(graph_def) -> Iterator[tuple[str, object]]:
    """Yields (where it stands, node) for each node of a graph and of its function library."""
    for node in graph_def.node:
        yield "the main graph", node
    for function in graph_def.library.function:
        for node in function.node_def:
            yield f"function {function.signature.name}", node


def public_signatures(meta_graph) -> dict:
    """Returns the SignatureDefs by name, without TensorFlow's own initialisation entry."""
    return {k: v for k, v in meta_graph.signature_def.items() if k != INIT_SIGNATURE}


def signature_defaults(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Reads the recorded default of each input that a caller may leave out.

    Args:
        path: A version folder, `<name>/<version>`.

    Returns:
        {signature name: {input name: array}}; signatures without defaults map to {}.

    Raises:
        InputError: The folder holds no readable saved model.

    Example:

        signature_defaults("saved_models/g2p/1")["serving_default"]["length_penalty"]
    """
    import tensorflow as tf

    return {
        name: {key: tf.make_ndarray(proto) for key, proto in signature.defaults.items()}
        for name, signature in public_signatures(read_meta_graph(path)).items()
    }


def op_libraries(path: Path) -> list[str]:
    """Reads the names of the Python packages whose op libraries the graph needs."""
    file = Path(path) / OP_LIBRARIES_FILE
    return file.read_text(encoding="utf-8").split() if file.is_file() else []
