"""Text files as people have them: UTF-8 with or without a byte order mark, UTF-16 and UTF-32.

Windows' PowerShell writes what a command prints in UTF-16, and its editors put a mark before UTF-8.
"""

import codecs

_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ZEROS: dict[
    tuple[bool, ...], str
] = {  # of the first four bytes: a file without a mark begins with ASCII, as RFC 4627 section 3 has it
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}
_MARK = "\ufeff".encode()
_STEP_BYTES = 1024 * 1024  # checked at a time, so that a large file is not held twice


def utf8(data: bytes) -> bytes:
    """`data` in UTF-8 without byte order marks; files may have been joined, each with a mark of its own.

    Raises ValueError with a sentence that names the encoding.
    """
    encoding = _encoding(data)
    if encoding is not None:
        return _unmarked(_transcoded(data, encoding))
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):  # bytes that UTF-8 never has
        position = data.find(mark)
        if position > 0:
            return utf8(data[:position]) + utf8(data[position:])
    _check_utf8(data)
    return _unmarked(data)


def _encoding(data: bytes) -> str | None:
    """None: UTF-8, or something that is no text."""
    marked = (encoding for mark, encoding in _MARKS if data.startswith(mark))
    return next(marked, None) or _ZEROS.get(tuple(byte == 0 for byte in data[:4]))


def _transcoded(data: bytes, encoding: str) -> bytes:
    try:
        return data.decode(encoding).encode()
    except UnicodeDecodeError as error:
        name = encoding[: len("utf-16")].upper()
        raise ValueError(f"begins as {name} text, and is not {name} throughout") from error


def _check_utf8(data: bytes) -> None:
    if data.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _STEP_BYTES):
            decoder.decode(data[start : start + _STEP_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise ValueError("is neither UTF-8 text nor UTF-16 with a byte order mark") from error


def _unmarked(data: bytes) -> bytes:
    """Without the marks at the beginnings of files, which are beginnings of lines."""
    if _MARK not in data:
        return data
    return data.removeprefix(_MARK).replace(b"\n" + _MARK, b"\n")
