"""The present of a made-up fleet: its newest reports through the real gateway, staff's marks at the API."""

from collections.abc import Iterator

import httpx

from tools.fleet.plan import Fleet, Instance
from tools.fleet.reports import bytes_of, identity_of

_HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def reporting(fleet: Fleet) -> Iterator[Instance]:
    """Those whose report of the newest slot arrives."""
    return (one for one in fleet.instances if one.reports_at(fleet.end, fleet.end))


def send_newest(fleet: Fleet, http: httpx.Client) -> int:
    """Sends the newest slot's reports to the API's gateway, one request each; how many were taken.

    Raises httpx.HTTPStatusError for the first that is not.
    """
    sent = 0
    for instance in reporting(fleet):
        secret = identity_of(instance).instance_secret
        headers = {**_HEADERS, "Authorization": f"Bearer {secret}"}
        body = bytes_of(fleet, instance, fleet.end)
        http.post("/api/v1/write", content=body, headers=headers).raise_for_status()
        sent += 1
    return sent


def mark(fleet: Fleet, http: httpx.Client, token: str) -> int:
    """Tells the API which instances are staff's or tests; how many it was told."""
    marked = [one for one in fleet.instances if one.mark]
    for instance in marked:
        path = f"/v1/instances/{identity_of(instance).instance_id}/audience"
        headers = {"Authorization": f"Bearer {token}"}
        http.put(path, json={"audience": instance.mark}, headers=headers).raise_for_status()
    return len(marked)
