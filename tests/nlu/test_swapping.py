"""A new version takes over while messages are read, and a bad one never does."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nlu.evaluate import NOW
from nlu.interpreter import Heard
from nlu.model_store import POINTER, ModelStore, NoModel
from nlu.swapping import Swapping
from tests.trained import models_folder

HEARD = [Heard("他借了我三万块钱两年不还", NOW), Heard("隔壁的水淹了我家的田", NOW)] * 8
ALWAYS, NEVER = 0.0, 3600.0


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """A folder with the trained model as the current version, and as another one beside it."""
    shutil.copytree(models_folder(), tmp_path / "models")
    store = ModelStore(tmp_path / "models")
    shutil.copy(store.archive(store.current()), store.archive("second"))
    store.keep("second")
    return store


def wait_for(is_so: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def reported(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "nlu.swapping"]


def is_quiet() -> bool:
    return all(each.name != "new-model" for each in threading.enumerate())


@contextmanager
def reading(swapping: Swapping, threads: int = 4) -> Iterator[list[set[str]]]:
    """Let threads read while inside; yields the versions that answered each call, in order."""
    answered: list[set[str]] = []
    faults: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                answered.append({each.model for each in swapping.read(HEARD)})
            except Exception as fault:
                faults.append(fault)
                return

    started = [threading.Thread(target=read) for _ in range(threads)]
    for each in started:
        each.start()
    yield answered
    done.set()
    for each in started:
        each.join()
    wait_for(is_quiet)
    assert faults == []


def test_a_new_version_takes_over_while_many_are_reading(store):
    swapping = Swapping(store.folder, ALWAYS)
    first = store.current()

    with reading(swapping) as answered:
        wait_for(lambda: len(answered) > 20)
        store.activate("second")
        wait_for(lambda: swapping.model == "second")
        seen = len(answered)
        wait_for(lambda: len(answered) > seen + 20)

    assert {first} in answered
    assert answered[-1] == {"second"}
    assert all(len(versions) == 1 for versions in answered)


def test_what_was_rolled_back_serves_no_longer(store):
    first = store.current()
    store.activate("second")
    swapping = Swapping(store.folder, ALWAYS)

    with reading(swapping):
        store.roll_back()
        wait_for(lambda: swapping.model == first)


def test_a_damaged_version_is_reported_once_and_the_old_one_goes_on(store, caplog):
    swapping = Swapping(store.folder, ALWAYS)
    first = store.current()
    store.archive("second").write_bytes(b"half a file")

    with caplog.at_level(logging.ERROR, "nlu.swapping"), reading(swapping) as answered:
        store.activate("second")
        wait_for(lambda: bool(reported(caplog)))
        seen = len(answered)
        wait_for(lambda: len(answered) > seen + 50)

    (record,) = reported(caplog)
    assert f"{first} still serves" in record.getMessage()
    assert "second.tar.gz" in record.getMessage()
    assert {frozenset(versions) for versions in answered} == {frozenset({first})}


def test_after_a_damaged_version_a_sound_one_takes_over(store, caplog):
    swapping = Swapping(store.folder, ALWAYS)
    (store.folder / POINTER).write_text("no pointer at all")

    with caplog.at_level(logging.CRITICAL, "nlu.swapping"), reading(swapping):
        wait_for(lambda: swapping._seen == swapping._stamp())
        (store.folder / POINTER).unlink()
        store.activate("second")
        wait_for(lambda: swapping.model == "second")


def test_between_two_looks_the_folder_is_left_alone(store):
    swapping = Swapping(store.folder, NEVER)
    first = store.current()
    store.activate("second")

    assert {each.model for each in swapping.read(HEARD)} == {first}
    assert is_quiet()

    swapping.look()
    wait_for(lambda: swapping.model == "second")
    wait_for(is_quiet)


def test_the_same_version_named_anew_is_not_loaded_again(store):
    swapping = Swapping(store.folder, NEVER)
    serving = swapping._serving
    store.activate(store.current())

    swapping.look()
    wait_for(is_quiet)

    assert swapping._serving is serving


def test_where_there_is_no_model_to_begin_with_it_says_so(tmp_path):
    with pytest.raises(NoModel, match="python -m bot train"):
        Swapping(tmp_path)
