"""The folder of trained models: versions side by side, checksums, and which one is current."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POINTER = "current.json"


class NoModel(Exception):
    """There is no trained model; the message names the fix."""


class ModelOutdated(NoModel):
    """The current model was made by a program that kept models differently."""


class ModelDamaged(Exception):
    """The current model cannot be trusted; the message names the file and the fix."""


@dataclass(frozen=True, slots=True)
class ModelStore:
    """`<version>.tar.gz`, its checksum `<version>.sha256`, its figures `<version>.json`.

    `<version>.jsonl` holds the corrections that a version was the first to learn.

    `current.json` names the version that serves and those that served before, newest last.
    """

    folder: Path

    def archive(self, version: str) -> Path:
        """Return where a version is kept."""
        return self.folder / f"{version}.tar.gz"

    def keep(self, version: str) -> None:
        """Write the checksum of an archive that has just been made."""
        put(self.folder / f"{version}.sha256", checksum(self.archive(version)) + "\n")

    def activate(self, version: str) -> None:
        """Make a version the current one, in one step for everybody who looks."""
        served = [each for each in self._pointer().get("served", []) if each != version]
        self._point([*served, version])

    def roll_back(self) -> str:
        """Make the version before the current one current again, and return it.

        Raises NoModel if there is none.
        """
        served = self._pointer().get("served", [])[:-1]
        if not served:
            raise NoModel(f"{self.folder}: there is no earlier model to go back to")
        self._point(served)
        return str(served[-1])

    def current(self) -> str:
        """Return the version that serves; raises NoModel or ModelDamaged."""
        served = self._pointer().get("served", [])
        if not served:
            raise NoModel(f"{self.folder}: no trained model; run `python -m bot train`")
        return str(served[-1])

    def check(self, version: str) -> Path:
        """Return the archive of a version whose checksum is right; raises ModelDamaged."""
        archive, kept = self.archive(version), self.folder / f"{version}.sha256"
        fix = "run `python -m bot train` for a new one, or `python -m bot train --roll-back`"
        if not archive.is_file():
            raise ModelDamaged(f"{archive}: the model file is missing; {fix}")
        if not kept.is_file() or kept.read_text("ascii").strip() != checksum(archive):
            raise ModelDamaged(f"{archive}: the model file is damaged (wrong checksum); {fix}")
        return archive

    def write_figures(self, version: str, figures: Mapping[str, Any]) -> None:
        """Keep what was measured of a version beside it."""
        text = json.dumps(figures, ensure_ascii=False, indent=1, sort_keys=True)
        put(self.folder / f"{version}.json", text + "\n")

    def figures(self, version: str) -> dict[str, Any]:
        """Return what was measured of a version; empty if nothing was."""
        path = self.folder / f"{version}.json"
        if not path.is_file():
            return {}
        told: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return told

    def write_learned(self, version: str, lines: str) -> None:
        """Keep the corrections that a version has learned."""
        put(self.folder / f"{version}.jsonl", lines)

    def learned(self) -> list[Path]:
        """Return the corrections of the versions that serve or have served, oldest first.

        A version that was rolled back or refused takes its corrections along.
        """
        served = self._pointer().get("served", [])
        return [path for each in served if (path := self.folder / f"{each}.jsonl").is_file()]

    def discard(self, version: str) -> None:
        """Remove the archive of a version that may not serve; its figures stay."""
        for path in (self.archive(version), self.folder / f"{version}.sha256"):
            path.unlink(missing_ok=True)

    def _point(self, served: list[str]) -> None:
        put(self.folder / POINTER, json.dumps({"served": served}) + "\n")

    def _pointer(self) -> dict[str, list[str]]:
        path = self.folder / POINTER
        if not path.is_file():
            return {}
        try:
            told: dict[str, list[str]] = json.loads(path.read_text("utf-8"))
            return {"served": list(told["served"])}
        except (ValueError, KeyError, TypeError):
            raise ModelDamaged(
                f"{path}: is no list of models; delete it and run `python -m bot train`"
            ) from None


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old or the new one, never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(text, "utf-8")
    new.replace(path)
