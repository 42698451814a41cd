import os
import socket
import threading

import pytest

from bench.machine import cpu_seconds
from bench.scraping import Answer, Scraper, dechunked


def scraped(*answers: bytes) -> list[Answer | type[Exception]]:
    """What a scraper makes of these answers to its requests, over one connection."""
    found: list[Answer | type[Exception]] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                for answer in answers:
                    connection.recv(4096)
                    connection.sendall(answer)

        serving = threading.Thread(target=serve)
        serving.start()
        scraper = Scraper(f"http://127.0.0.1:{listening.getsockname()[1]}/metrics")
        for _ in answers:
            try:
                found.append(scraper.scrape())
            except (OSError, ValueError) as error:
                found.append(type(error))
        scraper.close()
        serving.join()
    return found


def test_bodies_are_read_by_length_and_in_chunks_over_one_connection() -> None:
    by_length = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\none\n"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ntw\r\n2\r\no\n\r\n0\r\n\r\n"

    answers = scraped(by_length, chunked)

    found = [(a.body, a.wire_bytes) for a in answers if isinstance(a, Answer)]
    assert found == [(b"one\n", len(by_length)), (b"two\n", len(chunked))]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", ValueError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", ConnectionError),
        (b"HTTP/1.1 200 OK\r\n\r\n", ValueError),
    ],
)
def test_what_is_no_whole_answer_is_an_error(answer: bytes, error: type[Exception]) -> None:
    assert scraped(answer) == [error]


def test_kept_connection_that_the_server_closed_is_opened_anew() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\none\n"
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        serving = threading.Thread(target=serve)
        serving.start()
        scraper = Scraper(f"http://127.0.0.1:{listening.getsockname()[1]}/metrics")
        bodies = [scraper.scrape().body for _ in range(2)]
        scraper.close()
        serving.join()

    assert bodies == [b"one\n", b"one\n"]


def test_chunks_may_cut_a_line_anywhere() -> None:
    assert dechunked(b"5\r\nkube_\r\nA\r\nnode_info{\r\n0\r\n\r\n") == b"kube_node_info{"


def test_cpu_of_a_process_grows_while_it_works() -> None:

    before = cpu_seconds(os.getpid())
    while cpu_seconds(os.getpid()) - before < 0.02:
        sum(range(10_000))

    assert cpu_seconds(os.getpid()) > before
