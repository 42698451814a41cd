"""Recipes and scripts run with what macOS has: GNU make 3.81, bash 3.2, and the tools of BSD.

The lists name what people write by habit and what those do not know. They cannot be complete; the checks of a
pull request run the targets on macOS.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockerfiles import ROOT
from workflows import FILES, read_workflow, scripts

# Where GNU's and BSD's tools differ, or POSIX has no such option: pattern -> what to write instead.
GNU_ONLY = {
    r"\bsed\b.*\s-i(?!\.)": "write another file and move it",
    r"\bsed\b.*\s(-r|-s|-z|--[a-z]+)\b": "-E is the portable one",
    r"\bsed\b.*s(.).*\1.*\\[tn].*\1": "\\t and \\n stand for t and n: use awk",
    r"\bsed\b.*\\[+?|]": "use -E",
    r"\bgrep\b.*\s(-[a-zA-Z]*P|--[a-z])": "use -E, and short options",
    r"\b(expand|cut|sort|head|tail|cp|mv|rm|mkdir|touch|ln|wc|tr|du)\b[^|;&]*\s--[a-z]": "short options",
    r"\bhead\b.*-n\s*-\d": "use sed",
    r"\bsort\b[^|;&]*\s-[a-zA-Z]*V": "sort numbers by fields",
    r"\bcp\b[^|;&]*\s-[a-zA-Z]*[tTu]\b": "name the target last",
    r"\binstall\b\s+(-[a-zA-Z]*[Dt]\b|-[a-zA-Z]*\s+-D\b)": "mkdir -p, then cp",
    r"\breadlink\b[^|;&]*\s-[a-zA-Z]*f|\brealpath\b": "use $(CURDIR), or cd and pwd",
    r"\bdate\b[^|;&]*\s-[a-zA-Z]*d\b": "let Python count",
    r"\bstat\b[^|;&]*\s-[a-zA-Z]*c\b": "use wc -c, or Python",
    r"\bxargs\b[^|;&]*\s-[a-zA-Z]*[rd]\b": "-r does not exist, nor -d",
    r"\bfind\b[^|;&]*\s-(printf|regex|regextype|maxdepth\s*=)": "use -name and -exec",
    r"\bbase64\b[^|;&]*\s-[a-zA-Z]*w": "use tr -d",
    r"\bmktemp\b[^|;&]*\s--?[a-zA-Z]*(p|suffix)": "mktemp -d",
    r"\b(nproc|timeout|tac|shuf|seq|numfmt|sha256sum|md5sum)\s+[-\w$./]": "macOS has none",
    r"\becho\s+-[ne]": "use printf",
    r"\$\{\w+(,,|\^\^|@[A-Z])": "bash 3.2: use tr",
    r"\b(mapfile|readarray|declare -A|coproc)\b": "bash 3.2 has none",
}
# What came with a make that is newer than 3.81.
NEW_MAKE = {
    r"^\.ONESHELL|^\.SHELLSTATUS|^\.EXTRA_PREREQS|^\.NOTINTERMEDIATE|^\.WAIT": "3.82 and later",
    r"^\s*\w+\s*(!=|:::?=)": "4.0: use $(shell …)",
    r"^[^\t#]*&:": "4.3: grouped targets",
    r"\$\((file|guile|let|intcmp)\b": "4.0 and later",
    r"^\s*(undefine|load|-?sinclude)\s|^\s*private\s": "3.82 and later",
    r"^\s*define\s+\S+\s*[:?+]?=": "3.82: define without =",
}
MAKEFILES = ("Makefile", "tests/tools/Makefile")
# What only Linux has, in the Python of tests that `make test` runs.
LINUX_ONLY = re.compile(r"[\"'](/proc|/sys|/dev/(full|shm))\b|\bprlimit\b|\bsched_getaffinity\b|\bsetpriv\b")
KNOWS_MACOS = {  # look at sys.platform
    ROOT / "tests/contract/test_hostile_api_server.py",
    ROOT / "tests/unit/test_connections.py",
}
APT_ONLY = re.compile(r"\bapt-get\b")  # a line of Debian


def lines() -> Iterator[tuple[str, str]]:
    """File and line of everything that a shell is given; continued lines are one."""
    texts = {name: (ROOT / name).read_text("utf-8") for name in (*MAKEFILES, ".ci/run")}
    for name in FILES:
        jobs = read_workflow(name)["jobs"].values()
        texts[name] = "\n".join(script for job in jobs for script in scripts(job))
    for name, text in texts.items():
        for line in text.replace("\\\n", " ").splitlines():
            if not line.lstrip().startswith("#") and not APT_ONLY.search(line):
                yield name, line


def found_in(line: str, patterns: dict[str, str]) -> list[str]:
    return [instead for pattern, instead in patterns.items() if re.search(pattern, line)]


def test_no_recipe_or_script_needs_a_tool_or_an_option_of_gnu() -> None:
    assert [(name, line, found) for name, line in lines() if (found := found_in(line, GNU_ONLY))] == []


@pytest.mark.parametrize("name", MAKEFILES)
def test_no_makefile_needs_a_make_that_is_newer_than_that_of_macos(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")

    assert [line for line in text.splitlines() if found_in(line, NEW_MAKE)] == []


@pytest.mark.parametrize(
    "line",
    [
        r"@grep -hE '^x' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16",
        'sed -i -E "s|a|b|" values.yaml',
        "sed -i 's/a/b/' x",
        "sed -r 's/(a)/b/' x",
        r"sed 's/a\+/b/' x",
        "grep -oP 'x' y",
        "grep --quiet x y",
        "install -D a b/c",
        "readlink -f x",
        "date -d yesterday",
        "stat -c %s x",
        "find . -name x | xargs -r rm",
        "sort -V x",
        "head -n -1 x",
        "base64 -w0 x",
        "make -j $(nproc ) -j4; nproc --all",
        "timeout 10 x",
        'echo -e "a\\tb"',
        'echo "${REGISTRY,,}/x"',
        "cp --recursive a b",
        "mapfile -t lines < x",
    ],
)
def test_what_only_gnu_or_a_new_bash_knows_is_noticed(line: str) -> None:
    assert found_in(line, GNU_ONLY) != []


@pytest.mark.parametrize(
    "line", [".ONESHELL:", "NOW != date", "A ::= b", "a b &: c", "x: $(file <y)", "undefine X", "define A ="]
)
def test_what_only_a_new_make_knows_is_noticed(line: str) -> None:
    assert found_in(line, NEW_MAKE) != []


def test_no_test_that_make_test_runs_needs_linux() -> None:
    files = {
        path for folder in ("unit", "contract", "fakes") for path in (ROOT / "tests" / folder).rglob("*.py")
    }
    files -= {Path(__file__), *KNOWS_MACOS}

    assert [path.name for path in files if LINUX_ONLY.search(path.read_text("utf-8"))] == []
