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


WECHAT = {
    "HEJIE_WECHAT_APP_ID": "wx0123456789abcdef",
    "HEJIE_WECHAT_SECRET": "0123456789abcdef0123456789abcdef",
    "HEJIE_WECHAT_TOKEN": "HejieTestToken",
    "HEJIE_WECHAT_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}


def test_wechat_needs_all_of_its_settings_and_shows_none_of_its_secrets():
    account = read_settings(WECHAT).wechat

    assert account is not None
    assert account.app_id == WECHAT["HEJIE_WECHAT_APP_ID"]
    assert not [value for value in list(WECHAT.values())[1:] if value in repr(account)]
    assert read_settings({}).wechat is None


@pytest.mark.parametrize("missing", list(WECHAT))
def test_of_wechats_settings_each_missing_one_is_named(missing):
    given = {name: value for name, value in WECHAT.items() if name != missing}

    with pytest.raises(SettingsFaults) as told:
        read_settings(given)

    assert str(told.value) == f"{missing}: WeChat needs all of its settings, or none"


def test_all_missing_settings_of_wechat_are_named_in_one_line():
    with pytest.raises(SettingsFaults) as told:
        read_settings({"HEJIE_WECHAT_TOKEN": "HejieTestToken"})

    names = str(told.value).partition(":")[0].split(", ")
    assert set(names) == set(WECHAT) - {"HEJIE_WECHAT_TOKEN"}


@pytest.mark.parametrize("wrong", list(WECHAT))
def test_a_setting_of_wechat_of_the_wrong_form_is_named_without_being_shown(wrong):
    with pytest.raises(SettingsFaults) as told:
        read_settings(WECHAT | {wrong: "not what it should be"})

    assert str(told.value).startswith(f"{wrong}: copy anew")
    assert "not what" not in str(told.value)
