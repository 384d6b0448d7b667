import pytest

from oio_agent import Agent, Task, WorkResult, WrongSettings
from oio_agent.agent import type_of
from oio_agent.nats_wire import Login, read_servers
from oio_agent.settings import Settings, agent_name, read_settings
from oio_agent.timing import Timing

GIVEN = Settings(name="reviewer")


def test_the_environment_says_where_and_who_and_an_empty_variable_counts_as_none() -> None:
    environment = {
        "NATS_URL": "nats://a:4222",
        "OIO_TENANT": "acme",
        "OIO_AGENT_NAME": "AGENT-R-2",
        "OIO_CAPACITY": "3",
        "OIO_HEARTBEAT_SECONDS": "",
        "OIO_DRAIN_SECONDS": "0.5",
        "OIO_LEDGER": "attempts",
        "LOG_LEVEL": "debug",
    }

    settings = read_settings(GIVEN, environment)

    assert settings == Settings(
        name="AGENT-R-2",
        servers="nats://a:4222",
        tenant="acme",
        capacity=3,
        heartbeat_seconds=10,
        drain_seconds=0.5,
        ledger="attempts",
        log_level="DEBUG",
    )
    assert read_settings(GIVEN, {}).name == "AGENT-REVIEWER"
    assert read_settings(Settings(name="x", servers="nats://b"), {"NATS_URL": ""}).servers == "nats://b"
    assert read_settings(GIVEN, {"NATS_URL": "nats://a", "OIO_GATEWAY_URL": "http://g"}).servers == "http://g"


def test_the_key_goes_to_the_gateway_and_the_token_to_nats() -> None:
    both = {"OIO_KEY": "oio_dev_key", "OIO_NATS_TOKEN": "nats"}

    assert read_settings(GIVEN, both).token == "nats"  # noqa: S105
    assert read_settings(GIVEN, {**both, "OIO_GATEWAY_URL": "http://g"}).token == "oio_dev_key"  # noqa: S105


def test_wrong_settings_are_told_all_at_once() -> None:
    environment = {
        "OIO_CAPACITY": "51",
        "OIO_DRAIN_SECONDS": "soon",
        "OIO_TENANT": "A.B",
        "OIO_AGENT_NAME": "ä",
    }

    with pytest.raises(WrongSettings) as raised:
        read_settings(GIVEN, environment)

    for name in ("OIO_CAPACITY", "OIO_DRAIN_SECONDS", "OIO_TENANT", "AGENT-Ä"):
        assert name in str(raised.value)


def test_a_name_becomes_that_of_the_orchestrator() -> None:
    assert [agent_name(name) for name in ("reviewer", "AGENT-X", "my_agent 2")] == [
        "AGENT-REVIEWER",
        "AGENT-X",
        "AGENT-MY-AGENT-2",
    ]


def test_its_type_is_that_of_its_name_or_of_most_of_its_capabilities() -> None:
    assert type_of("debugger", ["code_review"]) == "debugger"
    assert type_of("x", ["code_review"]) == "reviewer"
    assert type_of("x", ["requirements_analysis", "root_cause_analysis"]) == "analyst"
    assert type_of("x", ["our_own_word"]) == "implementer"


def test_the_work_is_one_async_function() -> None:
    agent = Agent("x")

    with pytest.raises(TypeError, match="async function"):
        agent.task(lambda task: task)  # type: ignore[arg-type, return-value]

    @agent.task
    async def work(task: Task) -> WorkResult:
        return task.done("done")

    with pytest.raises(TypeError, match="has its work already"):
        agent.task(work)


async def test_a_card_that_is_none_and_an_agent_without_work_are_refused_before_anything_is_dialled() -> None:
    with pytest.raises(WrongSettings, match=r"capabilities.primary\[0\]: pattern"):
        await Agent("x", capabilities=["Not A Word"], environment={}).join()
    with pytest.raises(WrongSettings, match="only an agent with a ledger"):
        await Agent("x", card={"supports": {"resume": True}}, environment={}).join()
    with pytest.raises(WrongSettings, match="the agent has no work"):
        await Agent("x", environment={}).join()


def test_wrong_settings_end_the_program_with_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Agent("x", environment={"OIO_CAPACITY": "many"}).run()

    assert ended.value.code == 2
    assert "OIO_CAPACITY" in capsys.readouterr().err


def test_addresses_come_one_or_several_and_what_they_bear_of_an_account_is_taken_from_them() -> None:
    assert read_servers("nats://a:4222, b:2") == (["nats://a:4222", "b:2"], Login())
    assert read_servers("nats://me:p%40ss@a:1,tls://b") == (
        ["nats://a:1", "tls://b"],
        Login(user="me", password="p@ss"),  # noqa: S106
    )
    assert read_servers("nats://s3cret@a") == (["nats://a"], Login(token="s3cret"))  # noqa: S106
    assert "p@ss" not in repr(Login(password="p@ss"))  # noqa: S106


def test_pauses_double_up_to_their_bound_and_half_of_them_is_chance() -> None:
    timing = Timing()

    for turn, full in ((0, 0.2), (1, 0.4), (4, 3.2), (5, 5.0), (500, 5.0)):
        assert all(full / 2 <= timing.backoff(turn) <= full for _ in range(50))
