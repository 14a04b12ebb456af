"""What the launcher refuses before it touches anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import state
from deploy.local.lock import hold, holder, is_launcher
from deploy.local.nats import find_server
from deploy.local.place import PROJECT, Place, place_of
from deploy.local.postgres import Postgres, check_version, find_binaries
from deploy.local.refusals import Refused
from deploy.local.state import Content, check_content, content_of, record_content
from deploy.local.unprivileged import Unprivileged


@pytest.mark.parametrize("name", ["..", "a/b", ".hidden", "a" * 41, "é", "a b", "-x"])
def test_a_name_that_is_no_folder_of_its_own_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="is not a name"):
        place_of({"STATE": name})


@pytest.mark.parametrize("base", ["80", "65529", "x", "-1", "8100.5", "٨١٠٠"])
def test_a_base_that_leaves_no_room_for_eight_ports_is_refused(base: str) -> None:
    with pytest.raises(Refused, match="is not a port between"):
        place_of({"PORT_BASE": base})


def test_ports_follow_the_base() -> None:
    place = place_of({"PORT_BASE": "9000"})
    assert list(place.ports.values()) == list(range(9000, 9008))
    assert place.urls["indicators"] == "http://127.0.0.1:9004"


def test_unknown_fixtures_and_plants_are_refused() -> None:
    for knobs in ({"FIXTURE": "r3"}, {"PLANT": "nothing"}):
        with pytest.raises(Refused, match="is unknown: choose one of"):
            content_of(knobs)


def test_a_state_keeps_the_content_of_its_first_demonstration(tmp_path: Path) -> None:
    place = Place(root=tmp_path)
    state.make_directory(place)
    record_content(place, Content())
    check_content(place, Content(fixture="r1"))
    record_content(place, Content(fixture="r1"))
    record_content(place, Content())
    check_content(place, Content(fixture="r1"))
    check_content(place, Content())
    for other in (Content(fixture="r2"), Content(fixture="r1", seed=1), Content(fixture="r1", plant="lost")):
        with pytest.raises(Refused, match="is asked for: use another STATE"):
            check_content(place, other)


def test_a_damaged_record_is_refused(tmp_path: Path) -> None:
    place = Place(root=tmp_path)
    state.make_directory(place)
    for text in ("{", "[]", '{"colour": "red"}'):
        (place.directory / "state.json").write_text(text)
        with pytest.raises(Refused, match="cannot be read"):
            check_content(place, Content(fixture="r1"))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match=r"Cannot write in .*: Not a directory"):
        state.make_directory(Place(root=tmp_path / "file"))


def test_missing_or_old_binaries_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No Postgres here"):
        find_binaries({"TREMPLIN_POSTGRES_BIN": str(tmp_path)})
    with pytest.raises(Refused, match="No nats-server here"):
        find_server({"TREMPLIN_NATS_BIN": str(tmp_path / "nats-server")})
    for said in ("postgres (PostgreSQL) 15.18", "who?"):
        (tmp_path / "postgres").write_text(f"#!/bin/sh\necho '{said}'\n")
        (tmp_path / "postgres").chmod(0o755)
        with pytest.raises(Refused, match="Postgres 18 or newer is needed"):
            check_version(tmp_path)


def test_data_of_another_major_version_is_refused(tmp_path: Path) -> None:
    postgres = Postgres(place=Place(root=tmp_path), binaries=tmp_path, user=Unprivileged(), passwords={})
    postgres.check_major(18)
    postgres.data.mkdir(parents=True)
    (postgres.data / "PG_VERSION").write_text("18\n")
    postgres.check_major(18)
    with pytest.raises(Refused, match="was made by Postgres 18 and this one is 19"):
        postgres.check_major(19)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_a_path_closed_to_nobody_is_refused_when_root_must_become_nobody(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    tmp_path.chmod(0o700)
    prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    with pytest.raises(Refused, match="the user 'nobody' cannot reach"):
        Unprivileged(prefix=prefix, changes_owner=True).check_reaches(tmp_path / "inner")


def test_the_lock_names_its_holder_and_dies_with_it(tmp_path: Path) -> None:
    place = Place(root=tmp_path)
    state.make_directory(place)
    assert holder(place) is None
    with hold(place):
        assert holder(place) == os.getpid()
        with pytest.raises(Refused, match="already runs"), hold(place):
            pass
        # This process holds the lock and yet is no launcher: `down` must not signal it.
        assert not is_launcher(os.getpid(), place=place)
    assert holder(place) is None


def test_an_old_interpreter_is_told_so_in_one_sentence() -> None:
    pretend = (
        "import sys, runpy; sys.version_info = (3, 9, 2, 'final', 0);"
        " runpy.run_module('deploy.local', run_name='__main__')"
    )
    told = subprocess.run(
        [sys.executable, "-c", pretend], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert told.stderr == "Tremplin needs Python 3.11 or newer and this is 3.9.\n"
