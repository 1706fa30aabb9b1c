"""tf.Example input of the Classify and Regress calls, and what their outputs must look like."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from zoo.serving.base64_text import decode_base64
from zoo.serving.json_format import is_base64
from zoo.serving.json_parser import encode_text, kind_of
from zoo.serving.servable import Arrays, Signature
from zoo.serving.status import Code, ServingError, invalid

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


def serialised_examples(message) -> np.ndarray:
    """Turns the `Input` of a request into serialised tf.Example, one a row.

    A context's features are added to those of every example.

    Args:
        message: A `tensorflow.serving.Input`.

    Returns:
        bytes [examples].

    Raises:
        ServingError: INVALID_ARGUMENT where there is no example.
    """
    kind = message.WhichOneof("kind")
    if kind == "example_list":
        examples = [e.SerializeToString() for e in message.example_list.examples]
    elif kind == "example_list_with_context":
        examples = []
        for example in message.example_list_with_context.examples:
            merged = type(example)()
            merged.CopyFrom(message.example_list_with_context.context)
            merged.MergeFrom(example)
            examples.append(merged.SerializeToString())
    else:
        examples = []
    if not examples:
        raise invalid("Input is empty: it has no examples.")
    array = np.empty(len(examples), dtype=object)
    array[:] = examples
    return array


def fill_input(document: Mapping[str, Any], message) -> None:
    """Fills the `Input` of a request from TensorFlow Serving's JSON for classify and regress.

    Args:
        document: The parsed body: "examples", and "context" if any.
        message: A `tensorflow.serving.Input`.

    Raises:
        ServingError: INVALID_ARGUMENT, naming the feature.
    """
    if "context" in document:
        _fill_example(document["context"], message.example_list_with_context.context)
    if "examples" not in document:
        raise invalid("When method is classify, key 'examples' is expected and was not found")
    rows = document["examples"]
    if not isinstance(rows, list):
        raise invalid("Expecting 'examples' value to be an list/array")
    if not rows:
        raise invalid("'examples' value is an empty array")
    has_context = "context" in document
    holder = message.example_list_with_context if has_context else message.example_list
    for row in rows:
        _fill_example(row, holder.examples.add())


def _fill_example(row: Any, example) -> None:
    if not isinstance(row, dict):
        raise invalid(f"Example must be JSON object but got JSON {kind_of(row)}")
    for name, content in row.items():
        values = content if isinstance(content, list) else [content]
        shown = encode_text(name).decode(errors="replace")
        feature = example.features.feature[shown]
        kinds = [_kind(value, shown) for value in values]
        if len(set(kinds)) > 1:
            raise invalid(f"Unexpected element type in feature: {shown} expecting type: {kinds[0]}")
        if "bytes" in kinds:
            feature.bytes_list.value.extend(map(_bytes, values))
        elif "float" in kinds:
            with np.errstate(over="ignore"):
                feature.float_list.value.extend(np.array(values, np.float64).astype(np.float32))
        elif kinds:
            feature.int64_list.value.extend(map(int, values))


def _kind(value: Any, name: str) -> str:
    if isinstance(value, int):
        if 2**63 <= value < 2**64:
            raise invalid(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
        # A whole number that no integer type holds is read as a float.
        return "int64" if -(2**63) <= value < 2**63 else "float"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str) or is_base64(value):
        return "bytes"
    raise invalid(f"Feature: {name} has element with unexpected JSON type: {kind_of(value)}")


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return encode_text(value)
    decoded = decode_base64(value["b64"])
    if decoded is None:
        raise invalid("Unable to base64 decode")
    return decoded


def example_input(signature: Signature, method: str) -> str:
    """Returns the name of the input that takes the examples.

    Raises:
        ServingError: INVALID_ARGUMENT where the signature does not serve the method.
    """
    if signature.definition.method_name != method:
        raise invalid(
            f"Expected signature {signature.name!r} to have method_name {method}. "
            f"Was: {signature.definition.method_name}"
        )
    if list(signature.inputs) != ["inputs"]:
        raise ServingError(
            Code.FAILED_PRECONDITION, f"signature {signature.name!r} must have one input 'inputs'"
        )
    return "inputs"


def fill_classification(outputs: Arrays, examples: int, message) -> None:
    """Fills a `ClassificationResult` from outputs "classes" (bytes) and "scores" [batch, classes].

    Raises:
        ServingError: INVALID_ARGUMENT or FAILED_PRECONDITION where the outputs are no such.
    """
    classes, scores = outputs.get("classes"), outputs.get("scores")
    if classes is None and scores is None:
        raise ServingError(
            Code.FAILED_PRECONDITION, "a classify signature must return 'classes' or 'scores'"
        )
    for name, array in (("classes", classes), ("scores", scores)):
        if array is not None and (array.ndim != 2 or len(array) != examples):
            raise invalid(f"Expected output {name!r} of shape [{examples}, classes]")
    for row in range(examples):
        classification = message.classifications.add()
        width = (classes if classes is not None else scores).shape[1]
        for column in range(width):
            one = classification.classes.add()
            if classes is not None:
                one.label = classes[row, column].decode("utf-8", "replace")
            if scores is not None:
                one.score = float(scores[row, column])


def fill_regression(outputs: Arrays, examples: int, message) -> None:
    """Fills a `RegressionResult` from the output "outputs", [batch] or [batch, 1].

    Raises:
        ServingError: INVALID_ARGUMENT where the output is no such.
    """
    values = outputs.get("outputs")
    if values is None or values.dtype == object or values.size != examples:
        raise invalid(f"Expected output 'outputs' of shape [{examples}] or [{examples}, 1]")
    for value in values.ravel().tolist():
        message.regressions.add().value = value
