from pathlib import Path

import pytest

from workflow_exporter.errors import ReportError
from workflow_exporter.reporter.bearer import bearer_token

SECRET = "5" * 64


def test_without_a_file_the_own_secret_proves_who_sends() -> None:
    assert bearer_token(None, SECRET) == SECRET


def test_a_token_of_a_file_takes_its_place_and_is_read_again_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    first = bearer_token(file, SECRET)
    file.write_text("second")

    assert (first, bearer_token(file, SECRET)) == ("first", "second")


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"two words", b"line\nline", "tökén".encode(), b"x" * 5000, b"a\x00b"]
)
def test_what_is_no_token_is_refused_and_not_repeated(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)

    with pytest.raises(ReportError) as caught:
        bearer_token(file, SECRET)

    assert str(caught.value) == "REPORT_BEARER_TOKEN_FILE holds something that is not a token"


def test_a_file_that_is_gone_says_so_and_the_secret_stays_home(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="REPORT_BEARER_TOKEN_FILE cannot be read: No such file"):
        bearer_token(tmp_path / "gone", SECRET)
