"""The current model while serving: another version takes over without a pause."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from nlu.interpreter import Heard, Understanding
from nlu.model_store import POINTER, ModelDamaged, NoModel
from nlu.rasa_interpreter import RasaInterpreter, load

log = logging.getLogger(__name__)


class Swapping:
    """Reads with the model that `current.json` names; safe in several threads.

    The pointer is looked at for every batch, which costs a few microseconds. A new version is
    loaded beside while the old one goes on reading; a damaged one never takes over.
    """

    def __init__(self, models: Path) -> None:
        self._models, self._pointer = models, models / POINTER
        self._seen = self._stamp()
        self._current = load(models)
        self._loading = threading.Lock()

    @property
    def model(self) -> str:
        """The version of the model that reads now."""
        return self._current.model

    @property
    def current(self) -> RasaInterpreter:
        """The model that reads now."""
        return self._current

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        """Return what each message means, all by one version."""
        if self._stamp() != self._seen and self._loading.acquire(blocking=False):
            threading.Thread(target=self._take_over, name="model", daemon=True).start()
        return self._current.read(messages)

    def _take_over(self) -> None:
        try:
            self._seen = self._stamp()
            self._current = load(self._models)
            log.info("model %s took over", self._current.model)
        except (NoModel, ModelDamaged) as fault:
            log.error("model %s goes on: %s", self._current.model, fault)
        finally:
            self._loading.release()

    def _stamp(self) -> tuple[int, int]:
        """Return what changes when another pointer is put in place."""
        try:
            told = self._pointer.stat()
        except FileNotFoundError:
            return (0, 0)
        return (told.st_ino, told.st_mtime_ns)
