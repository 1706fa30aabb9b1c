"""Arrays of a person's own, from NumPy's files."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.errors import InputError


def read_arrays(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Reads an .npz file.

    Args:
        path: The file.
        names: The arrays that must be in it; others may be there too.

    Returns:
        All arrays by name.

    Raises:
        InputError: it cannot be read, holds Python objects, or lacks an array.
    """
    wanted = " and ".join(names)
    try:
        with np.load(path, allow_pickle=False) as file:
            if not hasattr(file, "files"):
                raise InputError(f"{path}: holds one array; expected an .npz file with {wanted}")
            arrays = {name: file[name] for name in file.files}
    except OSError as error:
        reason = error.strerror or "not a NumPy file"
        raise InputError(f"{path}: {reason}; expected an .npz file with {wanted}") from None
    except (ValueError, EOFError, zipfile.BadZipFile):
        raise InputError(
            f"{path}: not a NumPy file of plain numbers or text; expected an .npz file with "
            f"{wanted}"
        ) from None
    for name, array in arrays.items():
        _check_finite(path, name, array)
    for name in names:
        if name not in arrays:
            raise InputError(
                f"{path}: there is no array {name!r} in it; found {', '.join(arrays) or 'none'}"
            )
    return arrays


def read_array(path: Path) -> np.ndarray:
    """Reads an .npy file; raises `InputError` if it cannot be read or holds Python objects."""
    try:
        array = np.load(path, allow_pickle=False)
    except OSError as error:
        reason = error.strerror or "not a NumPy file"
        raise InputError(f"{path}: {reason}; expected an .npy file") from None
    except (ValueError, EOFError, zipfile.BadZipFile):
        raise InputError(f"{path}: not a NumPy file of plain numbers") from None
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path}: holds several arrays; expected an .npy file with one")
    _check_finite(path, "the array", array)
    return array


def _check_finite(path: Path, name: str, array: np.ndarray) -> None:
    if array.dtype.kind not in "fc":
        return
    # Beyond float32, in which everything computes, is infinity as well.
    with np.errstate(over="ignore"):
        wrong = ~np.isfinite(array.astype("complex64" if array.dtype.kind == "c" else "float32"))
    if wrong.any():
        place = tuple(int(index) for index in np.argwhere(wrong)[0])
        raise InputError(f"{path}: {name}{list(place)} is {array[place]}; expected finite numbers")
