"""Documents are found in what kubectl printed, whatever stands around them."""

import json
from typing import Any

import pytest

from workflow_exporter.cluster.recording_text import documents
from workflow_exporter.errors import RecordingError

DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "deis-router"}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "deis-router-1"}}
VERSION = {"clientVersion": {"gitVersion": "v1.32.0"}, "serverVersion": {"gitVersion": "v1.37.2"}}
LIST = {"apiVersion": "v1", "items": [DEPLOYMENT, POD], "kind": "List", "metadata": {"resourceVersion": ""}}

TWO_PODS = {"kind": "List", "items": [{"kind": "Pod"}, {"kind": "Pod"}]}

DEPLOYMENT_YAML = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: deis-router\n"
POD_YAML = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: deis-router-1\n"
LIST_YAML = """\
apiVersion: v1
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: deis-router
- apiVersion: v1
  kind: Pod
  metadata:
    name: deis-router-1
kind: List
metadata:
  resourceVersion: ""
"""
VERSION_YAML = "clientVersion:\n  gitVersion: v1.32.0\nserverVersion:\n  gitVersion: v1.37.2\n"
COMPACT, INDENTED = json.dumps(DEPLOYMENT) + "\n", json.dumps(DEPLOYMENT, indent=4) + "\n"
LOG = """\
==== START logs for container router of pod deis/deis-router-1 ====
{"level": "info"}
apiVersion: v1
{ not JSON
==== END logs for container router of pod deis/deis-router-1 ====
"""

WORDS = """
= << 0x_ 0b_ .0_ .1_ 0x__ 0b__ .00_ .0__ .01_ .10_ .1__ .11_ -0x_ -0b_ +0x_ +0b_ =x <<< x! _ . e 0e
1. 1e3 1e999 -1e+999 0o7 0x1F 1_000 .5 +1 01 12:30 190:20:30 y n Yes NO on Off TRUE Null ~x
2026-01-05 2026-01-05T12:00:00+02:00 .inf -.INF .nan NaN Infinity 18446744073709551616 -9223372036854775809
"""


def found(text: str) -> list[Any]:
    return [json.loads(bytes(document)) for document in documents("dump", text.encode()).raw]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DEPLOYMENT_YAML + POD_YAML, [DEPLOYMENT, POD]),
        (DEPLOYMENT_YAML + "---\n" + POD_YAML, [DEPLOYMENT, POD]),
        ("---\n" + DEPLOYMENT_YAML + "---\n---\n" + POD_YAML + "...\n", [DEPLOYMENT, POD]),
        (LIST_YAML + LIST_YAML, [LIST, LIST]),
        (LIST_YAML + "# by hand\n\n" + DEPLOYMENT_YAML + LIST_YAML, [LIST, DEPLOYMENT, LIST]),
        (LIST_YAML + VERSION_YAML, [LIST, VERSION]),
        (VERSION_YAML + DEPLOYMENT_YAML, [VERSION, DEPLOYMENT]),
        ("kind: Pod\napiVersion: v1\n" * 2, [{"kind": "Pod", "apiVersion": "v1"}] * 2),
        ((LIST_YAML + POD_YAML).replace("\n", "\r\n"), [LIST, POD]),
        ("%YAML 1.2\n---\n" + POD_YAML, [POD]),
        (COMPACT + INDENTED, [DEPLOYMENT, DEPLOYMENT]),
        (COMPACT.strip() + INDENTED, [DEPLOYMENT, DEPLOYMENT]),
        ((INDENTED + COMPACT).replace("\n", "\r\n"), [DEPLOYMENT, DEPLOYMENT]),
        (LIST_YAML + INDENTED + LIST_YAML + COMPACT, [LIST, DEPLOYMENT, LIST, DEPLOYMENT]),
        ("kind: List\nitems: []\n", [{"kind": "List", "items": []}]),
        ("kind: List\nitems:\n", [{"kind": "List", "items": None}]),
        ("kind: List\nitems:\n  - kind: Pod\n", [{"kind": "List", "items": [{"kind": "Pod"}]}]),
        ("{kind: Pod}\n---\n{ kind: List, items: [] }\n", [{"kind": "Pod"}, {"kind": "List", "items": []}]),
        ("# by hand\n{\n  kind: Pod}\n" + COMPACT, [{"kind": "Pod"}, DEPLOYMENT]),
        ("kind: List\nitems:  # by hand\n- kind: Pod\n- {kind: Pod}\n", [TWO_PODS]),
        ("kind: List\nitems:\n- {kind: Pod}\n# by hand\n- kind: Pod\n", [TWO_PODS]),
        ("items:\n- kind: Pod\n", [{"items": [{"kind": "Pod"}]}]),
    ],
)  # fmt: skip
def test_joined_outputs_are_one_document_each(text: str, expected: list[Any]) -> None:
    assert found(text) == expected


