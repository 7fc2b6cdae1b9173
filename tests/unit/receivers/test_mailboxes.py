"""Mail addresses as people write them."""

from __future__ import annotations

import pytest

from tocsin.receivers.mailboxes import mailboxes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a@example.org", [("", "a@example.org", "a@example.org")], id="one"),
        pytest.param("a@x.org,b+c@x.org; d@x.org e@x.org", [("", one, one) for one in ("a@x.org", "b+c@x.org", "d@x.org", "e@x.org")], id="several"),
        pytest.param('"Who, Ann" <a@x.org>,Jörg M<b@x.org>', [("Who, Ann", "a@x.org", "a@x.org"), ("Jörg M", "b@x.org", "b@x.org")], id="names"),
        pytest.param("desk@bücher.example", [("", "desk@bücher.example", "desk@xn--bcher-kva.example")], id="umlaut"),
        pytest.param("desk@BÜCHER.example", [("", "desk@BÜCHER.example", "desk@xn--bcher-kva.example")], id="capitals"),
        pytest.param("desk@稀土。中国", [("", "desk@稀土。中国", "desk@xn--udsp52f.xn--fiqs8s")], id="Chinese, with its own stop"),
        pytest.param("jo\u0308rg@example.org", [("", "jörg@example.org", "jörg@example.org")], id="a composed letter"),
        pytest.param("root@localhost", [("", "root@localhost", "root@localhost")], id="this machine"),
        pytest.param("", [], id="none"),
    ],
)  # fmt: skip
def test_an_address_has_the_form_of_people_and_that_of_servers(text: str, expected: list[tuple[str, str, str]]) -> None:
    """A domain in any script reaches every server; what stands before the @ stays as it is."""
    assert [(one.name, one.address, one.wire) for one in mailboxes(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "canary",
        "canary@",
        "@canary.example",
        "canary@exa mple.org",
        "canary@example..org",
        "canary@-example.org",
        "canary@bü\u202ecker.example",
        "canary@\u2024\u2024.example",
        "ca\u200bnary@example.org",
        "canary@example.org>\r\nRCPT TO:<x@y.org",
        "canary@" + "ü" * 64 + ".example",
        "canary@" + "longlabel." * 30 + "example",
        "c" * 65 + "@example.org",
        "<canary@example.org",
        "canary@[127.0.0.1]",
    ],
)
def test_what_is_no_address_is_refused_and_not_left_out(text: str) -> None:
    """A reader who is left out in silence would wait for an alert in vain; the words hold nothing of a secret."""
    with pytest.raises(ValueError, match=r"mail address number [23] in this list (is no|has a domain)") as caught:
        mailboxes(f"desk@example.org,{text}")
    assert "canary" not in str(caught.value)
