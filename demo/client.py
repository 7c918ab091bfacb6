"""Home Assistant's REST and websocket interfaces, as far as the demo needs them."""

import asyncio
from collections.abc import Mapping
import itertools
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from .processes import HOST, Child, DemoError

USER_NAME = "demo"
USER_PASSWORD = "demo-meter"  # printed, and good for 127.0.0.1 only


class HomeAssistant:
    """A logged-in client."""

    def __init__(self, port: int, tokens: Path) -> None:
        """`tokens` keeps the login between runs."""
        self.address = f"http://{HOST}:{port}"
        self._client_id = f"{self.address}/"
        self._tokens = tokens
        self._session: aiohttp.ClientSession
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._ids = itertools.count(1)
        self._access = ""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(self.address, timeout=aiohttp.ClientTimeout(total=60))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def started(self, child: Child, seconds: float) -> None:
        """Wait until the web server answers."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    child.check_alive()
                    try:
                        async with self._session.get("/manifest.json") as answer:
                            if answer.ok:
                                return
                    except aiohttp.ClientError:
                        pass
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise DemoError(f"Home Assistant does not answer after {seconds:.0f} s:\n{child.tail()}") from None

    async def log_in(self, *, new: bool) -> None:
        """Create the first user of a new instance, or use an earlier run's login."""
        if new:
            user = {
                "client_id": self._client_id,
                "name": "Demo",
                "username": USER_NAME,
                "password": USER_PASSWORD,
                "language": "en",
            }
            created = await self.post("/api/onboarding/users", user)
            grant = {"grant_type": "authorization_code", "code": created["auth_code"]}
        else:
            kept = json.loads(self._tokens.read_text(encoding="utf-8"))
            self._client_id = kept["client_id"]  # the address may have another port now
            grant = {"grant_type": "refresh_token", "refresh_token": kept["refresh_token"]}
        async with self._session.post("/auth/token", data=grant | {"client_id": self._client_id}) as answer:
            tokens = await answer.json()
            if not answer.ok:
                raise DemoError(f"Home Assistant refuses the login: {tokens}. Start without --keep.")
        self._access = tokens["access_token"]
        # What the user interface itself keeps in a browser after a login.
        self.browser_tokens = tokens | {
            "hassUrl": self.address,
            "clientId": self._client_id,
            "expires": 4_102_444_800_000,
        }
        if "refresh_token" in tokens:
            kept = {"client_id": self._client_id, "refresh_token": tokens["refresh_token"]}
            self._tokens.write_text(json.dumps(kept), encoding="utf-8")
            self._tokens.chmod(0o600)

    async def _request(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self._access}"} if self._access else {}
        async with self._session.request(method, path, json=body, headers=headers) as answer:
            text = await answer.text()
            if not answer.ok:
                raise DemoError(f"Home Assistant answers {answer.status} to {method} {path}: {text[:500]}")
            return json.loads(text)

    async def get(self, path: str) -> Any:
        """GET as JSON."""
        return await self._request("GET", path)

    async def post(self, path: str, body: object = None) -> Any:
        """POST JSON, answer as JSON."""
        return await self._request("POST", path, body if body is not None else {})

    async def command(self, kind: str, **fields: object) -> Any:
        """One websocket command and its result; commands never overlap here."""
        try:
            return await self._ask(kind, fields)
        except aiohttp.ClientConnectionResetError:  # Home Assistant closes what says nothing for a minute
            self._socket = None
            return await self._ask(kind, fields)

    async def _ask(self, kind: str, fields: Mapping[str, object]) -> Any:
        if self._socket is None:
            self._socket = await self._session.ws_connect("/api/websocket", max_msg_size=0)
            await self._socket.receive_json()
            await self._socket.send_json({"type": "auth", "access_token": self._access})
            if (await self._socket.receive_json())["type"] != "auth_ok":
                raise DemoError("Home Assistant refuses the websocket login")
        await self._socket.send_json({"id": next(self._ids), "type": kind, **fields})
        answer = await self._socket.receive_json()
        if not answer["success"]:
            raise DemoError(f"Home Assistant refuses {kind}: {answer['error']['message']}")
        return answer["result"]

    async def welcome(self, version: str) -> None:
        """Say that the user knows this version, so that the user interface does not introduce itself."""
        await self.command("frontend/set_system_data", key="core", value={"onboarded_version": version})

    async def running(self, seconds: float) -> None:
        """Wait until every integration is set up."""
        try:
            async with asyncio.timeout(seconds):
                while (await self.get("/api/config"))["state"] != "RUNNING":
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise DemoError(f"Home Assistant is still starting after {seconds:.0f} s") from None
