"""The command-line words about what is kept: its keys, and its end."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections import Counter

from bot.app import evidence_files, ready_writer, wall_clock
from bot.evidence.desk import purge as purge_files
from bot.purging import purge as purge_all
from bot.purging import terms_of, why, would_purge
from bot.settings import Settings
from storage.opening import note_keys, open_database
from storage.purging import RULES
from storage.resealing import in_use, reseal
from storage.sealing import (
    REREAD_SECONDS,
    Keyring,
    add_key,
    keep_only,
    seconds_since_change,
)

SETTLE_SECONDS = 2 * REREAD_SECONDS  # by then every process seals with the newest key


def keys(settings: Settings, wanted: Namespace) -> None:
    """Show the keys; make a new one and seal all anew; drop those that nothing needs."""
    engine = open_database(settings.database_url, settings.keys)
    keyring = Keyring(path=settings.keys)
    files = evidence_files(settings)
    try:
        if wanted.rotate:
            # Where an older key is still needed, an earlier rotation is to be ended first.
            if in_use(engine) | files.keys_in_use() <= {keyring.ids[-1]}:
                add_key(settings.keys)
            keyring = Keyring(path=settings.keys)
            note_keys(engine, keyring)
            _settle(settings)
            done = 0
            for count in reseal(engine, keyring):
                done += count
            _say(f"{done} rows sealed anew")
            _say(f"{files.seal_anew()} files sealed anew")
        if wanted.forget:
            _settle(settings)
            keep_only(settings.keys, {*in_use(engine), *files.keys_in_use(), keyring.ids[-1]})
            keyring = Keyring(path=settings.keys)
            note_keys(engine, keyring)
        needed = in_use(engine) | files.keys_in_use()
    finally:
        engine.dispose()
    for id_ in keyring.ids:
        seals = "seals" if id_ == keyring.ids[-1] else "opens"
        _say(f"key {id_}: {seals}{'' if id_ in needed else ', needed by nothing yet kept'}")


def purge(settings: Settings, wanted: Namespace) -> None:
    """Erase what has been kept long enough, or say what that would be."""
    now = wanted.now or wall_clock()
    writer = ready_writer(settings)
    terms = terms_of(settings)
    rows: dict[str, Counter[str]] = {rule: Counter() for rule in RULES}
    try:
        does = would_purge if wanted.dry_run else purge_all
        for purged in does(writer, terms, now):
            rows[purged.rule].update(purged.rows)
        files = 0 if wanted.dry_run else purge_files(writer, evidence_files(settings))
    finally:
        writer.close()
    for rule, counts in rows.items():
        told = ", ".join(f"{name} {number}" for name, number in counts.items()) or "nothing"
        _say(f"{rule}: {told} ({why(rule, settings)})")
    if not wanted.dry_run:
        _say(f"evidence: {files} files (no row speaks of them any more)")


def _settle(settings: Settings) -> None:
    """Wait until every process must have seen the newest key."""
    time.sleep(max(0.0, SETTLE_SECONDS - seconds_since_change(settings.keys)))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
