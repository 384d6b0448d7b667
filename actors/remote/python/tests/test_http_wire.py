import asyncio

import pytest

from oio_agent.ask import refusal
from oio_agent.http_wire import _UNREACHABLE, _read_response, _to_refusal
from oio_agent.schema import encode

PROBLEM = {"type": "about:blank", "code": "STALE_EPOCH", "detail": "it is over", "retryable": False}


async def read(text: bytes) -> tuple[int, bytes]:
    reader = asyncio.StreamReader()
    reader.feed_data(text)
    reader.feed_eof()
    return await _read_response(reader)


async def test_an_answer_ends_with_its_length_or_with_the_connection() -> None:
    assert await read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}more") == (200, b"{}")
    assert await read(b"HTTP/1.1 409 Conflict\r\nserver: x\r\n\r\n{}") == (409, b"{}")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 two OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nserver: x",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}",
        b"x" * 2**17,
    ],
)
async def test_half_an_answer_and_what_is_no_http_did_not_arrive(text: bytes) -> None:
    with pytest.raises(_UNREACHABLE):
        await read(text)


def test_a_problem_is_a_refusal_and_anything_else_is_worth_another_try() -> None:
    refused = _to_refusal(409, encode(PROBLEM))

    assert refused == {
        "ok": False,
        "error": {"code": "STALE_EPOCH", "message": "it is over", "retryable": False},
    }
    for body in (b"<html>Bad gateway</html>", b"[]", encode({**PROBLEM, "retryable": "no"})):
        assert _to_refusal(502, body) == refusal("AGENT_UNAVAILABLE", "answered 502", retryable=True)
