"""The names of all ops that a bare TensorFlow process has registered."""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterable

from zoo.errors import InputError
from zoo.serving.op_libraries import check_op_libraries

_LIST_OPS = """
import importlib, json, sys
import tensorflow
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session
for library in sys.argv[1:]:
    importlib.import_module(library)
ops = op_def_pb2.OpList.FromString(
    pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
print("OPS" + json.dumps([op.name for op in ops.op]))
"""


def registered_ops(op_libraries: Iterable[str] = ()) -> frozenset[str]:
    """Lists the ops of a fresh process that imports TensorFlow and the named libraries only.

    The present process cannot say: whatever it has imported so far may have registered ops. The
    answer is kept for as long as the process lives.

    Args:
        op_libraries: Python packages that register ops when imported; only "tensorflow_text".

    Returns:
        The op names.

    Raises:
        InputError: A library that Serving does not have, or that is not installed here.

    Example:

    >>> "MatMul" in registered_ops()
    True
    """
    libraries = tuple(sorted(set(op_libraries)))
    check_op_libraries(libraries)
    return _list_ops(libraries)


@functools.cache
def _list_ops(libraries: tuple[str, ...]) -> frozenset[str]:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        [sys.executable, "-c", _LIST_OPS, *libraries],
        capture_output=True,
        text=True,
        env={**os.environ, **quiet},
    )
    for line in done.stdout.splitlines():
        if line.startswith("OPS"):
            return frozenset(json.loads(line[3:]))
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    raise InputError(f"cannot list the ops of TensorFlow {' '.join(libraries)}: {last}")
