"""The one error of serving: a canonical status code, a message, and how HTTP spells it."""

import enum
import re


class Code(enum.IntEnum):
    """The canonical status codes of gRPC and TensorFlow; names and numbers are theirs."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


# As TensorFlow Serving's model server maps them (model_servers/http_server.cc).
_HTTP = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.UNAUTHENTICATED: 401,
}


class ServingError(Exception):
    """A request that got a status other than OK, on the server's side or the client's.

    Args:
        code: The canonical status code.
        message: One line for the caller; never a traceback or a path.
        http_status: What HTTP answers; default: TensorFlow Serving's status for the code.

    Example:

    >>> error = ServingError(Code.NOT_FOUND, "Servable not found for request: Latest(g2p)")
    >>> error.http_status, str(error)
    (404, 'NOT_FOUND: Servable not found for request: Latest(g2p)')
    """

    def __init__(self, code: Code, message: str, http_status: int | None = None):
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message
        self.http_status = http_status or _HTTP.get(code, 500)


def invalid(message: str) -> ServingError:
    """Makes the error of a request that can never succeed as it is."""
    return ServingError(Code.INVALID_ARGUMENT, message)


_FROM_HTTP = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    409: Code.ABORTED,
    413: Code.RESOURCE_EXHAUSTED,
    429: Code.RESOURCE_EXHAUSTED,
    499: Code.CANCELLED,
    500: Code.INTERNAL,
    501: Code.UNIMPLEMENTED,
    502: Code.UNAVAILABLE,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
}


def code_of_http(status: int) -> Code:
    """Returns the canonical code nearest to an HTTP status."""
    return Code.OK if status < 400 else _FROM_HTTP.get(status, Code.UNKNOWN)


_NOISE = re.compile(
    r"^\s*(Graph execution error:|Detected at node .*|File \".*|<stack traces unavailable>"
    r"|Original stack trace for .*|\d+ root error\(s\) found\.|\d+ successful operations\."
    r"|\d+ derived errors ignored\.)\s*$"
)
_NODE = re.compile(r"\s*\[\[\{?\{?node [^\]]*\]\]|\s*\[Op:[^\]]*\]|\{\{[^}]*\}\}\s*|\[\[[^\]]*\]\]")
_PATH = re.compile(r"(?<![\w.])/(?:[\w.+\-]+/)+[\w.+\-]*")


def public_message(error: BaseException) -> str:
    """Returns what a caller may read of an error: its own words, no stack, node or path.

    Args:
        error: Usually a `tf.errors.OpError`.

    Returns:
        One line of at most 500 characters.

    Example:

    >>> public_message(ValueError("cannot read /home/me/model/1\\n [[{{node x}}]] [Op:f]"))
    'cannot read <path>'
    """
    text = str(getattr(error, "message", None) or error)
    lines = [_NODE.sub("", line) for line in text.splitlines() if not _NOISE.match(line)]
    line = " ".join(" ".join(lines).split()) or type(error).__name__
    return _PATH.sub("<path>", line)[:500]


def from_tensorflow(error: Exception) -> ServingError:
    """Turns an error of a TensorFlow run into a status; what has no code is INTERNAL."""
    code = getattr(error, "error_code", None)
    if isinstance(code, int) and code in Code._value2member_map_ and code != Code.OK:
        return ServingError(Code(code), public_message(error))
    if isinstance(error, (ValueError, TypeError)):
        return invalid(public_message(error))
    return ServingError(Code.INTERNAL, public_message(error))
