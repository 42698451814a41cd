"""The environment of the shell that runs the tests.

A test's result must not depend on what a person has exported for other programs, so `forget` takes out what
would steer ours. Child processes that inherit the environment are then free of it too.
"""

import os
from types import MappingProxyType

from tools.variables import steers

# As it was: for how this machine reaches a package index, and for nothing else.
GIVEN = MappingProxyType(dict(os.environ))

# Variables as a person may have exported them for other programs: none of them is of use to ours.
EXPORTED = {
    **dict.fromkeys(
        ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), "http://127.0.0.1:9"
    ),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), "example.org"),
    "HOST": "elsewhere.example",
    "PORT": "22",
    "METRICS_PORT": "tcp://10.0.0.1:80",
    "API_PORT": "none",
    "KUBECONFIG": "/nonexistent",
    "KUBERNETES_SERVICE_HOST": "127.0.0.1",
    "KUBERNETES_SERVICE_PORT": "9",
    "PLATFORM": "nonsense",
    "WORKFLOW_NAMESPACE": "elsewhere",
    "CATALOG_FILE": "/nonexistent.json",
    "REPORTING_ENABLED": "true",
    "REPORT_URL": "https://reports.example",
    "LOG_LEVEL": "nonsense",
    "DATABASE_URL": "sqlite:////nonexistent/releases.db",
    "UPSTREAM_WRITE_URL": "http://127.0.0.1:9/",
    "RELEASES_URL": "http://127.0.0.1:9",
    "FROM": "/nonexistent",
    "RUN_FOLDER": "/nonexistent",
}


def forget() -> None:
    for name in filter(steers, GIVEN):
        os.environ.pop(name, None)
