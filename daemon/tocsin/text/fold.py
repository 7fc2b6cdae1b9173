"""Folding: the one form in which words are compared.

NFKC, casefold, all apostrophes to the straight one, soft hyphens and zero-width characters out, traditional Han to
simplified (unless the text has kana or is marked as Japanese). Letters that one language writes in two ways become one:
Turkish i with and without its dot, Russian ё and е, Greek with and without accents (its capitals have none), Arabic with and
without vowels. Marks on other Latin letters stay; `unmarked` removes them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# The traditional characters in use in news of trade, policy, metals and markets, each before its simplified form; not the whole
# standard. A missing pair costs the match of a traditional word, a wrong pair gives a false match, so all are one to one.
_PAIRS = """
鎵镓 鍺锗 銻锑 鎢钨 鉬钼 鉍铋 銦铟 鎳镍 鈷钴 鋰锂 鈾铀 鈦钛 鎂镁 錳锰 銅铜 鋁铝 鋅锌 鉛铅 錫锡 銀银 鈀钯 鉑铂 釔钇 鈧钪 鑭镧 鈰铈 鐠镨 釹钕 釤钐 銪铕
釓钆 鋱铽 鏑镝 鈥钬 鉺铒 銩铥 鐿镱 鑥镥 鈮铌 鉭钽 錸铼 鉿铪 鋯锆 釩钒 鉻铬 鈹铍 銣铷 銫铯 鎘镉 鐵铁 鋼钢 礦矿 鹽盐 鑽钻 錠锭 鍛锻 鑄铸 鈉钠 鉀钾 鈣钙
貿贸 易易 關关 稅税 進进 禁禁 暫暂 實实 對对 華华 國国 輸输 運运 許许 證证 審审 術术 業业 產产 備备 裝装 電电 動动 車车 機机 廠厂 開开 發发 銷销 購购
買买 賣卖 價价 錢钱 資资 債债 貸贷 賠赔 賬账 貨货 幣币 匯汇 漲涨 縮缩 減减 擴扩 張张 東东 歐欧 協协 議议 約约 談谈 條条 項项 規规 範范 標标 準准 則则
執执 務务 員员 會会 總总 統统 黨党 軍军 戰战 艦舰 導导 彈弹 衛卫 網网 絡络 數数 據据 訊讯 報报 聞闻 記记 製制 造造 極极 應应 該该 當当 與与 為为 於于
從从 來来 個个 們们 這这 還还 後后 間间 時时 長长 門门 問问 題题 點点 線线 級级 經经 濟济 際际 環环 節节 領领 須须 願愿 類类 額额 顯显 風风 飛飞 馬马
駐驻 驗验 驟骤 體体 魚鱼 鮮鲜 鳥鸟 麥麦 黃黄 齊齐 齒齿 龍龙 龜龟 區区 醫医 優优 億亿 僅仅 傳传 傷伤 償偿 儲储 內内 兩两 冊册 凍冻 凱凯 別别 創创 劃划
劇剧 劍剑 劑剂 勁劲 勞劳 勢势 勵励 勸劝 匱匮 單单 壓压 厲厉 參参 雙双 變变 啟启 嚴严 團团 園园 圍围 圓圆 圖图 執执 堅坚 場场 塊块 壟垄 壞坏 壯壮 處处
夠够 夢梦 奪夺 奮奋 婦妇 孫孙 學学 寧宁 寶宝 將将 專专 尋寻 屆届 層层 屬属 島岛 嶺岭 幫帮 幹干 庫库 廣广 廢废 廳厅 強强 彙汇 徑径 復复 徵征 德德 憂忧
態态 慮虑 憑凭 懸悬 戲戏 戶户 拋抛 掃扫 採采 揚扬 換换 損损 搖摇 搶抢 擁拥 擇择 擊击 擋挡 擔担 擬拟 擾扰 攔拦 敗败 敵敌 斷断 舊旧 曆历 朧胧 條条 棄弃
業业 楊杨 構构 槍枪 樂乐 樓楼 樣样 橋桥 檔档 檢检 權权 歲岁 歷历 歸归 殘残 殺杀 氣气 決决 沒没 況况 洩泄 涼凉 淚泪 淺浅 測测 渾浑 湯汤 溫温 滅灭 滿满
漁渔 潔洁 潤润 濱滨 災灾 無无 煉炼 煙烟 熱热 燈灯 爭争 爾尔 牆墙 獎奖 獨独 獲获 現现 瑪玛 畢毕 畫画 異异 療疗 癥症 盜盗 監监 盤盘 礎础 禮礼 離离 種种
稱称 穩稳 窮穷 競竞 筆笔 籌筹 簡简 簽签 糧粮 約约 紀纪 納纳 純纯 紙纸 紛纷 細细 終终 組组 結结 絕绝 給给 統统 絲丝 經经 綠绿 維维 綱纲 緊紧 緒绪 編编
緩缓 練练 縣县 績绩 織织 繞绕 繼继 續续 罰罚 罷罢 義义 習习 聖圣 聯联 聲声 職职 肅肃 脅胁 腦脑 臨临 舉举 艱艰 藥药 蘇苏 蘭兰 號号 虧亏 補补 複复 見见
觀观 覽览 觸触 計计 訂订 認认 討讨 訓训 託托 訪访 設设 評评 試试 詢询 話话 詳详 誤误 說说 誰谁 課课 調调 請请 論论 諾诺 謀谋 講讲 謝谢 識识 譯译 護护
讀读 讓让 負负 財财 責责 販贩 貧贫 貴贵 費费 質质 賴赖 贏赢 趙赵 跡迹 踐践 躍跃 軟软 較较 載载 輕轻 輛辆 輝辉 輪轮 轉转 轟轰 辦办 農农 遞递 遠远 適适
遲迟 遷迁 選选 遺遗 邊边 鄉乡 鄭郑 鄰邻 醬酱 釋释 針针 鈔钞 銳锐 錄录 鎖锁 鎮镇 鏈链 鐘钟 鑒鉴 閉闭 閣阁 閱阅 隊队 階阶 陸陆 陽阳 陰阴 險险 隨随 隱隐
雖虽 雜杂 難难 雲云 靈灵 靜静 頁页 頂顶 順顺 預预 頒颁 頓顿 頭头 頻频 顆颗 顧顾 飲饮 餘余 駁驳 騙骗 驅驱 鬆松 鬥斗 鬧闹 黑黑 達达 過过 違违 遭遭 邏逻
盧卢 賽赛 澤泽 濃浓 滯滞 灣湾 韓韩 緬缅 紐纽 羅罗 薩萨 贊赞 剛刚 獻献 鍵键 磁磁 燒烧 結结 釘钉 鋪铺 銘铭 鋒锋 錯错 鏡镜 鐳镭 鈽钚 釷钍 鍶锶 鋇钡 鉈铊
寬宽 佈布 檻槛 銠铑 銥铱 釕钌 鋨锇 並并 暢畅 撥拨 擱搁 訴诉 贈赠 陳陈 親亲 視视 覺觉 豐丰 貳贰 賺赚 軌轨 鑲镶 闊阔 養养 驚惊 鹼碱 龐庞 掛挂 營营 爐炉 牽牵 犧牺 狀状 盡尽 碼码 確确
積积 糾纠 縱纵 繳缴 腳脚 興兴 莊庄 萬万 蟲虫
"""
#: For `str.translate`: traditional Han characters to simplified ones.
SIMPLIFIED = {ord(pair[0]): pair[1] for pair in _PAIRS.split() if pair[0] != pair[1]}


#: Characters typed as an apostrophe: curly and reversed quotes, a prime, an acute and a grave accent.
APOSTROPHES = "'\u2019\u2018\u201b\u02bc\u2032\u00b4\uff07`"
_QUOTES = {ord(c): "'" for c in f"{APOSTROPHES}\u201a"} | {ord(c): '"' for c in "\u201c\u201d\u201e\u201f\u2033"}
_GONE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"), None)
_REPAIR = {**_QUOTES, **_GONE}


def _alike() -> Iterator[tuple[int, str | None]]:
    """Yield (code point, letter) of casefolded variants of a letter; None as the letter for a mark that is dropped."""
    yield from ((ord("\u0131"), "i"), (ord("\u0451"), "\u0435"))
    for point in (*range(0x370, 0x400), *range(0x1F00, 0x2000)):
        base = unicodedata.normalize("NFD", chr(point))[0]
        if chr(point).islower() and base != chr(point):
            yield point, base
    yield from ((point, None) for point in (0x640, *range(0x64B, 0x653), 0x670))


def _bases() -> Iterator[tuple[int, str | None]]:
    """Yield (code point, letter without its mark) of marked Latin letters; None as the letter for a combining mark."""
    yield from (
        (ord(c), base)
        for c, base in zip("\u00f8\u00d8\u0142\u0141\u0111\u0110\u0127\u0126\u0167\u0166", "oOlLdDhHtT", strict=True)
    )
    yield from ((0xE6, "ae"), (0xC6, "AE"), (0x153, "oe"), (0x152, "OE"), (0xF0, "d"), (0xD0, "D"))
    yield from ((point, None) for point in range(0x300, 0x370))
    for point in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(point))[0]
        if base.isascii():
            yield point, base


#: For `str.translate`, of casefolded text.
ALIKE = dict(_alike())
#: For `str.translate`: Latin letters without their marks.
BASES = dict(_bases())
_ALIKE_CHINESE = {**ALIKE, **SIMPLIFIED}
_DOTTED = "i\u0307"  # what casefolding makes of the Turkish capital
_KANA = re.compile("[\u3040-\u30ff\uff66-\uff9f]")


def repair(text: str) -> str:
    """Return NFKC with straight quotes and without soft hyphens and zero-width characters; case is kept."""
    if text.isascii():
        return text.replace("`", "'")
    return unicodedata.normalize("NFKC", text.translate(_REPAIR)).translate(_REPAIR)


def fold(text: str, *, japanese: bool = False) -> str:
    """Return *text* in the form in which words are compared.

    NFKC and casefolding do not commute, so the text is normalised on both sides (Unicode, section 3.13, D146).
    """
    if text.isascii():
        return text.lower().replace("`", "'")
    folded = unicodedata.normalize("NFKC", repair(text).casefold()).replace(_DOTTED, "i")
    return folded.translate(ALIKE if japanese else _ALIKE_CHINESE)


@lru_cache(maxsize=16384)
def unmarked(word: str) -> str:
    """Return *word* without the marks on its Latin letters: São is Sao, Ørsted is Orsted, Mærsk is Maersk."""
    return word if word.isascii() else word.translate(BASES)


def is_japanese(text: str, language: str = "") -> bool:
    """Return True if Han characters in *text* are Japanese: it has kana, or *language* (BCP 47) says so."""
    return language[:2] == "ja" or (not text.isascii() and _KANA.search(text) is not None)
