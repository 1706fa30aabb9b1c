"""`batching_params.pbtxt`: how requests for a model may be put together, beside its graph.

TensorFlow Serving reads it with `--enable_batching --enable_per_model_batching_parameters`; a model
without the file is then not batched. The embedded server goes by the same file.
"""

import functools
from collections.abc import Mapping
from pathlib import Path

from zoo.errors import InputError
from zoo.serving.batch_options import BatchOptions
from zoo.serving.saved_model_files import public_signatures, read_meta_graph

FILE = "batching_params.pbtxt"


@functools.cache
def message_class():
    """Makes the class of TensorFlow Serving's BatchingParameters message.

    `tensorflow-serving-api` does not carry it. The fields are those of
    tensorflow_serving/servables/tensorflow/session_bundle_config.proto; only the text format is
    used, where names count and numbers do not.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="batching_parameters.proto", package="tensorflow.serving", syntax="proto3"
    )
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    message = file.message_type.add(name="BatchingParameters")
    wrapped = {
        "max_batch_size": (1, "Int64Value"),
        "batch_timeout_micros": (2, "Int64Value"),
        "max_enqueued_batches": (3, "Int64Value"),
        "num_batch_threads": (4, "Int64Value"),
        "thread_pool_name": (5, "StringValue"),
        "enable_large_batch_splitting": (8, "BoolValue"),
        "max_execution_batch_size": (9, "Int64Value"),
    }
    for name, (number, kind) in wrapped.items():
        message.field.add(
            name=name,
            number=number,
            type=field.TYPE_MESSAGE,
            type_name=f".google.protobuf.{kind}",
            label=field.LABEL_OPTIONAL,
        )
    message.field.add(
        name="allowed_batch_sizes", number=6, type=field.TYPE_INT64, label=field.LABEL_REPEATED
    )
    message.field.add(
        name="pad_variable_length_inputs",
        number=7,
        type=field.TYPE_BOOL,
        label=field.LABEL_OPTIONAL,
    )
    # A pool of its own: the day the package carries the message, the two do not clash.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(descriptor_pb2.FileDescriptorProto.FromString(wrappers_pb2.DESCRIPTOR.serialized_pb))
    pool.Add(file)
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName("tensorflow.serving.BatchingParameters")
    )


def parse(text: str, source: str = "the text"):
    """Reads a BatchingParameters message in text format.

    Raises:
        InputError: It is none.
    """
    from google.protobuf import text_format

    try:
        return text_format.Parse(text, message_class()())
    except text_format.ParseError as error:
        raise InputError(f"{source} is no BatchingParameters: {error}") from None


def read(version_folder: Path) -> BatchOptions | None:
    """Reads how requests for a version may be put together; None where they may not.

    Raises:
        InputError: The file is there but cannot be right.
    """
    file = Path(version_folder) / FILE
    if not file.is_file():
        return None
    found = parse(file.read_text(encoding="utf-8"), str(file))
    default = BatchOptions()
    size = found.max_batch_size.value if found.HasField("max_batch_size") else 1000
    # Then max_batch_size limits a request, which is taken apart into calls of this size.
    if found.enable_large_batch_splitting.value and found.HasField("max_execution_batch_size"):
        size = found.max_execution_batch_size.value
    timeout = default.timeout
    if found.HasField("batch_timeout_micros"):
        timeout = found.batch_timeout_micros.value / 1e6
    try:
        return BatchOptions(
            max_batch_size=size,
            timeout=timeout,
            allowed_batch_sizes=tuple(found.allowed_batch_sizes),
        )
    except ValueError as error:
        raise InputError(f"{file}: {error}") from None


def write(version_folder: Path, values: Mapping[str, object]) -> None:
    """Writes `batching_params.pbtxt`.

    Args:
        version_folder: Where saved_model.pb lies.
        values: Fields of BatchingParameters; numbers, or a list for `allowed_batch_sizes`.

    Raises:
        InputError: A field that the message does not have, or sizes that cannot be.
    """
    from google.protobuf import json_format, text_format

    try:
        message = json_format.ParseDict(dict(values), message_class()())
    except json_format.ParseError as error:
        raise InputError(f"batching: {error}") from None
    (Path(version_folder) / FILE).write_text(text_format.MessageToString(message))
    read(version_folder)


def unbatchable(version_folder: Path) -> list[str]:
    """Says what keeps TensorFlow Serving from batching a SavedModel.

    Its batching takes requests of any signature apart and puts them together along the first
    dimension; with a tensor that has none, every call would be refused.

    Args:
        version_folder: Where saved_model.pb lies.

    Returns:
        One line a tensor; empty when all signatures can be batched.
    """
    problems = []
    signatures = public_signatures(read_meta_graph(version_folder))
    for name, signature in sorted(signatures.items()):
        for kind, tensors in (("input", signature.inputs), ("output", signature.outputs)):
            for key, info in sorted(tensors.items()):
                dims = info.tensor_shape.dim
                if not dims or dims[0].size >= 0:
                    problems.append(f"{kind} {key!r} of signature {name} has no batch dimension")
    return problems
