"""One request to a Jupyter gateway, and what its answer means."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from runlore.errors import RunloreError
from runlore_server.errors import GatewayAway, GatewayLacks, GatewayRefused

_MOST_TOLD = 500
"""Characters of a gateway's own words that are passed on."""


def exchange(  # noqa: PLR0917 - all of it is needed
    method: str,
    url: str,
    body: Mapping[str, Any] | None,
    headers: Mapping[str, str],
    tls: ssl.SSLContext,
    patience: float,
) -> Any:
    """Ask once, for ``patience`` seconds; the answer's JSON, ``None`` where it is empty.

    Raises:
        GatewayLacks: it does not have what the URL names.
        GatewayRefused: it refuses, or is no gateway.
        GatewayAway: it cannot be reached, or answers that it cannot at the moment.
    """
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(  # noqa: S310 - http or https, as was checked
        url, data, {**headers, "Content-Type": "application/json"}, method=method
    )
    # Like Jupyter: through no proxy, and the token goes nowhere else.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls), _NoRedirects
    )
    host = urlsplit(url).netloc
    try:
        with opener.open(request, timeout=patience) as answer:
            content = answer.read()
    except urllib.error.HTTPError as error:
        raise _refusal(error, host) from None
    except ValueError:  # which shows the header, and so perhaps the token
        raise GatewayRefused("the settings of the Jupyter gateway hold what no HTTP header can") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise GatewayAway(f"the Jupyter gateway {host} cannot be reached: {reason}") from error
    try:
        return json.loads(content) if content else None
    except ValueError:
        raise GatewayRefused(f"{host} does not answer as a Jupyter gateway does") from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow none: whoever asks is told."""


def _refusal(error: urllib.error.HTTPError, host: str) -> RunloreError:
    if error.code == 404:
        return GatewayLacks(f"the Jupyter gateway {host} does not know {urlsplit(error.url).path}")
    told = _told(error)
    if error.code == 403 and "resource limit" in told.lower():
        return GatewayAway(f"the Jupyter gateway {host} runs as many kernels as it may; try later")
    if error.code in (401, 403):
        return GatewayRefused(
            f"the Jupyter gateway {host} refuses the token or the user (HTTP {error.code}: {told}); set "
            "JUPYTER_GATEWAY_AUTH_TOKEN, where it wants another scheme JUPYTER_GATEWAY_AUTH_SCHEME, and "
            "KERNEL_USERNAME"
        )
    kind = GatewayAway if error.code >= 500 else GatewayRefused
    return kind(f"the Jupyter gateway {host} answers HTTP {error.code}: {told}")


def _told(error: urllib.error.HTTPError) -> str:
    try:
        body = json.loads(error.read(1 << 16))
        told = body.get("message") or body.get("reason")
    except (OSError, ValueError, AttributeError):
        told = None
    return str(told or error.reason)[:_MOST_TOLD]
