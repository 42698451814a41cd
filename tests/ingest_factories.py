"""Reports as an agent sends them, and a gateway to send them to. Nothing here decides anything.

The encoder is the tests' own and knows protobuf's wire format alone, so that it can write what no
library would.
"""

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence

from cramjam import snappy

NOW = 1763888700  # 2025-11-23 09:05:00 UTC, five minutes into a slot
SLOT = 1763888400
MONDAY = 1763337600  # 2025-11-17 00:00:00 UTC
SECRET = "5e" * 32
INSTANCE = hashlib.sha256(bytes.fromhex(SECRET)).hexdigest()[:32]
OTHER_SECRET = "0f" * 32
OTHER_INSTANCE = hashlib.sha256(bytes.fromhex(OTHER_SECRET)).hexdigest()[:32]
CLUSTER = "c1" * 16
HEADERS = {
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
    "authorization": f"Bearer {SECRET}",
}

Labels = Mapping[str, str] | Sequence[tuple[str, str]]


def identity(number: int) -> tuple[str, str]:
    """The secret and the id of an instance of this number."""
    secret = hashlib.sha256(b"secret %d" % number).digest()
    return secret.hex(), hashlib.sha256(secret).hexdigest()[:32]


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def label(name: str | bytes, value: str | bytes) -> bytes:
    raw_name, raw_value = (one.encode() if isinstance(one, str) else one for one in (name, value))
    return field(1, field(1, raw_name) + field(2, raw_value))


def sample(value: float, timestamp_ms: int = SLOT * 1000) -> bytes:
    """As protobuf's libraries write it: a value of 0 is left out."""
    number = b"" if value == 0 else b"\x09" + struct.pack("<d", value)
    return field(2, number + b"\x10" + varint(timestamp_ms & (2**64 - 1)))


def series(labels: Labels, value: float, timestamp_ms: int = SLOT * 1000) -> bytes:
    """One field of a write request; labels in the order given."""
    return field(1, b"".join(label(*pair) for pair in pairs_of(labels)) + sample(value, timestamp_ms))


def fleet(metric: str, instance_id: str = INSTANCE, **labels: str) -> dict[str, str]:
    """The labels of one series of a report, sorted by name."""
    return dict(sorted({"__name__": f"fleet_{metric}", "instance_id": instance_id, **labels}.items()))


def seen(instance_id: str = INSTANCE, cluster_id: str = CLUSTER, **labels: str) -> dict[str, str]:
    words = {
        "platform": "deis",
        "version": "v2.0.0",
        "train": "stable",
        "audience": "customer",
        "exporter_version": "v0.1.0",
        "kubernetes_version": "1.31",
    }
    return fleet("instance_seen_timestamp_seconds", instance_id, cluster_id=cluster_id, **{**words, **labels})


def component(name: str = "router", version: str = "v2.1.0", instance_id: str = INSTANCE) -> dict[str, str]:
    return fleet("component_seen_timestamp_seconds", instance_id, component=name, version=version)


def node(
    os_image: str = "Ubuntu 22.04", instance_id: str = INSTANCE, kubelet_version: str = "1.31.2"
) -> dict[str, str]:
    return fleet(
        "nodes",
        instance_id,
        os_image=os_image,
        kubelet_version=kubelet_version,
        container_runtime="containerd 1.7",
        architecture="amd64",
    )


ROWS: tuple[tuple[Labels, float], ...] = (
    (seen(), SLOT),
    (component(), SLOT),
    (component("builder", "v2.0.0"), SLOT),
    (component("router", "v2.0.0"), SLOT - 3600),
    (fleet("cluster_created_timestamp_seconds"), MONDAY),
    (fleet("nodes_created_timestamp_seconds", bound="oldest"), MONDAY - 604800),
    (fleet("components", verdict="current"), 3),
    (fleet("components", verdict="missing"), 0),
    (node(), 5),
    (node("Debian 12"), 120),
    (fleet("capacity_cpu_cores"), 32),
)
"""A good report of each kind of series, with a 0 among its values."""


def write_request(*many: tuple[Labels, float], timestamp_ms: int = SLOT * 1000) -> bytes:
    return b"".join(series(labels, value, timestamp_ms) for labels, value in many)


def in_order(*many: tuple[Labels, float]) -> list[tuple[Labels, float]]:
    """As agents send series: by their encoded labels."""
    return sorted(many, key=lambda one: b"".join(label(*pair) for pair in pairs_of(one[0])))


def pairs_of(labels: Labels) -> Iterable[tuple[str, str]]:
    return labels.items() if isinstance(labels, Mapping) else labels


def small(instance_id: str = INSTANCE, moment: int = SLOT) -> bytes:
    """Three series: the instance, one component, one verdict with the value 0."""
    return write_request(
        (seen(instance_id), moment),
        (component(instance_id=instance_id), moment),
        (fleet("components", instance_id, verdict="missing"), 0.0),
        timestamp_ms=moment * 1000,
    )


def whole(
    instance_id: str = INSTANCE,
    cluster_id: str = CLUSTER,
    versions: Iterable[tuple[str, str]] = (("router", "v2.1.0"), ("builder", "v2.0.0")),
    kubelet_version: str = "1.31.2",
    moment: int = SLOT,
    weeks: int = 0,
) -> bytes:
    """Every series of the contract, with these components and of this age, as an agent sends it."""
    verdicts = ("current", "outdated", "ahead", "unversioned", "unknown", "missing", "absent")
    created = float(MONDAY - weeks * 604_800)
    amounts = [
        (seen(instance_id, cluster_id), float(moment)),
        *((component(*pair, instance_id=instance_id), float(moment)) for pair in versions),
        (fleet("instance_created_timestamp_seconds", instance_id), created),
        (fleet("cluster_created_timestamp_seconds", instance_id), created),
        (fleet("nodes_created_timestamp_seconds", instance_id, bound="oldest"), created),
        (fleet("nodes_created_timestamp_seconds", instance_id, bound="newest"), MONDAY),
        *((fleet("components", instance_id, verdict=one), float(n % 3)) for n, one in enumerate(verdicts)),
        (node(instance_id=instance_id, kubelet_version=kubelet_version), 5.0),
        (node("Debian 12", instance_id, kubelet_version), 1.0),
        (fleet("capacity_cpu_cores", instance_id), 32.0),
        (fleet("capacity_memory_bytes", instance_id), 2.0**37),
        (fleet("capacity_storage_bytes", instance_id), 2.0**40),
    ]
    return write_request(*in_order(*amounts), timestamp_ms=moment * 1000)


def pack(payload: bytes) -> bytes:
    return bytes(snappy.compress_raw(payload))
