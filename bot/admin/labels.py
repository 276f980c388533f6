"""What the console calls things."""

from __future__ import annotations

from collections.abc import Mapping

CHANNELS: Mapping[str, str] = {"webchat": "网页", "terminal": "终端", "telegram": "Telegram"}
STAGES: Mapping[str, str] = {
    "applied": "已申请",
    "session_booked": "已约调解",
    "agreed": "已达成协议",
    "breached": "没有履行",
    "performed": "履行完毕",
    "no_agreement": "调解不成",
    "other_side_refused": "对方不愿调解",
    "withdrawn": "已撤回",
    "safety_hold": "安全暂停",
    "archived": "已归档",
}
TALK: Mapping[str, str] = {
    "notice": "等待同意",
    "telling": "听经过",
    "proposing": "选类型",
    "asking": "问要素",
    "reading_back": "核对",
    "choosing_kind": "选见面方式",
    "choosing_slot": "选时间",
    "confirming": "确认",
    "resting": "无待办",
    "held": "安全暂停",
}
FLAGS: Mapping[str, str] = {
    "now": "正在发生",
    "dv": "家庭暴力",
    "child": "未成年人",
    "self_harm": "自伤",
    "harm_others": "伤人",
    "neglect": "无人照料",
    "mass": "人多",
    "hazard": "危险地点",
}
INTENTS: Mapping[str, str] = {
    "dispute": "说纠纷",
    "greet": "打招呼",
    "legal_question": "问法律",
    "service_question": "问怎么办事",
    "case_status": "查进度",
    "book": "约时间",
    "reschedule": "改时间",
    "cancel": "取消",
    "followup_answer": "答回访",
    "human_agent": "找真人",
    "privacy_request": "问个人信息",
    "refuse_mediation": "不愿调解",
    "change_mediator": "换调解员",
    "proxy_speaker": "替别人说",
    "thanks_bye": "道谢告别",
    "smalltalk": "闲聊",
    "abuse": "骂人",
    "out_of_scope": "不归我们",
    "admin_petition": "告公家",
    "crime_fraud": "涉嫌犯罪",
}
TASKS: Mapping[str, str] = {
    "safety": "安全：马上联系",
    "person_wanted": "要找真人",
    "phone": "打电话",
    "urge": "督促履行",
    "escalation": "报上一级",
    "no_slot": "没有空闲时间",
    "not_reached": "消息送不到",
    "message_not_taken": "有消息没处理成",
    "follow_up_not_fired": "回访没发出去",
    "voice_note": "听语音，打回去",
    "evidence": "发来了材料",
    "location": "发来了位置",
    "hand_over_invitation": "把邀请交给对方",
    "ended_in_danger": "有危险时结束的，由人转告",
    "wrong_codes": "有人在试邀请码",
    "privacy": "个人信息请求",
    "alert": "提醒",
}
KINDS: Mapping[str, str] = {
    "walk_in": "坐班门诊",
    "visit": "进村出诊",
    "phone": "电话",
    "video": "视频",
    "home_recheck": "上门复诊",
}
BOOKINGS: Mapping[str, str] = {
    "booked": "已约",
    "held": "已进行",
    "missed": "没有来",
    "cancelled": "已取消",
}
ACTS: Mapping[str, str] = {
    "set_up": "设置密码",
    "sign_in": "登录",
    "sign_in_failed": "登录失败",
    "sign_out": "退出",
    "transcript": "查看谈话",
    "evidence": "取走材料",
    "task_done": "办完任务",
    "invited": "开出邀请",
    "taught": "纠正理解",
}
ACTORS: Mapping[str, str] = {
    "citizen": "当事人",
    "applicant": "申请人",
    "respondent": "被申请人",
    "mediator": "调解员",
    "scheduler": "程序",
    "safety": "安全规则",
}
NOTES: Mapping[str, str] = {
    "applied": "申请登记",
    "contact_agreed": "同意联系对方",
    "contact_refused": "不要联系对方",
    "invited": "开出邀请",
    "invitation_taken": "对方用了邀请",
    "changed": "更正或补充",
    "session_booked": "约定调解",
    "session_cancelled": "取消调解时间",
    "agreed": "达成协议",
    "recheck_booked": "安排上门复诊",
    "recheck_held": "上门复诊完成",
    "recheck_missed": "上门复诊没见到人",
    "answered_kept": "回答：做到了",
    "answered_partly": "回答：做到一部分",
    "answered_not_kept": "回答：没做到",
    "answered_disputed": "回答：有争议",
    "held": "安全暂停",
    "released": "解除暂停",
    "withdrawn": "撤回",
    "other_side_refused": "对方不愿调解",
}
EVERYTHING: Mapping[str, Mapping[str, str]] = {
    "channels": CHANNELS,
    "stages": STAGES,
    "talk": TALK,
    "flags": FLAGS,
    "intents": INTENTS,
    "tasks": TASKS,
    "kinds": KINDS,
    "bookings": BOOKINGS,
    "acts": ACTS,
    "actors": ACTORS,
    "notes": NOTES,
}
