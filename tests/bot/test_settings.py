from pathlib import Path

import pytest

from bot.settings import SettingsFaults, read_settings


def test_without_a_word_everything_is_kept_in_var_and_telegram_is_off():
    settings = read_settings({})

    assert settings.data == Path("var").absolute()
    assert settings.database_url == f"sqlite:///{settings.data / 'hejie.db'}"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.telegram_token is None


def test_a_plain_postgresql_address_is_taken():
    settings = read_settings({"HEJIE_DATABASE_URL": "postgresql://a:b@localhost/hejie"})

    assert settings.database_url == "postgresql+psycopg://a:b@localhost/hejie"


def test_all_faults_are_told_at_once_with_name_and_fix():
    with pytest.raises(SettingsFaults) as told:
        read_settings(
            {
                "HEJIE_DATABASE_URL": "mysql://x",
                "HEJIE_PORT": "eighty",
                "HEJIE_TELEGRAM_TOKEN": "nonsense",
                "HEJIE_COLOUR": "red",
                "PATH": "/bin",
            }
        )

    lines = str(told.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "HEJIE_COLOUR",
        "HEJIE_DATABASE_URL",
        "HEJIE_TELEGRAM_TOKEN",
        "HEJIE_PORT",
    ]
