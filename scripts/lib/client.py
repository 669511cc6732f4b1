"""A small client of Home Assistant's REST and WebSocket interfaces."""

import asyncio
from types import TracebackType
from typing import Any, Self

import aiohttp

# What comes from Home Assistant is JSON of many shapes; it is looked at where it is used.
type Json = Any
type Answers = dict[str, Any]

_MOST_STEPS = 12


class ClientError(Exception):
    """Home Assistant said no."""


class FlowError(ClientError):
    """A flow asked for something unknown, refused an answer, or gave up."""


class Client:
    """One user's connection to one Home Assistant."""

    def __init__(self, url: str, connector: aiohttp.BaseConnector | None = None) -> None:
        """Keep the address, and what reaches it if not this machine; nothing is sent yet."""
        self.url = url.rstrip("/")
        self.tokens: dict[str, Any] = {}
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=30)
        )
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._turn = asyncio.Lock()
        self._id = 0

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        if self._socket is not None:
            await self._socket.close()
        await self._session.close()

    @property
    def client_id(self) -> str:
        """Return what the frontend of this address calls itself."""
        return f"{self.url}/"

    # -- REST

    async def request(self, method: str, path: str, **arguments: Any) -> Json:
        """Send a request and return the decoded reply."""
        headers = {}
        if self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens['access_token']}"
        async with self._session.request(
            method, f"{self.url}{path}", headers=headers, **arguments
        ) as reply:
            text = await reply.text()
            if reply.status >= 400:
                msg = f"{method} {path}: {reply.status} {text[:300]}"
                raise ClientError(msg)
            return await reply.json()

    async def text(self, path: str) -> str:
        """Return a page as it is; ClientError when there is none (yet)."""
        return (await self.data(path)).decode()

    async def data(self, path: str) -> bytes:
        """Return what is at a path, as bytes."""
        async with self._session.get(f"{self.url}{path}") as reply:
            body = await reply.read()
            if reply.status >= 400:
                msg = f"GET {path.partition('?')[0]}: {reply.status}"
                raise ClientError(msg)
            return body

    # -- Login

    async def onboard(self, name: str, username: str, password: str) -> None:
        """Make the first user unless there is one, and log in."""
        # Home Assistant has no onboarding any more once it is done.
        async with self._session.get(f"{self.url}/api/onboarding") as reply:
            done = reply.status == 404
        if done:
            await self.login(username, password)
            return
        user = {"name": name, "username": username, "password": password}
        user |= {"client_id": self.client_id, "language": "en"}
        reply = await self.request("POST", "/api/onboarding/users", json=user)
        await self._token(reply["auth_code"])

    async def login(self, username: str, password: str) -> None:
        """Log in the way the login page does."""
        start = {
            "client_id": self.client_id,
            "handler": ["homeassistant", None],
            "redirect_uri": self.client_id,
        }
        flow = await self.request("POST", "/auth/login_flow", json=start)
        answer = {"client_id": self.client_id, "username": username, "password": password}
        reply = await self.request("POST", f"/auth/login_flow/{flow['flow_id']}", json=answer)
        if reply["type"] != "create_entry":
            msg = f"login refused: {reply.get('errors')}"
            raise ClientError(msg)
        await self._token(reply["result"])

    async def _token(self, code: str) -> None:
        """Change an authorization code for tokens."""
        form = {"grant_type": "authorization_code", "code": code, "client_id": self.client_id}
        self.tokens = await self.request("POST", "/auth/token", data=form)

    # -- WebSocket

    async def command(self, kind: str, **arguments: Any) -> Json:
        """Send a WebSocket command and return its result."""
        async with self._turn:
            socket = self._socket or await self._open()
            self._id += 1
            await socket.send_json({"id": self._id, "type": kind, **arguments})
            while True:
                reply = await socket.receive_json(timeout=60)
                if reply.get("id") == self._id and reply["type"] == "result":
                    break
        if not reply["success"]:
            msg = f"{kind}: {reply['error']['code']}: {reply['error']['message']}"
            raise ClientError(msg)
        return reply["result"]

    async def told(self, kind: str, seconds: float) -> list[Json]:
        """Subscribe by a WebSocket command and return the events of these seconds."""
        events: list[Json] = []
        async with self._turn:
            socket = self._socket or await self._open()
            subscription, end = self._id + 1, self._id + 2
            self._id = end
            await socket.send_json({"id": subscription, "type": kind})
            await asyncio.sleep(seconds)
            unsubscribe = {"type": "unsubscribe_events", "subscription": subscription}
            await socket.send_json({"id": end, **unsubscribe})
            while (reply := await socket.receive_json(timeout=60)).get("id") != end:
                if reply["type"] == "event":
                    events.append(reply["event"])
        return events

    async def _open(self) -> aiohttp.ClientWebSocketResponse:
        """Open the WebSocket and log in there."""
        socket = await self._session.ws_connect(f"{self.url}/api/websocket", max_msg_size=0)
        await socket.receive_json(timeout=10)
        await socket.send_json({"type": "auth", "access_token": self.tokens["access_token"]})
        reply = await socket.receive_json(timeout=10)
        if reply["type"] != "auth_ok":
            msg = f"login refused: {reply}"
            raise ClientError(msg)
        self._socket = socket
        return socket

    # -- Flows

    async def add(self, domain: str, answers: Answers) -> str:
        """Go through the config flow of an integration and return the entry's id."""
        start = {"handler": domain, "show_advanced_options": False}
        step = await self.request("POST", "/api/config/config_entries/flow", json=start)
        done = await self._walk("/api/config/config_entries/flow", step, answers)
        entry_id: str = done["result"]["entry_id"]
        return entry_id

    async def set_options(self, entry_id: str, answers: Answers) -> None:
        """Go through the options flow of an entry."""
        path = "/api/config/config_entries/options/flow"
        step = await self.request("POST", path, json={"handler": entry_id})
        await self._walk(path, step, answers)

    async def _walk(self, path: str, step: Json, answers: Answers) -> Json:
        """Fill form after form from the answers until the flow is done.

        A menu that comes again is left by "done" once every answer was chosen.
        """
        chosen: list[str] = []
        for _ in range(_MOST_STEPS):
            at = f"{path}/{step.get('flow_id')}"
            match step["type"]:
                case "create_entry":
                    return step
                case "form" if not step.get("errors"):
                    form = fill(step["data_schema"], answers, step["step_id"])
                    step = await self.request("POST", at, json=form)
                case "menu":
                    left = [o for o in step["menu_options"] if o in answers and o not in chosen]
                    chosen.append(left[0] if left else "done")
                    step = await self.request("POST", at, json={"next_step_id": chosen[-1]})
                case "progress" | "progress_done":
                    await asyncio.sleep(0.2)
                    step = await self.request("GET", at)
                case _:
                    trouble = step.get("errors") or step.get("reason") or step["type"]
                    msg = f"the flow stopped at {step.get('step_id', 'its end')}: {trouble}"
                    raise FlowError(msg)
        msg = f"the flow has no end; it is at {step.get('step_id')}"
        raise FlowError(msg)

    # -- Entities

    async def entry_state(self, entry_id: str) -> str:
        """Return the state of a config entry."""
        for entry in await self.command("config_entries/get"):
            if entry["entry_id"] == entry_id:
                state: str = entry["state"]
                return state
        return "unknown"

    async def entities(self, entry_id: str, *, disabled: bool = False) -> list[Json]:
        """Return the enabled entities of an entry, or the disabled ones, from the registry."""
        known = await self.command("config/entity_registry/list")
        return [
            entity
            for entity in known
            if entity["config_entry_id"] == entry_id
            and (entity["disabled_by"] is not None) is disabled
        ]

    async def state(self, entity_id: str) -> str:
        """Return the state of an entity."""
        state: str = (await self.whole_state(entity_id))["state"]
        return state

    async def whole_state(self, entity_id: str) -> Json:
        """Return the state of an entity with its attributes."""
        return await self.request("GET", f"/api/states/{entity_id}")

    async def act(self, action: str, entity_id: str, **data: Any) -> None:
        """Perform an action on an entity."""
        domain, service = action.split(".")
        target = {"entity_id": entity_id}
        await self.command(
            "call_service", domain=domain, service=service, service_data=data, target=target
        )

    async def stream(self, entity_id: str) -> str:
        """Ask for the stream of a camera and return the path of its HLS playlist."""
        url: str = (await self.command("camera/stream", entity_id=entity_id, format="hls"))["url"]
        return url


def fill(schema: list[Json], answers: Answers, step: str) -> Answers:
    """Return what to send for a form: the answers it asks for, and its defaults."""
    form: Answers = {}
    for field in schema:
        name = field["name"]
        if field.get("type") == "expandable":
            form[name] = fill(field["schema"], answers, step)
        elif name in answers:
            form[name] = answers[name]
        elif "default" in field and field["default"] is not None:
            form[name] = field["default"]
        elif field.get("required"):
            msg = f"no answer for {name} at step {step}"
            raise FlowError(msg)
    return form
