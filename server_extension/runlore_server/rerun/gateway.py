"""A Jupyter Kernel Gateway or Enterprise Gateway: where it is, what it offers, and its kernels.

The settings are Jupyter's own: ``JUPYTER_GATEWAY_URL`` and its like, or ``GatewayClient`` in the user's
``jupyter_server_config``. Nothing here is written anywhere; the URL that is shown has no password in it.
"""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from runlore_server.errors import GatewayLacks, GatewayRefused, NoGateway

if TYPE_CHECKING:
    import ssl

    from jupyter_server.gateway.gateway_client import GatewayClient

PREFIX = "gateway:"
"""What the name of a gateway's kernel starts with, to tell it from a kernelspec of this machine."""

_MODULE = "jupyter_server.gateway.gateway_client"
_HOW = "set JUPYTER_GATEWAY_URL, or GatewayClient.url in jupyter_server_config"


class Gateway:
    """The gateway that Jupyter's settings name.

    All methods block; each asks the gateway once.

    Raises:
        NoGateway: the settings name none.
        GatewayRefused: they cannot be understood; of the methods: it refuses what is asked.
        GatewayAway: of the methods: it cannot be reached, or answers that it cannot at the moment.
    """

    def __init__(self) -> None:
        try:
            self._client = _settings()
            url, ws_url = self._client.url, self._client.ws_url
            self._arguments = self._client.load_connection_args()  # type: ignore[no-untyped-call]
        except Exception as error:  # a trait's, JSON's, or whatever reading the user's configuration raises
            raise GatewayRefused(f"the settings of the Jupyter gateway cannot be used: {error}") from error
        if not url or not ws_url:
            raise NoGateway(f"no Jupyter gateway is set up here: {_HOW}")
        if urlsplit(url).scheme not in ("http", "https"):
            raise GatewayRefused(f"the URL of the Jupyter gateway must start with http: or https:; {_HOW}")
        # Jupyter makes the WebSocket's address from the URL in lower case, and loses paths by that.
        made = ws_url == url.lower().replace("http", "ws")
        self.url = self._url = without_password(url)
        self._ws_url = without_password(f"ws{url[4:]}" if made else ws_url)
        self._user, self._password = _credentials(url)

    def specs(self, patience: float | None = None) -> dict[str, dict[str, Any]]:
        """Its kernelspecs, by their names, as ``kernel.json`` has them.

        Args:
            patience: seconds to wait for the answer, where that is less than Jupyter's settings have.
        """
        found = self._ask("GET", self._client.kernelspecs_endpoint, patience=patience)
        try:
            return {str(name): dict(model["spec"]) for name, model in found["kernelspecs"].items()}
        except (TypeError, KeyError, AttributeError, ValueError):
            raise self._no_gateway() from None

    def start(self, name: str, environ: Mapping[str, str], kernel_id: str) -> str:
        """Start a kernel; return its id, which is ``kernel_id`` wherever the gateway lets it be chosen.

        Args:
            name: its kernelspec.
            environ: variables to give it. Every gateway takes those called ``KERNEL_*``, others where its own
                settings let them through.
            kernel_id: in the form of a UUID.
        """
        asked = {"name": name, "kernel_id": kernel_id, "env": {**environ, "KERNEL_ID": kernel_id}}
        return self._told(self._ask("POST", self._client.kernels_endpoint, asked), "id")

    def state(self, kernel_id: str) -> str | None:
        """``idle``, ``busy``, ``starting``, ``restarting``, ``dead``; ``None`` when it has no such kernel."""
        try:
            return self._told(self._ask("GET", self._kernel(kernel_id)), "execution_state")
        except GatewayLacks:
            return None

    def interrupt(self, kernel_id: str) -> None:
        """Interrupt a kernel."""
        self._ask("POST", f"{self._kernel(kernel_id)}/interrupt", {})

    def delete(self, kernel_id: str) -> None:
        """End a kernel with its process group; returns when it is dead, at once where it has been."""
        try:
            self._ask("DELETE", self._kernel(kernel_id))
        except GatewayLacks:
            return

    def passed_on(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Variables in the names under which gateways let them through: ``KERNEL_X``, and ``X`` where allowed."""
        allowed = {name.strip() for name in self._client.allowed_envs.split(",")}
        own = {name: value for name, value in os.environ.items() if name.startswith("KERNEL_") or name in allowed}
        given = {f"KERNEL_{name}": value for name, value in environ.items()}
        return {**own, **given, **{name: value for name, value in environ.items() if name in allowed}}

    def channels(self, kernel_id: str, session: str) -> str:
        """The address of a kernel's WebSocket, for a client that calls itself ``session``."""
        return f"{self._ws_url}{self._kernel(kernel_id)}/channels?session_id={quote(session)}"

    def pauses(self) -> list[float]:
        """Seconds to wait before each further attempt to reach it, once it was lost."""
        client = self._client
        longest = client.gateway_retry_interval_max
        return [min(client.gateway_retry_interval * 2**n, longest) for n in range(client.gateway_retry_max)]

    def headers(self) -> dict[str, str]:
        """What every request and every WebSocket is opened with; the authorization is among it."""
        found = {str(name): str(value) for name, value in self._arguments.get("headers", {}).items()}
        if not self._client.auth_token:
            found.pop(self._client.auth_header_key, None)
        user = self._arguments.get("auth_username", self._user)
        password = self._arguments.get("auth_password", self._password)
        if user is not None:
            given = base64.b64encode(f"{user}:{password or ''}".encode()).decode()
            found.setdefault("Authorization", f"Basic {given}")
        return found

    def tls(self) -> ssl.SSLContext:
        """How certificates are checked.

        Raises:
            GatewayRefused: a file of certificates or keys cannot be read.
        """
        import ssl

        try:
            context = ssl.create_default_context(cafile=self._client.ca_certs or None)
            if self._client.client_cert:
                context.load_cert_chain(self._client.client_cert, self._client.client_key or None)
        except OSError as error:
            raise GatewayRefused(f"the certificates for {self.url} cannot be used: {error}") from error
        if not self._client.validate_cert:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _kernel(self, kernel_id: str) -> str:
        return f"{self._client.kernels_endpoint}/{quote(kernel_id, safe='')}"

    def _told(self, model: Any, name: str) -> str:
        try:
            return str(model[name])
        except (TypeError, LookupError):
            raise self._no_gateway() from None

    def _no_gateway(self) -> GatewayRefused:
        return GatewayRefused(f"{self.url} does not answer as a Jupyter gateway does")

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, patience: float | None = None
    ) -> Any:
        from runlore_server.rerun.exchange import exchange  # which takes longer to import than all of this

        asked = method, f"{self._url}{path}", body
        return exchange(*asked, self.headers(), self.tls(), patience or self._client.request_timeout)


