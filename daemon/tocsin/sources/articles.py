"""Articles: the pages and PDFs that the entries of a source link to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field

from tocsin.errors import Fault, SourceError
from tocsin.model.articles import Article
from tocsin.protocols import Run
from tocsin.sources.documents.parser_process import article
from tocsin.sources.http.client import HttpClient, public_headers, same_origin

_ACCEPT = "text/html, application/xhtml+xml, application/pdf;q=0.9, */*;q=0.5"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class LinkedArticles:
    """Fetcher of the articles of one source, at the pace and within the limits of all requests.

    The links are the words of strangers: only those to the server of the source itself, at *url*, get its *headers*, and
    reach a private network with *allow_private*.
    """

    url: str
    _: KW_ONLY
    http: HttpClient
    run: Run
    headers: Mapping[str, str] = field(default_factory=dict)
    allow_private: bool = False

    async def fetch(self, link: str) -> Article:
        """Return the article at *link*.

        Raises:
            SourceError: it cannot be fetched, or nothing that is an article was found there.
        """
        try:
            own = same_origin(link, self.url)
        except ValueError as error:
            raise SourceError("its link is not a web address", fault=Fault.BAD_REDIRECT) from error
        async with self.http.gate.admit():
            fetched = await self.http.fetch(
                link,
                headers={**(self.headers if own else public_headers(self.headers)), "Accept": _ACCEPT},
                allow_private=self.allow_private and own,
            )
            kind = fetched.headers.get("content-type", "")
            text = await self.http.gate.patient(self.run)(article, fetched.body, kind)
        return Article(text=text, address=fetched.final_url)
