import json
import re
from pathlib import Path
from typing import Any

import pytest

from oio_agent.head import new_head, new_id
from oio_agent.schema import KNOWN_WORDS, Unreadable, check, clip, decode, definitions, encode

PROTOCOL = Path(__file__).parents[4] / "protocols" / "eap"
SHAPES = {
    "out": "AgentOut",
    "in": "AgentIn",
    "out-answer": "OutAnswer",
    "in-answer": "InAnswer",
    "registered": "Registered",
    "heartbeat": "Heartbeat",
    "lock-said": "LockSaid",
    "request-said": "RequestSaid",
    "tools-said": "ToolsSaid",
}


def words_of(shape: dict[str, Any]) -> set[str]:
    below = [*shape.get("properties", {}).values(), *shape.get("anyOf", []), *shape.get("oneOf", [])]
    below += [shape[word] for word in ("items", "propertyNames", "additionalProperties") if word in shape]
    return set(shape).union(*(words_of(one) for one in below))


def test_every_word_of_the_schema_is_one_that_is_checked() -> None:
    words = set().union(*(words_of(dict(shape)) for shape in definitions().values()))

    assert words - KNOWN_WORDS == set()
    # In brackets a `$` would be no end of the text.
    patterns = re.findall(r'"pattern": "(.*?)"', json.dumps(definitions()))
    assert [pattern for pattern in patterns if re.search(r"\[[^\]]*\$", pattern)] == []


def test_every_example_of_the_protocol_is_of_its_shape() -> None:
    page = (PROTOCOL / "README.md").read_text("utf-8")
    examples = re.findall(r"```json (\S+)\n(.*?)```", page, re.S)

    assert len(examples) > 15
    for name, text in examples:
        check(SHAPES[name], json.loads(text))


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"percent": 101}, "AgentOut.progress.percent: maximum is 100"),
        ({"percent": True}, "AgentOut.progress.percent is no number"),
        ({"attempt": 0}, "AgentOut.progress.attempt: exclusiveMinimum is 0"),
        ({"attempt": 1.5}, "AgentOut.progress.attempt is no integer"),
        ({"id": "short"}, "AgentOut.progress.id: minLength is 8"),
        ({"id": "with a space"}, "AgentOut.progress.id: pattern is"),
        ({"id": "new-line-\n"}, "AgentOut.progress.id: pattern is"),
        ({"note": "😀" * 1_001}, "AgentOut.progress.note: maxLength is 2000"),
        ({"ts": "202٦-11-21T02:00:00Z"}, "AgentOut.progress.ts: pattern is"),
        ({"eap": "1.0"}, "AgentOut.progress.eap is not '2.0'"),
        ({"waitsFor": "Godot"}, "AgentOut.progress.waitsFor is none of rate_limit, auth"),
        ({"usage": {"tokens_in": 1}}, "AgentOut.progress.usage lacks tokens_out, cost_usd"),
    ],
)
def test_what_is_not_of_its_shape_is_refused_with_the_place(changed: dict[str, object], fault: str) -> None:
    progress = {**new_head(), "kind": "progress", "taskId": "t1", "attempt": 1, "percent": 3}
    check("AgentOut.progress", progress)

    with pytest.raises(Unreadable, match=re.escape(fault)):
        check("AgentOut.progress", {**progress, **changed})


def test_text_is_shortened_as_the_orchestrator_counts_and_never_within_a_character() -> None:
    assert clip("short", 5) == "short"
    assert clip("longer", 5) == "long…"
    assert clip("😀😀😀", 5) == "😀😀…"
    assert clip("😀😀😀", 4) == "😀…"
    assert clip("half \ud83d", 9) == "half \ufffd"


def test_what_json_does_not_have_is_neither_said_nor_read() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        encode({"cost": float("nan")})
    for body in (b"NaN", b'{"a":Infinity}', b"\xff"):
        with pytest.raises(ValueError, match=r"JSON|decode"):
            decode(body)


def test_ids_are_of_version_7_and_grow() -> None:
    ids = [new_id() for _ in range(100)]

    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one)
        for one in ids
    )
    assert len(set(ids)) == 100
    assert [one[:13] for one in ids] == sorted(one[:13] for one in ids)