def without_password(url: str) -> str:
    """A URL without user, password, query and final slash."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))


def _credentials(url: str) -> tuple[str | None, str | None]:
    parts = urlsplit(url)
    user, password = parts.username, parts.password
    return user and unquote(user), password and unquote(password)


def variables_to_pass_on() -> dict[str, str]:
    """The settings of the gateway that this process was started with, as variables for a process of its own.

    Empty unless they came by its command line or configuration: what came by the environment is inherited.
    """
    module = sys.modules.get(_MODULE)
    if module is None or not module.GatewayClient.initialized():
        return {}
    client = module.GatewayClient.instance()
    found = {}
    for trait in client.trait_names(config=True) if client.gateway_enabled else ():
        name, value = getattr(client, f"{trait}_env", None), getattr(client, trait)
        if isinstance(name, str) and value is not None:
            found[name] = _as_variable(value)
    return found


def _as_variable(value: object) -> str:
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _settings() -> GatewayClient:
    """Those of the Jupyter server that this is, else those that it would have."""
    from jupyter_core.application import JupyterApp
    from jupyter_server.gateway.gateway_client import GatewayClient

    if GatewayClient.initialized():
        return GatewayClient.instance()

    class _Server(JupyterApp):
        name = "jupyter-server"

    server = _Server()
    server.load_config_file()
    return GatewayClient(config=server.config)  # type: ignore[no-untyped-call]
