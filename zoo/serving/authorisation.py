"""The bearer token that a server may ask for."""

import hmac

from zoo.errors import InputError
from zoo.serving.status import Code, ServingError


def check_token(token: str | None) -> None:
    """Raises `InputError` for a token that no header could carry."""
    if token is not None and not (token and token.isascii() and token.isprintable()):
        raise InputError("a bearer token must be printable ASCII and not empty")


def check_bearer(header: str | None, token: str | None) -> None:
    """Raises where a token is needed and the `Authorization` header does not carry it.

    Args:
        header: The header's value, None where it is missing.
        token: The token that opens the server; None means that none is needed.

    Raises:
        ServingError: UNAUTHENTICATED.

    Example:

    >>> check_bearer("Bearer secret", "secret")
    """
    if token is None:
        return
    scheme, _, given = (header or "").partition(" ")
    # compare_digest takes as long for a near miss as for a wild guess.
    if scheme.lower() != "bearer" or not hmac.compare_digest(
        given.strip().encode(), token.encode()
    ):
        raise ServingError(Code.UNAUTHENTICATED, "a valid bearer token is needed")
