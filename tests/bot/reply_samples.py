"""Data of the shape the code gives, for every reply template that speaks of something."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from bot.dialogue.events import InfoReady, StatusFound
from bot.render import Renderer
from domain.calendar import LOCAL
from domain.catalogue import Body, Catalogue, Choice, Closed, DisputeSheet, Fact, MediationKind
from domain.deadline import load_deadlines
from domain.facts import FactKind, FactValue
from domain.services.privacy import Erased, Reading
from domain.session import SessionBooking, SessionKind

NOW = datetime(2026, 11, 23, 10, tzinfo=LOCAL)
STARTS = datetime(2026, 11, 25, 15, tzinfo=LOCAL)
DEADLINES = load_deadlines([])
NUMBER = 2026000015
NUMBERS = {"110", "119", "120", "122", "12345", "12348", "12338", "12355", "12356"}

SUM = Fact("amount", FactKind.AMOUNT, "欠多少", "一共欠多少钱？", "为了知道要谈多少。")
SINCE = Fact("since", FactKind.DATE, "哪天开始", "从哪天开始欠的？", "为了算期限。")
WHO = Fact("respondent", FactKind.TEXT, "对方", "对方是谁？", "为了找到对方。")
CONTRACT = Fact(
    "contract",
    FactKind.YES_NO,
    "有没有合同",
    "签过合同吗？",
    "为了知道凭什么谈。",
    (Choice("yes", "有"), Choice("no", "没有")),
)
WAGES = DisputeSheet(
    "labour_wage",
    "拖欠工资",
    "欠工钱",
    ("劳动争议",),
    MediationKind.PEOPLE,
    (),
    (
        Body("劳动仲裁委员会", "申请劳动仲裁"),
        Body("法律援助中心", "申请法律援助", "12348"),
    ),
    (SUM, SINCE, WHO, CONTRACT),
    (),
    ("考勤或工友证明", "聊天和转账记录"),
    "",
    ("DL-05", "DL-05f"),
    (),
    {fact.name: fact for fact in (SUM, SINCE, WHO, CONTRACT)},
)
CATALOGUE = Catalogue({"labour_wage": WAGES}, DEADLINES)
RENDERER = Renderer(CATALOGUE)

BOOKING = SessionBooking(1, NUMBER, "m1", SessionKind.WALK_IN, STARTS, 60, "兴街镇综治中心")
MEETING: dict[str, Any] = {"booking": BOOKING, "mediator": "李四", "phone": "13800000000"}
OWED = FactValue(FactKind.AMOUNT, [3500000, 3500000], "三万五")
PROMISED = {"number": NUMBER, "due_on": "2026-12-31", "amount_fen": 500000, "instalment": 1}
IN_COURT = Closed(
    "prior", frozenset({"court"}), "法院已经立案的事，这里不能再调", "受理的法院", "DL-05b"
)


def status(stage: str, booking: SessionBooking | None = None) -> StatusFound:
    """Return how a case stands at a stage."""
    return StatusFound("status", NUMBER, stage, "labour_wage", booking, "m1", "李四", "13800000000")


SAMPLES: dict[str, dict[str, Any]] = {
    "type_taken": {"label": "拖欠工资", "reasons": ("老板欠", "工钱")},
    "type_choices": {"reasons": ("老板欠", "工钱")},
    "ask_fact": {"question": SUM.question, "why": SUM.why},
    "not_read": {"why": "no_amount", "kind": "amount", "number": None},
    "my_info": {"ready": InfoReady("A" * 22, "webchat", 12, 1, 2)},
    "in_danger": {"is_told": True},
    "readers": {"readings": (Reading(NOW, "人民调解员", "李四"), Reading(NOW, "staff")), "more": 3},
    "confirm_erase": {"has_case": True},
    "erased": {"erased": Erased((NUMBER,), (NUMBER + 1,))},
    "consent_revoked": {"has_case": True},
    "left_open": {"label": "欠多少"},
    "moved_here": {"at": NOW},
    "evidence_kept": {"kind": "photo"},
    "evidence_refused": {"kind": "photo", "why": "too_large"},
    "upload_link": {"url": "https://hejie.example.cn/e/abc"},
    "evidence_held": {"is_kept": True},
    "may_ask": {"kind": "health", "why": "知道伤情，才好谈赔偿。"},
    "confirm_place": {
        "place": {
            "prefecture": "文山壮族苗族自治州",
            "county": "西畴县",
            "township": None,
            "village": None,
        }
    },
    "corrected": {
        "label": "有没有合同",
        "fact": CONTRACT,
        "value": FactValue(FactKind.YES_NO, "no", "没签"),
    },
    "read_back": {
        "label": "拖欠工资",
        "rows": [
            ("欠多少", SUM, OWED),
            ("哪天开始", SINCE, FactValue(FactKind.DATE, "2026-03", "三月份", approx=True)),
            ("有没有合同", CONTRACT, FactValue(FactKind.YES_NO, "no", "没签")),
            ("对方", WHO, None),
        ],
        "story": "老板欠我工资\n三万五",
    },
    "not_for_mediation": {
        "label": "拖欠工资",
        "closed": IN_COURT,
        "deadline": DEADLINES["DL-05b"],
        "now": NOW,
    },
    "case_opened": {"number": NUMBER},
    "slots_offered": {"kind": "walk_in", "wished": False},
    "nobody_free": {"number": NUMBER},
    "session_booked": MEETING,
    "session_moved": MEETING,
    "what_to_bring": {"type": "labour_wage"},
    "session_given_back": {"number": NUMBER, "is_invited": False},
    "invited": {
        "number": NUMBER,
        "type": "labour_wage",
        "mediator": "李四",
        "phone": "13800000000",
    },
    "ask_side": {"what": "account"},
    "code_not_taken": {"why": "over"},
    "told_booked": {"number": NUMBER, **MEETING, "moved": True},
    "told_called_off": {"number": NUMBER},
    "told_ended": {"number": NUMBER},
    "invitation": {
        "place": "西畴县",
        "code": "K7M4-X2W9",
        "until": date(2026, 12, 7),
        "mediator": "李四",
        "phone": "13800000000",
        "address": "https://example.test/i/K7M4X2W9",
    },
    "no_session_now": {"number": NUMBER},
    "case_status": {"status": status("session_booked", BOOKING), "label": "拖欠工资"},
    "case_withdrawn": {"number": NUMBER},
    "other_side_refused": {"number": NUMBER},
    "remedies": {"number": NUMBER, "type": "labour_wage", "now": NOW},
    "at_rest": {"number": NUMBER},
    "case_changed": {"number": NUMBER},
    "law_answer": {"label": "拖欠工资", "deadlines": [DEADLINES["DL-05"]], "now": NOW},
    "session_tomorrow": {"number": NUMBER, "dispute_type": "labour_wage", **MEETING},
    "session_soon": {"number": NUMBER, "dispute_type": "labour_wage", **MEETING},
    "due_in_three_days": PROMISED,
    "due_today": PROMISED,
    "due_yesterday": PROMISED,
    "check_week": {"number": NUMBER, "dispute_type": "labour_wage"},
    "check_quarter": {"number": NUMBER, "dispute_type": "labour_wage"},
    "home_recheck": {
        "number": NUMBER,
        "dispute_type": "labour_wage",
        **MEETING,
        "booking": SessionBooking(2, NUMBER, "m1", SessionKind.HOME_RECHECK, STARTS, 60, "兴街镇"),
    },
    "confirm_day_20": {"number": NUMBER, "last_day": "2026-12-31"},
    "confirm_day_27": {"number": NUMBER, "last_day": "2026-12-31"},
}


def said(name: str, **changes: object) -> list[str]:
    """Return the lines of a reply with its sample data, some of it changed."""
    return RENDERER.reply(name, SAMPLES.get(name, {}) | changes).splitlines()
