"""Export rules in Chinese (both scripts) and Japanese: sixty headlines, and which way each of them goes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.model.entries import Entry
from tocsin.rules.ruleset import RuleSet

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULES = {"export-restriction", "export-easing"}

TIGHTER = [
    "商务部宣布对镓、锗实施出口管制",
    "中国决定禁止锑出口",
    "中国暂停稀土出口",
    "即日起对钨相关物项实施出口许可证管理",
    "商务部：加强石墨出口管制",
    "原则上不予许可锗对美国出口",
    "中国收紧稀土技术出口限制",
    "海关总署公告：限制铟出口",
    "印尼明年起禁止铝土矿出口",
    "刚果（金）暂停钴出口四个月",
    "中国将镝、铽列入出口管制清单",
    "稀土出口配额减半",
    "津巴布韦禁止锂矿石出口",
    "商務部宣布對鎵、鍺實施出口管制",
    "中國禁止銻出口",
    "中國暫停稀土出口",
    "北京加強石墨出口管制",
    "印尼將限制鎳礦出口",
    "中國收緊鎢出口許可證管理",
    "中国、ガリウムの輸出規制を強化",
    "中国がレアアースの輸出を禁止",
    "中国、黒鉛の輸出規制を導入",
    "中国政府、アンチモンの輸出を制限",
    "レアアース輸出を停止、中国当局",
    "インドネシア、ニッケル鉱石の輸出を禁止",
    "中国、タングステンの輸出管理を厳格化",
    "希土類の輸出規制、中国が拡大",
    "コンゴ、コバルトの輸出を停止",
    "中国、永久磁石の輸出許可制を導入",
    "リチウム鉱石の輸出を禁止へ ジンバブエ",
]
EASIER = [
    "中国暂停实施稀土出口管制",
    "商务部解除镓出口限制",
    "中国取消对锑的出口禁令",
    "商务部：恢复石墨出口",
    "中国放宽稀土出口管制",
    "中国批准稀土出口通用许可",
    "商务部发放首批稀土出口许可证",
    "印尼放宽镍矿出口限制",
    "刚果（金）解除钴出口禁令",
    "中国继续暂停锗出口管制措施",
    "对美国镓出口管制暂停实施一年",
    "中國暫停實施稀土出口管制",
    "商務部解除鎵出口限制",
    "中國放寬稀土出口管制",
    "中國恢復石墨出口",
    "北京取消銻出口禁令",
    "中國批准稀土磁材出口許可",
    "印尼解除鋁土礦出口禁令",
    "中国、レアアースの輸出規制を緩和",
    "中国がガリウムの輸出規制を解除",
    "中国、レアアース輸出を再開",
    "黒鉛の輸出規制を一時停止、中国",
    "中国、アンチモンの禁輸を解除",
    "インドネシア、ニッケル鉱石の輸出規制を緩和",
    "中国、永久磁石の輸出を許可",
    "希土類の輸出規制を撤廃へ 中国",
    "コンゴ、コバルトの輸出を再開",
    "中国、タングステンの輸出規制の実施を停止",
    "レアアースの輸出規制を1年延期、中国",
    "中国、ゲルマニウムの輸出禁止を解除",
]


def found(rules: RuleSet, title: str) -> set[str]:
    """Which of the two rules the headline meets."""
    entry = Entry(source="x", id="x", keys=(), title=title, first_seen=NOW, published=NOW, labels={})
    return RULES & {match.rule.id.rpartition("/")[2] for match in rules.evaluate(entry, NOW).matches}


@pytest.mark.parametrize("title", TIGHTER)
def test_a_curb_is_told_as_a_curb(rules: RuleSet, title: str) -> None:
    """Whoever reads only the alert must not think that it was lifted."""
    assert found(rules, title) == {"export-restriction"}


@pytest.mark.parametrize("title", EASIER)
def test_an_easing_is_told_as_an_easing(rules: RuleSet, title: str) -> None:
    """Whoever reads only the alert must not think that it was tightened."""
    assert found(rules, title) == {"export-easing"}
