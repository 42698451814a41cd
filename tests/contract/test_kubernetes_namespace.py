"""Where the platform is, when no setting says it. Runs on the fake, and with `--api-server=real`."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from api_server import ApiServer
from kubeconfigs import write_kubeconfig
from workflow_exporter.cluster.connection import connect
from workflow_exporter.cluster.lists_and_watches import find_namespace
from workflow_exporter.errors import ClusterError

pytestmark = pytest.mark.anyio


async def found(kubeconfig: Path, *candidates: Sequence[str]) -> list[str]:
    connection = connect(str(kubeconfig), environment={})
    try:
        return [await find_namespace(connection.http, names) for names in candidates]
    finally:
        await connection.aclose()


async def test_first_candidate_that_exists_is_taken_else_the_first(namespace: str, kubeconfig: Path) -> None:
    candidates = ((namespace, "kube-system"), ("missing", namespace), ("missing", "absent"))

    assert await found(kubeconfig, *candidates) == [namespace, namespace, "missing"]


async def test_candidate_that_may_not_be_read_counts_as_not_there(
    api_server: ApiServer, namespace: str, tmp_path: Path
) -> None:
    rule = {"namespace": None, "apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}
    token = await api_server.token_with_rights("agent", [{**rule, "resourceNames": [namespace]}])
    kubeconfig = write_kubeconfig(tmp_path, api_server, {"token": token})

    candidates = (("kube-system", namespace), ("kube-system", "default"))

    assert await found(kubeconfig, *candidates) == [namespace, "kube-system"]


async def test_server_that_cannot_be_asked_is_an_error_and_no_guess(
    api_server: ApiServer, tmp_path: Path
) -> None:
    kubeconfig = write_kubeconfig(tmp_path, api_server, {"token": "nobodys"})

    with pytest.raises(ClusterError):
        await found(kubeconfig, ["deis", "drycc"])
