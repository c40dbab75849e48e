"""The pages for people: /desk, where one is the agent, and /guest, where one is the guest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

__all__ = ["desk_routes"]

FILES = Path(__file__).parent.parent / "desk"
PAGES = {"/desk": "desk.html", "/guest": "guest.html"}
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def desk_routes() -> list[web.RouteDef]:
    """Where each page and what belongs to it is; the files hold no data, and everybody may have them."""
    paths = {**PAGES, **{f"/desk/{path.name}": path.name for path in FILES.iterdir() if path.suffix in TYPES}}
    return [web.get(path, _serving(FILES / name)) for path, name in paths.items()]


def _serving(path: Path) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        del request
        return web.Response(text=path.read_text("utf-8"), content_type=TYPES[path.suffix], headers=HEADERS)

    return serve
