"""Bodies with which services say that a destination is gone or that we may not write there, whatever the status is.

Facts of a JSON body (`name=value` in lower case) or a whole short text are compared. A part of a longer text is never
compared, because it could be an echo of our own message.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tocsin.model.deliveries import ErrorClass

#: A longer wait is a mistake or malice. The policy cuts it even shorter.
MOST_WAIT = timedelta(days=1)
_LONGEST = 200
_DEEPEST = 5
#: Most facts of one body that are compared.
_MOST_FACTS = 100

#: Members that ask for a pause, and their units in seconds.
_PAUSES = {"retry_after": 1, "retry_after_ms": 0.001, "retryAfterSeconds": 1, "retryDelay": 1}

_GONE = """
    code=10003 code=10015 code=50027
    no_service no_team no_active_hooks team_disabled team_not_found
    code=workflownotfound code=workflowtriggernotfound code=workflowtriggerisnotenabled code=workflowdisabled
    code=flownotfound code=flowsuspended code=flowdisabled code=resourcenotfound
    errcode=300005 errcode=93000 code=19001
    id=web.incoming_webhook.invalid.app_error id=web.incoming_webhook.channel.app_error
    id=web.incoming_webhook.disabled.app_error id=web.incoming_webhook.user.app_error
"""
_AUTH = """
    code=40001 code=50001 code=50013 code=220001 code=220003
    invalid_auth invalid_token token_revoked token_expired account_inactive not_authed missing_scope no_permission
    org_login_required ekm_access_denied action_prohibited posting_to_general_channel_denied restricted_action
    token=invalid
    code=directapiauthorizationrequired code=directapiinvalidauthorizationscheme code=invalidauthenticationtoken
    code=authenticationfailed code=authorizationfailed code=mismatchingoauthclaims code=unauthorized
    reason=api_key_invalid reason=api_key_service_blocked status=unauthenticated status=permission_denied
    errcode=m_unknown_token errcode=m_missing_token errcode=m_user_deactivated errcode=m_user_locked
    errcode=m_guest_access_forbidden
    code=10001 code=20003 code=20005 code=21212 code=21408 code=21603 code=21606 code=21659 code=21660 code=21703
    code=40101 code=40301 code=190 code=invalid_api_key
    errcode=310000 code=19021
"""
_NOBODY = """
    channel_not_found is_archived channel_is_archived user_not_found user_disabled not_in_channel cannot_dm_bot
    user_is_bot messages_tab_disabled
    user=invalid device=invalid
    code=21211 code=21214 code=21217 code=21219 code=21610 code=21612 code=21614 code=63003 code=63024 code=131026
    code=131030
    code=40009 code=40010
    errcode=m_not_found
    code=stream_does_not_exist error=error-invalid-room error=error-room-not-found errorcode=unregistered
"""
_KNOWN = {
    fact: kind
    for kind, facts in ((ErrorClass.GONE, _GONE), (ErrorClass.AUTH, _AUTH), (ErrorClass.NOBODY, _NOBODY))
    for fact in facts.split()
}
#: Whole sentences of Telegram, Pushover, Google Chat and Signal.
_SENTENCES = (
    (
        ErrorClass.NOBODY,
        re.compile(
            r"((bad request|forbidden): )?"
            r"(chat not found|user not found|chat_id is empty|peer_id_invalid|input_user_deactivated"
            r"|(group|channel|chat)( chat)? was (upgraded to a supergroup chat|deactivated|deleted)"
            r"|group chat is deactivated|user is deactivated|user is bot"
            r"|bot was (blocked by the user|kicked from the (group|supergroup|channel)( chat)?)"
            r"|bot is not a (member|participant) of the (group|supergroup|channel)( chat)?"
            r"|bot can'?t (initiate conversation with a user|send messages to (bots|the user))"
            r"|message thread not found|topic_(closed|deleted)"
            r"|chat_(write|send_plain)_forbidden|have no rights to send a message"
            r"|not enough rights to send (text )?messages( to the chat)?"
            r"|need administrator rights in the channel chat)"
        ),
    ),
    (ErrorClass.NOBODY, re.compile(r"user (identifier|key) is (not|in)[ a-z]*valid[^\n]*")),
    (ErrorClass.NOBODY, re.compile(r"(failed to send message: )?unregistered user[^\n]*")),
    (ErrorClass.AUTH, re.compile(r"application token is invalid[^\n]*|api key not valid[^\n]*")),
    (ErrorClass.GONE, re.compile(r"(unknown webhook|invalid webhook token|invalid webhook)")),
)


def meant(body: bytes) -> ErrorClass | None:
    """Return what *body* says about its destination: GONE, AUTH, or NOBODY for one recipient. None if nothing."""
    found = [_class(fact) for fact in _facts(body)]
    return next((kind for kind in (ErrorClass.GONE, ErrorClass.AUTH, ErrorClass.NOBODY) if kind in found), None)


def moved_to(body: bytes) -> str:
    """Return the new id of a Telegram group that was migrated. Empty if there is none."""
    match content(body):
        case {"parameters": {"migrate_to_chat_id": int() as number}} if abs(number) < 10**18:
            return str(number)
    return ""


def wait(body: bytes) -> timedelta | None:
    """Return the pause that *body* asks for, at most a day. Discord, Telegram, Matrix and Google put it there."""
    said = content(body)
    if not isinstance(said, dict):
        return None
    inner = [part for name in ("parameters", "error") if isinstance(part := said.get(name), dict)]
    details = [one for part in inner if isinstance(some := part.get("details"), list) for one in some[:_MOST_FACTS]]
    spans = [
        _span(part.get(name), unit)
        for part in (said, *inner, *(one for one in details if isinstance(one, dict)))
        for name, unit in _PAUSES.items()
    ]
    return max((span for span in spans if span is not None), default=None)


def content(body: bytes) -> Any:
    """Return the JSON value of *body*, or None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _class(fact: str) -> ErrorClass | None:
    name, _, value = fact.rpartition("=")
    known = _KNOWN.get(fact) or (_KNOWN.get(value) if name in ("", "error") else None)
    return known or next((kind for kind, pattern in _SENTENCES if pattern.fullmatch(value.rstrip("."))), None)


def _facts(body: bytes) -> Iterator[str]:
    """Yield `name=value` of the members of a JSON body, or the whole of a short text, in lower case."""
    value = content(body)
    if value is None:
        text = body[:_LONGEST].decode("utf-8", "replace").strip().lower()
        return iter([text] if len(body) < _LONGEST else [])
    return (fact for fact, _ in zip(_members("", value, _DEEPEST), range(_MOST_FACTS), strict=False))


def _members(name: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, dict) and depth:
        for key, member in value.items():
            yield from _members(key.lower(), member, depth - 1)
    elif isinstance(value, list) and depth:
        for member in value:
            yield from _members(name, member, depth - 1)
    elif isinstance(value, str) and len(value) <= _LONGEST:
        yield f"{name}={value.strip().lower()}"
    elif isinstance(value, int):
        yield f"{name}={value}"


def _span(value: Any, unit: float) -> timedelta | None:
    """Return a number of *unit* seconds, also as text like `30s`, as a span. None if it is negative or absurd."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?s?", value):
        value = float(value.rstrip("s"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value) * unit
    except OverflowError:
        return None
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return timedelta(seconds=min(seconds, MOST_WAIT.total_seconds()))
