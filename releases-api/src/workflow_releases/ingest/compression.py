"""Step 5: snappy's block format, whose first bytes declare the length (google/snappy, format_description)."""

from cramjam import DecompressionError, snappy

from workflow_releases.ingest.refusals import Reason, ReportRefusedError

MAX_DECOMPRESSED_BYTES = 256 * 1024  # 256 KiB: 256 series of 1 KiB; a real one has 170 bytes


def decompress(body: bytes) -> bytes:
    """Refuses by the declared length before any memory is taken for it."""
    try:
        length = snappy.decompress_raw_len(body)
        if length > MAX_DECOMPRESSED_BYTES:
            raise ReportRefusedError(Reason.TOO_LARGE_DECOMPRESSED)
        return bytes(snappy.decompress_raw(body))
    except DecompressionError as error:
        raise ReportRefusedError(Reason.COMPRESSION) from error


def compress(payload: bytes) -> bytes:
    return bytes(snappy.compress_raw(payload))
