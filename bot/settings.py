"""Settings, read once from the environment; all that is not usable is refused at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PREFIX = "HEJIE_"
WEBHOOK_PATH = "/telegram"
TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{5,}")
SECRET = re.compile(r"[A-Za-z0-9_-]{24,256}")


class SettingsFaults(Exception):
    """One line a fault, each with the setting's name and the fix."""


@dataclass(frozen=True, slots=True)
class WeChatAccount:
    """A WeChat official account in safe mode, as its console shows it."""

    app_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between installations."""

    database_url: str
    data: Path
    keys: Path
    host: str
    port: int
    telegram_token: str | None
    telegram_webhook: str | None
    telegram_secret: str | None
    tick_seconds: int
    operator: str
    public_url: str
    draft_days: int
    chat_days: int
    audit_days: int
    database_wait: int = 120
    wechat: WeChatAccount | None = None

    @property
    def models(self) -> Path:
        """The folder of trained models."""
        return self.data / "models"


KNOWN: Mapping[str, str] = {
    "HEJIE_DATABASE_URL": "where everything is kept; sqlite:///... or postgresql+psycopg://...",
    "HEJIE_DATABASE_WAIT": "seconds a start waits for a database that is away (default: 120)",
    "HEJIE_DATA": "the folder for database, models and keys (default: var)",
    "HEJIE_KEYS": "the file of the keys that seal what people told (default: HEJIE_DATA/keys)",
    "HEJIE_HOST": "the address that is listened on (default: 127.0.0.1)",
    "HEJIE_PORT": "the port of web chat and console (default: 8000)",
    "HEJIE_PROFILE": "development (default) or production, where Telegram is off by itself",
    "HEJIE_TELEGRAM": "on or off (default: on where there is a token, off in production)",
    "HEJIE_TELEGRAM_TOKEN": "the token of the Telegram bot; without it Telegram is off",
    "HEJIE_TELEGRAM_WEBHOOK": "where Telegram pushes updates, https://.../telegram; else polling",
    "HEJIE_TELEGRAM_SECRET": "what Telegram proves itself with when it pushes (24 signs or more)",
    "HEJIE_WECHAT_APP_ID": "the AppID of the WeChat official account; without all four it is off",
    "HEJIE_WECHAT_SECRET": "its AppSecret",
    "HEJIE_WECHAT_TOKEN": "the token (令牌) of its server settings",
    "HEJIE_WECHAT_AES_KEY": "the EncodingAESKey (消息加解密密钥) of its server settings",
    "HEJIE_OPERATOR": "who runs this and is named in the notice (default: 本乡镇人民调解委员会)",
    "HEJIE_PUBLIC_URL": "where people reach the web, for links sent by messengers: https://...",
    "HEJIE_DRAFT_DAYS": "days after which what was begun and left is erased (default: 30)",
    "HEJIE_CHAT_DAYS": "days after the end of a case that its chat is kept (default: 180)",
    "HEJIE_AUDIT_DAYS": "days that the record of readings is kept (default: 1095)",
    "HEJIE_TICK_SECONDS": "seconds between two ticks of the scheduler (default: 20)",
}

WECHAT: Mapping[str, str] = {  # the form of each, in the order of `WeChatAccount`
    "HEJIE_WECHAT_APP_ID": r"wx[0-9a-f]{16}",
    "HEJIE_WECHAT_SECRET": r"[0-9a-f]{32}",
    "HEJIE_WECHAT_TOKEN": r"[A-Za-z0-9]{3,32}",
    "HEJIE_WECHAT_AES_KEY": r"[A-Za-z0-9]{43}",
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
    telegram = _telegram(environment, faults)
    settings = Settings(
        database_url=url.replace("postgresql:", "postgresql+psycopg:", 1)
        if url.startswith("postgresql:")
        else url,
        database_wait=_whole(environment, "HEJIE_DATABASE_WAIT", 120, (0, 3600), faults),
        data=data,
        keys=Path(environment.get("HEJIE_KEYS") or data / "keys").absolute(),
        host=environment.get("HEJIE_HOST") or "127.0.0.1",
        port=_whole(environment, "HEJIE_PORT", 8000, (0, 65535), faults),
        **telegram,
        tick_seconds=_whole(environment, "HEJIE_TICK_SECONDS", 20, (1, 3600), faults),
        wechat=_wechat(environment, faults),
        operator=environment.get("HEJIE_OPERATOR") or "本乡镇人民调解委员会",
        public_url=_address(environment.get("HEJIE_PUBLIC_URL") or "", faults),
        draft_days=_whole(environment, "HEJIE_DRAFT_DAYS", 30, (1, 3650), faults),
        chat_days=_whole(environment, "HEJIE_CHAT_DAYS", 180, (1, 3650), faults),
        audit_days=_whole(environment, "HEJIE_AUDIT_DAYS", 1095, (183, 3650), faults),
    )
    if faults:
        raise SettingsFaults("\n".join(faults))
    return settings


def _wechat(environment: Mapping[str, str], faults: list[str]) -> WeChatAccount | None:
    given = {name: environment[name] for name in WECHAT if environment.get(name)}
    missing = [name for name in WECHAT if name not in given]
    if given and missing:
        faults.append(f"{', '.join(missing)}: WeChat needs all of its settings, or none")
    wrong = [name for name, value in given.items() if not re.fullmatch(WECHAT[name], value)]
    if wrong:
        faults.append(f"{', '.join(wrong)}: copy anew from 公众平台, 设置与开发, 基本配置")
    return WeChatAccount(*given.values()) if given and not missing and not wrong else None


def _address(text: str, faults: list[str]) -> str:
    address = urlsplit(text)
    is_here = address.scheme == "http" and address.hostname in {"localhost", "127.0.0.1"}
    is_usable = address.hostname and (address.scheme == "https" or is_here) and not address.query
    if text and not is_usable:
        faults.append(
            "HEJIE_PUBLIC_URL: must begin with https://, for example https://hejie.example"
        )
    return text.rstrip("/")


def _telegram(environment: Mapping[str, str], faults: list[str]) -> dict[str, str | None]:
    """Return token, webhook and secret; in production Telegram must be switched on by name."""
    token = environment.get("HEJIE_TELEGRAM_TOKEN") or None
    if token is not None and not TOKEN.fullmatch(token):
        faults.append("HEJIE_TELEGRAM_TOKEN: looks like 123456:ABC...; copy it from @BotFather")
    profile = environment.get("HEJIE_PROFILE") or "development"
    if profile not in {"development", "production"}:
        faults.append("HEJIE_PROFILE: must be development or production")
    switch = environment.get("HEJIE_TELEGRAM") or ""
    if switch not in {"", "on", "off"}:
        faults.append("HEJIE_TELEGRAM: must be on or off")
    if token is not None and profile == "production" and not switch:
        faults.append(
            "HEJIE_TELEGRAM: in production Telegram is off, since what people say by it leaves the "
            "country; set HEJIE_TELEGRAM=on if that is wanted, or take HEJIE_TELEGRAM_TOKEN away"
        )
    webhook, secret = _webhook(environment, faults)
    return {
        "telegram_token": token if switch != "off" else None,
        "telegram_webhook": webhook,
        "telegram_secret": secret,
    }


def _webhook(environment: Mapping[str, str], faults: list[str]) -> tuple[str | None, str | None]:
    webhook = environment.get("HEJIE_TELEGRAM_WEBHOOK") or None
    secret = environment.get("HEJIE_TELEGRAM_SECRET") or None
    if webhook is None:
        return None, secret
    address = urlsplit(webhook)
    if address.scheme != "https" or not address.hostname or address.path != WEBHOOK_PATH:
        faults.append(
            f"HEJIE_TELEGRAM_WEBHOOK: must be like https://hejie.example.cn{WEBHOOK_PATH}, "
            "led to this port by the proxy that holds the certificate"
        )
    if secret is None or not SECRET.fullmatch(secret):
        faults.append(
            "HEJIE_TELEGRAM_SECRET: 24 to 256 letters, digits, _ or -; make one with "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return webhook, secret


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
