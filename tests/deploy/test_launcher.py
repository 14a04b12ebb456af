"""The embedded stack: starts anywhere, twice never, stops whole, and refuses in one sentence."""

import json
import os
import socket
import time
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM
from tempfile import TemporaryDirectory

import pytest

from deploy.local.place import SERVICES, Place
from tests.support.embedded import (
    WHOLE,
    Running,
    free_port_base,
    gone_within,
    processes_of,
    running,
    starting,
    verb,
)

REFUSED = 2


def _pid_of(stack: Running, name: str) -> int:
    record = json.loads((stack.place.directory / "processes.json").read_text())
    pid: int = record["processes"][name][0]
    return pid


def test_a_killed_launcher_leaves_no_process_and_the_next_start_recovers(place: Place) -> None:
    with running(place) as stack:
        stack.launcher.send_signal(SIGKILL)
        stack.wait()
        with running(place) as again:
            assert _pid_of(again, "postgres") in processes_of(place)
            again.launcher.send_signal(SIGKILL)
            again.wait()
    assert gone_within(place, seconds=15)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_root_without_user_namespaces_runs_postgres_as_nobody() -> None:
    with TemporaryDirectory() as folder:
        # A PATH on which `unshare` is missing stands for a machine that forbids user namespaces.
        for tool in ("setpriv", "test"):
            (Path(folder) / tool).symlink_to(f"/usr/bin/{tool}")
        Path(folder).chmod(0o755)
        place = Place(root=Path(folder) / ".local", state="nobody", port_base=free_port_base())
        with running(place, PATH=folder) as stack:
            owner = Path(f"/proc/{_pid_of(stack, 'postgres')}").stat().st_uid
            assert owner == 65534
            stack.launcher.send_signal(SIGKILL)
            stack.wait()
            assert gone_within(place, seconds=15)


def test_an_interrupted_first_start_is_begun_again_and_a_stale_pid_file_does_not_block(place: Place) -> None:
    draft = place.directory / "postgres.draft"
    (draft / "base").mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    (place.directory / "lock").touch()
    with running(place) as stack:
        assert not draft.exists()
        stack.launcher.send_signal(SIGINT)
        assert stack.wait() == 0
    # The pid of a living stranger: without care the server would take it for a server at work.
    stale = place.directory / "postgres" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{stale.parent}\n0\n{place.ports['postgres']}\n\n127.0.0.1\n")
    with running(place) as stack:
        assert stack.launcher.poll() is None


def test_a_server_that_dies_is_named_and_takes_the_stack_down(place: Place) -> None:
    with running(place) as stack:
        os.kill(_pid_of(stack, "nats"), SIGKILL)
        assert stack.wait() == 1
    assert "nats was killed by signal 9. Everything is stopped." in stack.said()
    assert "  | " in stack.said()
    assert processes_of(place) == []


def test_the_whole_stack_starts_and_a_service_that_dies_is_named(place: Place) -> None:
    with running(place, parts=WHOLE) as stack:
        shown = verb(place, "status").stdout
        for service in SERVICES:
            line = next(line for line in shown.splitlines() if line.startswith(service))
            assert str(_pid_of(stack, service)) in line
            assert " yes " in line
        assert "indicators   0 events said, labelling 0 behind" in shown
        parked = verb(place, "operate parked indicators --limit 3")
        assert (parked.returncode, parked.stdout) == (0, "none\n")
        refused = verb(place, "operate repair labelling")
        assert (refused.returncode, refused.stderr) == (REFUSED, "labelling does not hear anybody\n")
        os.kill(_pid_of(stack, "followup"), SIGKILL)
        assert stack.wait() == 1
    assert "followup was killed by signal 9. Everything is stopped." in stack.said()
    assert '"event": "service.started"' in stack.said()
    assert processes_of(place) == []
    assert "by force" not in place.log("launcher").read_text()


def test_a_second_start_of_the_same_state_is_refused(servers: Running) -> None:
    second = verb(servers.place, "run")
    assert second.returncode == REFUSED
    assert second.stderr == (
        f"The state 'shared' already runs (process {servers.launcher.pid}):"
        " use `make down STATE=shared`, or another STATE and PORT_BASE.\n"
    )


