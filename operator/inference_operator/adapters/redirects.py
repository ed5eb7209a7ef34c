"""Redirects that a session follows: what began encrypted stays so."""

from urllib.parse import urljoin, urlsplit

import aiohttp


class InsecureRedirectError(aiohttp.ClientError):
    """An https address redirects to one that is not."""


def only_secure() -> aiohttp.TraceConfig:
    """For a session: its requests raise InsecureRedirectError instead of following such a one."""
    found = aiohttp.TraceConfig()
    found.on_request_redirect.append(_check)
    return found


async def _check(_: object, __: object, redirect: aiohttp.TraceRequestRedirectParams) -> None:
    answer = redirect.response
    to = urlsplit(urljoin(str(answer.url), answer.headers.get("Location", "")))
    if answer.url.scheme == "https" and to.scheme != "https":
        answer.close()
        raise InsecureRedirectError(
            f"it redirects to {to.scheme}://{to.netloc}{to.path}, and only https is followed: let"
            " it, or the proxy before it, redirect to https"
        )