POWERSHELL = """\
kubectl : Warning: v1 ComponentStatus is deprecated in v1.19+ and this text is broken by the console's
width
At line:1 char:1
+ kubectl get deploy -o yaml > a.yaml 2>&1
+ ~~~~~~~~~~
    + CategoryInfo          : NotSpecified: (Warning: v1 Comp...:String) [], RemoteException
    + FullyQualifiedErrorId : NativeCommandError
\x20
"""


@pytest.mark.parametrize(
    "text",
    ["INFO: a: b\n", "  Warning: a: b\n", "\tnote\n", "NAME: x\nLAST DEPLOYED: Tue\n", "* a\n", "`a`\n"],
)
@pytest.mark.parametrize("around", [DEPLOYMENT_YAML, LIST_YAML, COMPACT, INDENTED])
def test_any_text_before_the_first_document_is_passed_over(text: str, around: str) -> None:
    assert found(text * 2 + around) == found(around)


@pytest.mark.parametrize("items", [[], [DEPLOYMENT, POD]])
@pytest.mark.parametrize("indent", [None, 2])
def test_bare_items_are_read_as_those_of_a_list(items: list[Any], indent: int | None) -> None:
    text = json.dumps(items, indent=indent) + "\n"

    for around, expected in (("", []), (COMPACT, [DEPLOYMENT]), (LIST_YAML, [LIST])):
        assert found(around + text + around) == [*expected, {"kind": "List", "items": items}, *expected]


@pytest.mark.parametrize(
    "chatter",
    [
        "Warning: batch/v1beta1 CronJob is deprecated in v1.21+, unavailable in v1.25+\n",
        "W1130 12:00:00.000000   4711 warnings.go:70] v1 ComponentStatus is deprecated in v1.19+\n",
        "WARNING: the gcp auth plugin is deprecated: use gcloud instead.\nTo learn more, consult https://x.org\n",
        'error: the server doesn\'t have a resource type "cronjobs"\n',
        'Error from server (Forbidden): nodes is forbidden: User "x" cannot list resource "nodes"\n',
        "No resources found in deis namespace.\n",
        "[emerg] 1#1: a log\n",
        'time="2026-11-30T12:00:00Z" level=warning msg="token: renewed"\n',
        LOG,
        POWERSHELL,
        POWERSHELL.replace("\n", "\r\n"),
        "INFO: a: b\n",
        "\x1b[33;1mWarning:\x1b[0m v1 ComponentStatus is deprecated\n",
        "警告: foo\n",
        "-----\n",
        "----- deployments -----\n",
        "==== START logs for container x of pod deis/y ====\n",
    ],
)
@pytest.mark.parametrize("around", [DEPLOYMENT_YAML, LIST_YAML, COMPACT, INDENTED])
def test_text_before_between_and_after_documents_is_passed_over(chatter: str, around: str) -> None:
    assert found(chatter + around + chatter * 2 + around + chatter) == found(around) * 2


def test_dump_of_a_cluster_with_its_logs_is_read() -> None:
    dump = INDENTED + json.dumps(POD, indent=4) + "\n" + LOG + LOG.replace("router", "builder")

    assert found(dump) == [DEPLOYMENT, POD]


class _SearchedText(bytes):
    """Counts the bytes that `find` passes over."""

    searched = 0

    def find(self, wanted: Any, start: Any = 0, end: Any = None) -> int:
        found = super().find(wanted, start, end)
        self.searched += (len(self) if found < 0 else found) - start
        return found


