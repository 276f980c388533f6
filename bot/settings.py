"""Settings, read once from the environment; all that is not usable is refused at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "HEJIE_"


class SettingsFaults(Exception):
    """One line a fault, each with the setting's name and the fix."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between installations."""

    database_url: str
    data: Path
    keys: Path
    host: str
    port: int
    telegram_token: str | None
    tick_seconds: int

    @property
    def models(self) -> Path:
        """The folder of trained models."""
        return self.data / "models"


KNOWN: Mapping[str, str] = {
    "HEJIE_DATABASE_URL": "where everything is kept; sqlite:///... or postgresql+psycopg://...",
    "HEJIE_DATA": "the folder for database, models and keys (default: var)",
    "HEJIE_KEYS": "the file of the keys that seal what people told (default: HEJIE_DATA/keys)",
    "HEJIE_HOST": "the address that is listened on (default: 127.0.0.1)",
    "HEJIE_PORT": "the port of web chat and console (default: 8000)",
    "HEJIE_TELEGRAM_TOKEN": "the token of the Telegram bot; without it Telegram is off",
    "HEJIE_TICK_SECONDS": "seconds between two ticks of the scheduler (default: 20)",
}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings, or raise SettingsFaults that names every fault."""
    faults = [
        f"{name}: is not a setting of Hejie; known are {', '.join(KNOWN)}"
        for name in environment
        if name.startswith(PREFIX) and name not in KNOWN
    ]
    data = Path(environment.get("HEJIE_DATA") or "var").absolute()
    url = environment.get("HEJIE_DATABASE_URL") or f"sqlite:///{data / 'hejie.db'}"
    if not url.startswith(("sqlite:", "postgresql+psycopg:", "postgresql:")):
        faults.append(
            "HEJIE_DATABASE_URL: must begin with sqlite: or postgresql:, "
            "for example postgresql://user:password@localhost/hejie"
        )
    token = environment.get("HEJIE_TELEGRAM_TOKEN") or None
    if token is not None and ":" not in token:
        faults.append("HEJIE_TELEGRAM_TOKEN: looks like 123456:ABC...; copy it from @BotFather")
    settings = Settings(
        database_url=url.replace("postgresql:", "postgresql+psycopg:", 1)
        if url.startswith("postgresql:")
        else url,
        data=data,
        keys=Path(environment.get("HEJIE_KEYS") or data / "keys").absolute(),
        host=environment.get("HEJIE_HOST") or "127.0.0.1",
        port=_whole(environment, "HEJIE_PORT", 8000, (0, 65535), faults),
        telegram_token=token,
        tick_seconds=_whole(environment, "HEJIE_TICK_SECONDS", 20, (1, 3600), faults),
    )
    if faults:
        raise SettingsFaults("\n".join(faults))
    return settings


def _whole(
    environment: Mapping[str, str],
    name: str,
    otherwise: int,
    bounds: tuple[int, int],
    faults: list[str],
) -> int:
    text = environment.get(name)
    if not text:
        return otherwise
    low, high = bounds
    if text.isdecimal() and low <= int(text) <= high:
        return int(text)
    faults.append(f"{name}: must be a whole number from {low} to {high}, not {text!r}")
    return otherwise
