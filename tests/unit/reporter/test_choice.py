import pytest

from workflow_exporter.errors import SettingsError
from workflow_exporter.reporter.choice import choose
from workflow_exporter.settings import settings_from_environment
from workflow_exporter.web_address import WebAddress

ON = {"REPORTING_ENABLED": "true", "REPORT_URL": "https://reports.example.org/api/v1/write"}


def no_proxy(_: WebAddress) -> str | None:
    return None


@pytest.mark.parametrize(
    ("changes", "recorded", "words"),
    [
        ({"REPORTING_ENABLED": ""}, False, "off: nothing is sent unless REPORTING_ENABLED is true"),
        ({"REPORT_URL": ""}, False, "off: there is nobody to report to, as REPORT_URL is not set"),
        ({"DO_NOT_TRACK": "1"}, False, "off: DO_NOT_TRACK is set"),
        ({"DO_NOT_TRACK": "true"}, False, "off: DO_NOT_TRACK is set"),
        ({}, True, "off: a recording is no installation that runs"),
    ],
)
def test_off_there_is_no_way_to_anybody(changes: dict[str, str], recorded: bool, words: str) -> None:
    reporting = choose(settings_from_environment({**ON, **changes}), recorded=recorded, proxy=no_proxy)

    assert (reporting.way, reporting.words) == (None, words)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "on: once an hour to reports.example.org"),
        ({"DO_NOT_TRACK": "0"}, "on: once an hour to reports.example.org"),
        (
            {"REPORT_URL": "http://127.0.0.1:9090/api/v1/write"},
            "on: once an hour to 127.0.0.1:9090 over plain http",
        ),
        (
            {"REPORT_URL": "http://gateway.fleet.svc/api/v1/write", "REPORT_ALLOW_HTTP": "true"},
            "on: once an hour to gateway.fleet.svc over plain http",
        ),
    ],
)
def test_on_the_words_say_who_is_told(changes: dict[str, str], words: str) -> None:
    reporting = choose(settings_from_environment({**ON, **changes}), recorded=False, proxy=no_proxy)

    assert reporting.way is not None
    assert reporting.words == words


def test_a_proxy_that_is_no_address_stops_the_start_without_repeating_its_password() -> None:
    with pytest.raises(SettingsError) as caught:
        choose(
            settings_from_environment(ON),
            recorded=False,
            proxy=lambda _: "ftp://user:geheim@proxy.example.org",
        )

    assert "geheim" not in str(caught.value)
