"""Moments, spans and sizes in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from workflow_exporter.web.links import https_link
from workflow_exporter.web.wording import (
    ago,
    cores,
    counted,
    day,
    day_and_time,
    listed,
    moment_since,
    rfc3339,
    sentence,
    size,
    span,
)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(0), "less than a minute"),
        (timedelta(hours=-3), "less than a minute"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=60), "60 days"),
        (timedelta(days=61), "2 months"),
        (timedelta(days=730), "23 months"),
        (timedelta(days=731), "2 years"),
        (timedelta(days=3300), "9 years"),
    ],
)
def test_span_is_one_unit_rounded_down(length: timedelta, words: str) -> None:
    assert span(length) == words


def test_outdated_since_names_the_day_and_how_long_that_is() -> None:
    since = moment_since(datetime(2017, 8, 8, 9, tzinfo=UTC), datetime(2026, 8, 20, tzinfo=UTC))

    assert (since.words, since.machine) == ("8 Aug 2017 (9 years)", "2017-08-08T09:00:00Z")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2017, 9, 7, 19, 8, 41, tzinfo=UTC), "2017-09-07T19:08:41Z"),
        (datetime(2017, 9, 7, 19, 8, 41, 123456, tzinfo=UTC), "2017-09-07T19:08:41.123Z"),
        (datetime(2017, 9, 7, 1, tzinfo=timezone(timedelta(hours=2))), "2017-09-06T23:00:00Z"),
    ],
)
def test_moments_for_machines_are_utc_with_z(moment: datetime, text: str) -> None:
    assert rfc3339(moment) == text


def test_days_are_of_utc_and_have_english_months() -> None:
    moment = datetime(2018, 3, 1, 0, 30, 9, tzinfo=timezone(timedelta(hours=2)))

    assert (day(moment), day_and_time(moment)) == ("28 Feb 2018", "28 Feb 2018 22:30:09 UTC")


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1.0 KiB"),
        (32_895_864_832, "30.6 GiB"),
        (500 * 1024**3, "500 GiB"),
        (5_000 * 64 * 1024**3, "312 TiB"),
        (3 * 1024**7, "3,072 EiB"),
    ],
)
def test_sizes_are_binary(amount: int, words: str) -> None:
    assert size(amount) == words


def test_small_words() -> None:
    assert [cores(n) for n in (0.5, 4.0, 40000.0)] == ["0.5", "4", "40,000"]
    assert [listed(n) for n in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [counted(1, "pod"), counted(5000, "pod")] == ["1 pod", "5,000 pods"]
    assert [sentence(s) for s in ("", "it is off", "Why?")] == ["", "It is off.", "Why?"]
    assert sentence("v2.1.0 was withdrawn") == "v2.1.0 was withdrawn."
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert ago(now + timedelta(days=1), now) == "less than a minute ago"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://example.com/",
        "javascript:alert(1)",
        "https:javascript:alert(1)",
        "https://",
        "https://[",
        "//example.com/",
        "data:text/html,x",
        "https://example.com/ onclick=x",
        "https://example.com/\nx",
        "https://user:pw@example.com/",
        "https://bank.example\\@evil.example/",
        "java\tscript:alert(1)",
    ],
)
def test_anything_but_an_absolute_https_address_is_no_link(url: str | None) -> None:
    assert https_link(url, "notes") is None


@pytest.mark.parametrize("url", ["https://example.com", "HTTPS://example.com/a?b=c#d"])
def test_https_addresses_are_links(url: str) -> None:
    link = https_link(url, "notes")

    assert link is not None
    assert link.url == url
