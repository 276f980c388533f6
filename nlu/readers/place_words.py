"""The words around a name that make it a place, or keep it from being one."""

from __future__ import annotations

import re

# Names that are also ordinary words stand for a place only inside a longer address.
_WORDS = (
    "安宁 弥勒 西山 古城 麒麟 大关 河口 富民 盘龙 永平 祥云 五华 石林 永善 威信 永胜 "
    "永德 水富 江城 通海 马龙 双江 玉龙 新平 官渡 红塔 开远 建水 东川 江川 华坪 团结 "
    "和平 光明 幸福 友谊 太平 平安 建设 解放 胜利 前进 红旗 东风 新城 老城 中心 大山 "
    "大河 小河 河边 河西 河东 旧城 城关 兴隆 永安 安乐 联合 黎明 健康 新华 东山 南山 "
    "平坝 大寨 老厂 新街 小街 大街 中和 仁和 板桥 龙潭 营盘 学校 石头 长征 民族 金山 "
    "永昌 太和 凤凰 北城 南城 东城 西城 田坝 松林 大庄 金江 福海 前卫 工业 农场 城区 "
    "大兴 中山 新安 安定 和谐 红星 向阳 新民 丰收 民主 自由 发展 大桥 三家 县城 街子 "
    "马街 牛街 羊街 鸡街 龙街 江边 大路 后山 路边 山后 水井 水塘 沙坝"
    " 水田 旱地 个旧 山地 农村 "
)
ORDINARY = frozenset(_WORDS.split())
# Full names of villages that are also what people say of any village.
ORDINARY_VILLAGES = frozenset(
    ("希望社区", "说全村", "车来村", "上游村", "下游村", "新农村", "文明村", "全村")
)
NOT_AFTER = {
    "大理": "石花",
    "普洱": "茶老熟生",
    "思茅": "松",
    "弥勒": "佛",
    "宣威": "火",
    "昭通": "苹",
    "红河": "水",
}
SEAT = re.compile(r"(?:在|住|从|到|去|来|回|克|是|我们|咱们|来自|往|搬到|嫁到|走)$")
SEATED = re.compile(
    r"(?:镇上|街上|乡上|那边|这边|这里|那里|那点|这点|赶街|赶集|的?人|打工|做工|干活|修路|上班|开店)|[，。,.!?！？、\s的]|$"
)
LINK = re.compile(r"(?:省|的|[，,、\s])?")
PROVINCE = re.compile(r"云南省?[，,\s]?$")
TAIL = re.compile(
    r"(?:民?委员?会|村委会?|居委会|委会)?(?:第?[一二三四五六七八九十0-9]{1,3}(?:村?小?组|社(?!区)|队)|"
    r"[^\s，。,的我他你]{1,4}(?:村民?小组|小组)|[^\s，。,的我他你在]{1,3}寨(?!子))?"
)
_UNLISTED = (
    r"(?!农村|乡镇|城中村|隔壁|邻|外村|某)"
    r"[^\s，。,！？!?我你他她它们这那全本各哪每一几在住是到去村了的老整某个上下照着返家年节回打]{2,6}?"
    r"(?:村(?!委|民|里|子)|寨(?!子)|屯|社区|小区|镇(?!上)|乡(?!镇|下|亲|里|村)|街道)"
)
FREE = re.compile(rf"(?:(?<![现正存])在|住|来自|我是)(?P<place>{_UNLISTED})")
# After 西畴县 also a village that the table does not list belongs to the address.
UNLISTED = re.compile(rf"(?<=[州县市区镇乡]){_UNLISTED}")
BEFORE_VILLAGE = re.compile(
    r"(?:^|[\s，。,、:!?！？；;]|在|住|从|到|去|来|回|克|是|们|家|自|往|给|嫁|搬|和|与)$"
)
SUFFIX = re.compile(r"[州市县区镇乡村寨屯街社]")
