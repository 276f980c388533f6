"""The understanding of a running program: a new version takes over while messages are read."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from nlu.interpreter import Heard, Interpreter, Understanding
from nlu.model_store import POINTER, ModelDamaged, ModelStore, NoModel
from nlu.rasa_interpreter import load, load_version

LOOK_EVERY = 1.0  # seconds between two looks at the pointer file
Stamp = tuple[int, int, int] | None
log = logging.getLogger(__name__)


class Swapping:
    """Reads messages with the current model of a folder, in whatever thread.

    Between two looks a message costs one comparison of times. When the pointer file has changed,
    a thread loads the version it names, and one assignment hands the following messages to it:
    each call of `read` is answered by one version. A version that cannot be loaded is logged
    once, and the one before goes on. Raises NoModel or ModelDamaged where there is none to begin
    with.
    """

    def __init__(self, models: Path, look_every: float = LOOK_EVERY) -> None:
        self._store, self._look_every = ModelStore(models), look_every
        self._seen = self._stamp()  # before loading: a change meanwhile is seen at the next look
        self._serving: Interpreter = load(models)
        self._next_look = time.monotonic() + look_every
        self._looking = threading.Lock()

    @property
    def model(self) -> str:
        """The version that serves now."""
        return self._serving.model

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        """Return what each message means, in order."""
        if time.monotonic() >= self._next_look:
            self.look()
        return self._serving.read(messages)

    def look(self) -> None:
        """Begin to load a new version if there is one; returns at once."""
        if not self._looking.acquire(blocking=False):
            return
        self._next_look = time.monotonic() + self._look_every
        stamp = self._stamp()
        if stamp == self._seen:
            self._looking.release()
            return
        self._seen = stamp
        threading.Thread(target=self._swap, name="new-model", daemon=True).start()

    def _swap(self) -> None:
        try:
            version = self._store.current()
            if version != self._serving.model:
                self._serving = load_version(self._store, version)
                log.info("model %s serves from now on", version)
        except (ModelDamaged, NoModel) as fault:
            log.error("%s still serves: %s", self._serving.model, fault)
        except Exception:
            log.exception("%s still serves: the new model cannot be loaded", self._serving.model)
        finally:
            self._looking.release()

    def _stamp(self) -> Stamp:
        """Return what changes whenever the pointer file is replaced."""
        try:
            found = (self._store.folder / POINTER).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size
