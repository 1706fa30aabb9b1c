"""The names of all ops that a bare TensorFlow process has registered."""

import functools
import json
import os
import subprocess
import sys

from zoo.errors import InputError

_LIST_OPS = """
import json
import tensorflow
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session
ops = op_def_pb2.OpList.FromString(
    pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
print("OPS" + json.dumps([op.name for op in ops.op]))
"""


@functools.cache
def registered_ops() -> frozenset[str]:
    """Lists the ops of a fresh process that imports TensorFlow and nothing else.

    The present process cannot say: whatever it has imported so far may have registered ops. The
    answer is kept for as long as the process lives.

    Returns:
        The op names.

    Raises:
        InputError: TensorFlow cannot be imported.

    Example:

    >>> "MatMul" in registered_ops()
    True
    """
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        [sys.executable, "-c", _LIST_OPS],
        capture_output=True,
        text=True,
        env={**os.environ, **quiet},
    )
    for line in done.stdout.splitlines():
        if line.startswith("OPS"):
            return frozenset(json.loads(line[3:]))
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    raise InputError(f"cannot list the ops of TensorFlow: {last}")
