"""The socket that the REST interface listens on."""

import socket

from zoo.errors import InputError


def listen(host: str, port: int) -> socket.socket:
    """Binds a socket to a port, 0 for a free one; raises `InputError` where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; else small answers
    # wait 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        if getattr(error, "errno", None) is not None and "in use" in str(error):
            raise port_in_use(host, port) from None
        raise InputError(f"cannot listen on {host} port {port}: {error}") from None
    return listening


def port_in_use(host: str, port: int) -> InputError:
    """Makes the error of a port that another process has."""
    return InputError(f"cannot listen on {host} port {port}: the port is in use; choose another")
