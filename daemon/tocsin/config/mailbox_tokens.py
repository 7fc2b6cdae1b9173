"""Access tokens of folders of mail, from the same logins as those of receivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.config.logins import OAuthConfig, make_login
from tocsin.errors import Fault, SourceError
from tocsin.model.deliveries import ErrorClass

if TYPE_CHECKING:
    from tocsin.receivers.oauth import AccessTokens


class MailboxTokens:
    """The tokens of the source *name*, which logs in as *config* says."""

    def __init__(self, name: str, config: OAuthConfig) -> None:
        self._login = make_login(name, "sources", config)
        self._tokens: AccessTokens | None = None

    def get(self) -> str:
        """Return an access token.

        Raises:
            SourceError: nobody has logged in, or the server gives none.
        """
        # requests is a part of each start that only a mailbox with such a login needs.
        from tocsin.receivers.logins import LoginError  # noqa: PLC0415
        from tocsin.receivers.oauth import AccessTokens  # noqa: PLC0415

        self._tokens = self._tokens or AccessTokens(self._login)
        try:
            return self._tokens.get()
        except LoginError as error:
            fault = Fault.NETWORK if error.kind is ErrorClass.TRANSIENT else Fault.AUTH
            raise SourceError(str(error), fault=fault, remedy=self._login.remedy) from error

    def forget(self) -> None:
        """Ask for a new access token next time: a server refused this one."""
        if self._tokens:
            self._tokens.forget()

    @property
    def remedy(self) -> str:
        """Remedy of a refusal."""
        return f"{self._login.remedy}; and let scope in oauth name the right to read mail by IMAP, and credentials the same user"
