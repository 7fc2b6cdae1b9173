"""Error pages that pretend to be good ones: servers send them with status 200."""

from __future__ import annotations

import re

#: Longer lines are text, not headings.
_HEADING = 100
_WORDS = (
    r"page (?:was |could )?not (?:be )?found|not found\b|(?:error|http|status)\W{0,3}[45]\d\d\b|[45]\d\d\W{0,3}(?:error|not found|forbidden|bad|service|internal|gateway)"
    r"|(?:access|permission) (?:was )?denied|forbidden\b|service (?:temporarily )?unavailable|temporarily (?:unavailable|down|offline)"
    r"|(?:under|down for|undergoing) (?:scheduled )?maintenance|maintenance (?:mode|in progress)|bad gateway|gateway time-?out"
    r"|internal server error|too many requests|just a moment|attention required|checking your browser|are you (?:a )?(?:human|robot)"
    r"|verify (?:that )?you are (?:a )?human|enable javascript|javascript is (?:disabled|required)|(?:sign|log) ?in\b|session (?:has )?expired"
    r"|something went wrong|an error (?:has )?occurred|unexpected error|seite (?:wurde )?nicht gefunden|wartungsarbeiten|zugriff verweigert"
    r"|page (?:introuvable|non trouvée)|accès refusé|site en maintenance|página no encontrada|acceso denegado|en mantenimiento"
    r"|página não encontrada|acesso negado|em manutenção|страница не найдена|доступ запрещ|технические работы"
    r"|页面不存在|页面未找到|找不到(?:页面|该页)|无法(?:访问|找到)|访问被拒绝|系统维护|网站维护|服务器(?:错误|内部错误)|系统繁忙|出错了"
    r"|ページが見つかりません|アクセスが拒否|メンテナンス中|페이지를 찾을 수 없|접근이 거부|점검 ?중"
)
_ERROR = re.compile(
    rf"\W{{0,5}}(?:the |this |we(?:'| a)re |sorry,? |oops\W{{0,3}}|error\W{{0,3}}|[45]\d\d\W{{1,3}}){{0,3}}(?:{_WORDS})|[45]\d\d\W*\Z|error\W*\Z",
    re.IGNORECASE,
)


def is_error(heading: str) -> bool:
    """Return True if *heading*, a title or a short line, is that of an error page, a login or a check for robots."""
    return len(heading) <= _HEADING and _ERROR.match(heading.strip()) is not None