@pytest.mark.parametrize("closing", ["", "==== END logs for container x of pod deis/y ====\n"])
@pytest.mark.parametrize("place", ["before", "after"])
def test_logs_that_nothing_closes_are_read_in_one_pass(closing: str, place: str) -> None:
    logs = "".join(f"==== START logs for container x of pod deis/{'y' * (n % 3)} ====\n" for n in range(300))
    dump = {"before": closing + logs, "after": logs + closing}[place] + COMPACT
    text = _SearchedText(dump.encode())

    assert len(documents("dump", text).raw) == 1
    assert text.searched <= 2 * len(text)


def test_log_after_one_that_nothing_closes_is_passed_over() -> None:
    unclosed = "==== START logs for container x of pod deis/y ====\n"

    assert found(unclosed + LOG + COMPACT) == [DEPLOYMENT]


def test_text_in_a_value_is_no_chatter_and_no_document() -> None:
    block = "Warning: x\n{\n}\napiVersion: v1\nitems:\n- a\n---\n==== START logs for x ====\n"
    indented = "".join(f"    {line}\n" for line in block.splitlines())

    (read,) = found("apiVersion: v1\ndata:\n  k: |\n" + indented + "kind: ConfigMap\n")

    assert read == {"apiVersion": "v1", "data": {"k": block}, "kind": "ConfigMap"}


@pytest.mark.parametrize(
    "text",
    [
        *WORDS.split(),
        "9" * 400,
        "1 2",
    ],
)
def test_word_that_kubectl_prints_without_quotes_for_a_string_is_that_string(text: str) -> None:
    assert found(f"k: {text}\nlisted:\n- {text}\nnested:\n  {text}: v\n") == [
        {"k": text, "listed": [text], "nested": {text: "v"}}
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-0", 0),
        ("-17", -17),
        ("18446744073709551615", 2**64 - 1),
        ("0.5", 0.5),
        ("1e+21", 1e21),
        ("1.5e-07", 1.5e-7),
        ('"1"', "1"),
        ("'true'", "true"),
    ],
)
def test_value_that_is_no_string_is_read_as_kubectl_prints_it(text: str, value: object) -> None:
    assert found(f"k: {text}\n") == [{"k": value}]


def test_key_of_an_object_is_no_chatter() -> None:
    event = "apiVersion: events.k8s.io/v1\nkind: Event\nnote: |-\n  two\n  lines\nreason: Failed\n"

    assert found(event + POD_YAML) == [
        {"apiVersion": "events.k8s.io/v1", "kind": "Event", "note": "two\nlines", "reason": "Failed"},
        POD,
    ]


def test_fault_is_told_in_its_line_of_the_file() -> None:
    with pytest.raises(RecordingError, match=r"in line 10$"):
        found(LIST_YAML.replace("    name: deis-router-1", "    name: ]"))
    with pytest.raises(RecordingError, match=r"in line 19$"):
        found(LIST_YAML + LIST_YAML.replace("    name: deis-router\n", "    name: ]\n"))


FORBIDDEN = 'Error from server (Forbidden): deployments.apps is forbidden: User "x" cannot list resource\n'


@pytest.mark.parametrize(
    "told",
    [
        FORBIDDEN,
        "Unable to connect to the server: net/http: TLS handshake timeout\n",
        "error: You must be logged in to the server (Unauthorized)\n",
        "The connection to the server localhost:8080 was refused - did you specify the right host or port?\n",
    ],
)
@pytest.mark.parametrize("around", [LIST_YAML, COMPACT])
def test_error_of_kubectl_among_documents_is_told(told: str, around: str) -> None:
    for text in (told + around, around + told, around + told + around):
        assert documents("dump", text.encode()).failed


def test_warning_and_an_error_in_a_log_or_a_value_are_no_error_of_kubectl() -> None:
    log = LOG.replace("{ not JSON", FORBIDDEN)
    value = f"apiVersion: v1\ndata:\n  k: |\n    {FORBIDDEN}kind: ConfigMap\n"

    for text in ("Warning: old\n" + LIST_YAML + log, value, json.dumps({"kind": "List", "k": FORBIDDEN})):
        assert not documents("dump", text.encode()).failed
