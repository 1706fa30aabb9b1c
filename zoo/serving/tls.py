"""The certificate and the key of a server."""

import ssl
from pathlib import Path

from zoo.errors import InputError


def read_tls(tls: tuple[Path, Path] | None) -> tuple[bytes, bytes] | None:
    """Reads a certificate chain and its private key, both PEM, and checks that they fit.

    Args:
        tls: Their files; None where the server is to have none.

    Returns:
        The contents of both.

    Raises:
        InputError: A file cannot be read, is no PEM file of its kind, has a password, or the key
            is another certificate's.

    Example:

        certificate, key = read_tls((Path("certificate.pem"), Path("key.pem")))
    """
    if tls is None:
        return None
    certificate, key = (Path(file) for file in tls)
    try:
        contents = certificate.read_bytes(), key.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {error.filename} for TLS: {error.strerror}") from None
    try:
        # Without the password, OpenSSL would ask for one on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, lambda: b"")
    except ssl.SSLError as error:
        if "MISMATCH" in (error.reason or ""):
            why = "the key is not that of the certificate"
        else:
            why = "one of them is no PEM file of its kind, or the key has a password"
        raise InputError(f"cannot use {certificate} and {key} for TLS: {why}") from None
    return contents