def test_a_port_held_by_another_state_is_refused_and_leaves_nothing(servers: Running) -> None:
    other = Place(root=servers.place.root, state="other", port_base=servers.place.port_base)
    refused = verb(other, "run")
    assert refused.returncode == REFUSED
    assert refused.stderr == (
        f"Port {other.port_base} (identity) is held by the Tremplin state 'shared' of {other.root}:"
        f" stop it, or choose another range, for example PORT_BASE={other.port_base + 100}.\n"
    )
    assert not other.directory.exists()


def test_a_port_held_by_a_stranger_is_refused_by_name(place: Place) -> None:
    with socket.create_server(("127.0.0.1", place.ports["nats"])):
        refused = verb(place, "run")
    assert refused.returncode == REFUSED
    assert refused.stderr.startswith(f"Port {place.ports['nats']} (nats) is held by process {os.getpid()} (")
    assert not place.directory.exists()


def test_two_states_run_side_by_side_and_down_stops_the_one_it_names_whole(
    servers: Running, place: Place
) -> None:
    with running(place) as stack:
        assert len(processes_of(place)) >= 3
        stopped = verb(place, "down")
        assert (stopped.returncode, stopped.stdout) == (0, "The state 'essai' is stopped.\n")
        assert stack.wait() == 0
    assert servers.launcher.poll() is None
    assert processes_of(place) == []
    assert verb(place, "down").stdout == "Nothing runs in the state 'essai'.\n"
    assert "by force" not in place.log("launcher").read_text()
    assert place.directory.stat().st_mode & 0o777 == 0o700
    for secret in (*place.directory.glob("*.json"), *place.nats.glob("seeds/*")):
        assert secret.stat().st_mode & 0o077 == 0, secret


def test_status_shows_each_process_and_its_readiness(servers: Running) -> None:
    shown = verb(servers.place, "status", PORT_BASE="9999").stdout
    for name in ("postgres", "nats", "identity"):
        line = next(line for line in shown.splitlines() if line.startswith(name))
        assert str(_pid_of(servers, name)) in line
        assert " yes " in line


def test_token_prints_a_token_and_nothing_else(servers: Running) -> None:
    printed = verb(servers.place, "token", CLIENT="holder-01")
    assert printed.stdout.count(".") == 2
    assert printed.stdout.strip().replace("-", "").replace("_", "").replace(".", "").isalnum()
    unknown = verb(servers.place, "token", CLIENT="nobody")
    assert (unknown.returncode, unknown.stdout) == (REFUSED, "")
    assert "CLIENT='nobody' is unknown: choose one of" in unknown.stderr


def test_a_demonstration_for_once_ends_with_the_players_last_line_and_its_code(place: Place) -> None:
    played = verb(place, "demo", ONCE="1", FIXTURE="r2", PLANT="lost")
    assert played.returncode == 3, played.stderr
    assert played.stdout.splitlines()[-2:] == [
        f"essai r2 2016 lost True {place.urls['labelling']} development-only-holder-12",
        "the last line",
    ]
    assert played.stderr == ""
    assert processes_of(place) == []
    assert "PLANT=lost and PLANT=none is asked for" in verb(place, "demo", FIXTURE="r2").stderr


def test_reset_refuses_a_running_state_and_forgets_a_stopped_one(servers: Running, place: Place) -> None:
    refused = verb(servers.place, "reset")
    assert refused.returncode == REFUSED
    assert f"is running (process {servers.launcher.pid})" in refused.stderr
    (place.directory / "postgres" / "base").mkdir(parents=True)
    assert "is not a state of Tremplin" in verb(place, "reset").stderr
    (place.directory / "lock").touch()
    assert verb(place, "reset").returncode == 0
    assert not place.directory.exists()


def test_another_fixture_than_the_state_holds_is_refused(place: Place) -> None:
    place.directory.mkdir(parents=True)
    (place.directory / "lock").touch()
    held = place.directory / "state.json"
    held.write_text('{"fixture": "r1", "seed": 2016, "plant": null}')
    refused = verb(place, "run", FIXTURE="r2")
    assert refused.returncode == REFUSED
    assert refused.stderr == (
        "The state 'essai' was made with FIXTURE=r1 and FIXTURE=r2 is asked for:"
        " use another STATE=, or `make reset STATE=essai`.\n"
    )
    assert {path.name for path in place.directory.iterdir()} == {"lock", "state.json"}


def test_a_launcher_told_to_stop_while_it_starts_leaves_nothing(place: Place) -> None:
    stack = starting(place)
    while not place.log("cluster").exists():
        time.sleep(0.01)
    stack.launcher.send_signal(SIGTERM)
    assert stack.wait() == 130
    assert processes_of(place) == []
