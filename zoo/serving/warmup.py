"""Warm-up records: requests that a server runs once before it lets callers in."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.serving.optional_packages import load_api
from zoo.serving.saved_model_files import WARMUP_FILE

# A request: the name of a signature and its inputs by name.
Request = tuple[str, Mapping[str, np.ndarray]]

# TensorFlow Serving refuses to read more (servables/tensorflow/saved_model_warmup_util.h).
MOST_RECORDS = 1000


def write_warmup(version_folder: Path, model_name: str, requests: Sequence[Request]) -> None:
    """Writes `assets.extra/tf_serving_warmup_requests`, a TFRecord of PredictionLog messages.

    Args:
        version_folder: Where saved_model.pb lies.
        model_name: The name under which the model will be served.
        requests: (signature name, {input name: array}); strings as str or bytes.

    Raises:
        InputError: There are more than TensorFlow Serving reads.

    Example:

        write_warmup(folder, "g2p", [("serving_default", {"text": np.array(["hello"])})])
    """
    if len(requests) > MOST_RECORDS:
        raise InputError(
            f"{len(requests)} warm-up requests; TensorFlow Serving takes at most {MOST_RECORDS}"
        )
    import tensorflow as tf

    predict_pb2 = load_api("predict_pb2", "writing warm-up records")
    log_pb2 = load_api("prediction_log_pb2", "writing warm-up records")
    file = version_folder / WARMUP_FILE
    file.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for signature_name, inputs in requests:
            request = predict_pb2.PredictRequest()
            request.model_spec.name = model_name
            request.model_spec.signature_name = signature_name
            for key, value in inputs.items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
            log = log_pb2.PredictionLog(predict_log=log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())


def read_warmup(version_folder: Path) -> Iterator[object]:
    """Yields the PredictRequest of each warm-up record; nothing where there is no file.

    Raises:
        InputError: The file is cut or holds something else.
    """
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    file = Path(version_folder) / WARMUP_FILE
    if not file.is_file():
        return
    log_pb2 = load_api("prediction_log_pb2", "reading warm-up records")
    try:
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            log = log_pb2.PredictionLog.FromString(record)
            if log.WhichOneof("log_type") != "predict_log":
                raise InputError(f"{file} holds a record that is no predict request")
            yield log.predict_log.request
    except (tf.errors.DataLossError, DecodeError):
        raise InputError(f"{file} is broken: it is no TFRecord of PredictionLog") from None
