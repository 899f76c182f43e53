"""Someone who watches a page on a computer of their own: speaks Streamlit's protocol as its page does, and draws nothing.

What a viewer costs the computer that serves is the script's runs and the messages; drawing them costs the viewer's own
computer, which a browser on the same two cores could not be told apart from.
"""

from __future__ import annotations

import asyncio
import sys
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

LARGEST = 200 * 2**20
"""Bytes of the largest message taken."""


class Viewer:
    """One session. ``runs`` counts the script's runs that it asked for and saw the end of."""

    def __init__(self, link: str) -> None:
        parts = urlsplit(link)
        self.address = f"ws://{parts.netloc}/_stcore/stream"
        self.page, self.query = parts.path.strip("/"), parts.query
        self.runs = 0
        self._script = ""
        self._refreshing: dict[str, asyncio.Task[None]] = {}

    async def watch(self) -> None:
        """Open the page and keep it up to date, as often as it asks to be, until cancelled."""
        async with connect(self.address, subprotocols=[Subprotocol("streamlit")], max_size=LARGEST) as self._socket:
            await self._ask()
            async for data in self._socket:
                await self._take(ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode()))

    async def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._script = message.new_session.page_script_hash
        elif kind == "auto_rerun":
            task = self._refreshing.pop(message.auto_rerun.fragment_id, None)
            if task:
                task.cancel()
            again = self._again(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            self._refreshing[message.auto_rerun.fragment_id] = asyncio.create_task(again)
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                if task := self._refreshing.pop(fragment, None):
                    task.cancel()
        elif kind == "script_finished":
            self.runs += 1

    async def _again(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await self._ask(fragment)

    async def _ask(self, fragment: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name = self.query, self.page
        if fragment:
            state.fragment_id, state.page_script_hash, state.is_auto_rerun = fragment, self._script, True
        await self._socket.send(message.SerializeToString())


async def watch(link: str, count: int) -> None:
    """Says "ready" once ``count`` viewers have seen the page, then stays until its input is closed; says how much they saw."""
    viewers = [Viewer(link) for _ in range(count)]
    tasks = [asyncio.create_task(viewer.watch()) for viewer in viewers]
    while not all(viewer.runs for viewer in viewers):
        await asyncio.sleep(0.1)
        for task in tasks:
            if task.done():
                task.result()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        if task.done():  # it went away in mid-run: fewer watched than are counted
            task.result()
            raise ConnectionError("the server ended a viewer's connection")
    print(min(viewer.runs for viewer in viewers), flush=True)
    for task in tasks:
        task.cancel()
