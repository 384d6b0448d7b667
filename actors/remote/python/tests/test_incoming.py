from oio_agent.head import new_head
from oio_agent.incoming import Desk, Incoming
from oio_agent.schema import encode
from scripted import assignment, cancellation

ACCEPTED = {"accepted": True}


def desk(*, is_draining: bool = False, capacity: int = 2, **running: int) -> Desk:
    return Desk(
        is_draining=is_draining,
        capacity=capacity,
        running=running,
        is_heard=lambda word: word["taskId"] == "t1",
    )


def refused(reason: str) -> dict[str, object]:
    return {"accepted": False, "reason": reason}


def test_an_assignment_is_accepted_and_started() -> None:
    decision = Incoming().take(encode(assignment("t1")), desk())

    assert decision.answer == ACCEPTED
    assert decision.action is not None
    assert decision.action["kind"] == "assign"


def test_a_repeat_of_a_known_id_is_answered_alike_and_starts_nothing() -> None:
    incoming = Incoming()
    once = encode(assignment("t1"))
    incoming.take(once, desk())

    for again in (incoming.take(once, desk(t1=1)), incoming.take(once, desk())):
        assert again.answer == ACCEPTED
        assert again.action is None


def test_the_same_attempt_under_another_id_starts_nothing_also_after_its_end() -> None:
    incoming = Incoming()
    incoming.take(encode(assignment("t1")), desk())

    assert incoming.take(encode(assignment("t1")), desk(t1=1)).action is None
    assert incoming.take(encode(assignment("t1")), desk()).action is None


def test_past_its_capacity_an_assignment_is_refused_and_a_repeat_of_it_as_well() -> None:
    incoming = Incoming()
    third = encode(assignment("c"))

    assert incoming.take(third, desk(a=1, b=1)).answer == refused("capacity")
    assert incoming.take(third, desk()).answer == refused("capacity")
    assert incoming.take(encode(assignment("c")), desk()).action is not None


def test_who_drains_refuses_what_is_new_and_knows_what_it_has() -> None:
    incoming = Incoming()
    incoming.take(encode(assignment("t1")), desk())

    assert incoming.take(encode(assignment("t2")), desk(is_draining=True, t1=1)).answer == refused("draining")
    assert incoming.take(encode(assignment("t1")), desk(is_draining=True, t1=1)).answer == ACCEPTED


def test_a_newer_attempt_takes_the_place_of_the_older_one_and_an_older_one_is_refused() -> None:
    incoming = Incoming()
    incoming.take(encode(assignment("t1", 2)), desk(capacity=1))

    assert incoming.take(encode(assignment("t1", 3)), desk(capacity=1, t1=2)).action is not None
    assert incoming.take(encode(assignment("t1", 2)), desk(capacity=1, t1=3)).answer == refused("unknown")


def test_a_cancel_reaches_the_attempt_that_it_names_and_is_accepted_where_it_names_none() -> None:
    incoming = Incoming()
    incoming.take(encode(assignment("t1", 2)), desk())

    assert incoming.take(encode(cancellation("t1", attempt=1)), desk(t1=2)).action is None
    assert incoming.take(encode(cancellation("t1", attempt=2)), desk(t1=2)).action is not None
    assert incoming.take(encode(cancellation("nobody")), desk()).answer == ACCEPTED


def test_an_assignment_that_its_cancel_overtook_is_not_started() -> None:
    incoming = Incoming()
    incoming.take(encode(cancellation("t1", attempt=2)), desk())

    assert incoming.take(encode(assignment("t1", 2)), desk()).answer == refused("unknown")
    assert incoming.take(encode(assignment("t1", 3)), desk()).answer == ACCEPTED


def test_a_word_to_the_work_is_taken_where_it_is_heard_only() -> None:
    incoming = Incoming()

    def steer(task: str) -> bytes:
        said = {"attempt": 1, "message": "Be brief.", "delivery": "steer", "by": "user:ada"}
        return encode({**new_head(), "kind": "steer", "taskId": task, **said})

    assert incoming.take(steer("t1"), desk(t1=1)).action is not None
    assert incoming.take(steer("t2"), desk(t2=1)).answer == refused("unknown")
    assert incoming.take(steer("t1"), desk()).answer == refused("unknown")


def test_no_bytes_make_it_raise() -> None:
    incoming = Incoming()
    broken = {**assignment("t1"), "payload": 7}

    for body in (
        b"",
        b"\xff\x00",
        b"7",
        b"[]",
        b"[" * 100_000,
        b'{"kind":3}',
        b'{"kind":"assign"}',
        encode(broken),
    ):
        assert incoming.take(body, desk()).answer == refused("invalid")
    assert incoming.take(encode({**new_head(), "kind": "sing"}), desk()).answer == refused("unknown")


def test_fields_that_it_does_not_know_are_left_aside() -> None:
    assert Incoming().take(encode({**assignment("t1"), "mood": "good"}), desk()).answer == ACCEPTED
