"""``runout serve``."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from runout.cli import screen
from runout.cli.configuration import lake_address
from runout.clock import now_ns


def serve(
    *,
    lake: str | None = None,
    host: str = "127.0.0.1",
    port: int = 8420,
    tokens: Path = Path("tokens.toml"),
    new_token: str | None = None,
    allow_host: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    origin: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    positions: Path | None = None,
    workers: int = 2,
) -> None:
    """Serve the lake as a page to keep open, and as an API: what is known now, or was at any moment.

    Only this machine can reach it unless --host says otherwise, which needs a token. An empty or stale lake is served,
    and says so. Nothing is written to it.

    Parameters
    ----------
    lake
        Folder of the lake.
    host
        Address to listen on.
    port
        Port to listen on.
    tokens
        File with the hashes of tokens. Where it holds any, every question needs one.
    new_token
        Make a token of this name, write its hash to the file, print it once, and end.
    allow_host
        Further name that requests may be addressed to, such as that of a proxy before it.
    origin
        Page of another site, such as https://desk.example, that may read answers.
    positions
        File of positions that a venue publishes, as `runout map --positions FILE` takes it: measured levels of the map.
        It is of the moment when it was last changed, and may be replaced while the server runs.
    workers
        Processes for models.
    """
    from runout.server import tokens as bearer  # noqa: PLC0415 - the server loads a framework

    if new_token is not None:
        text, kept = bearer.new_token(new_token)
        bearer.keep_token(tokens, kept)
        screen.console(stderr=True).print(f"its hash is in {tokens}; the token is shown only now:", soft_wrap=True)
        screen.console().print(text, soft_wrap=True, markup=False, highlight=False)
        return
    from runout.server.runner import serve as run  # noqa: PLC0415
    from runout.server.settings import Settings  # noqa: PLC0415

    settings = Settings(
        lake=lake_address(lake), host=host, port=port, tokens=bearer.read_tokens(tokens), hosts=allow_host,
        origins=origin, workers=max(workers, 1), positions=positions,
    )  # fmt: skip
    asyncio.run(run(settings, ready=lambda address: _say(settings.lake, address)))


def _say(root: str, address: str) -> None:
    from runout.api.observed import status  # noqa: PLC0415
    from runout.lake import Lake  # noqa: PLC0415

    item = status(Lake(root), now_ns())
    console = screen.console(stderr=True)
    if item.state == "empty":
        console.print(f"{root} holds no prices yet; it is served, and fills as rows come", soft_wrap=True)
    elif item.state == "stale":
        console.print(f"the newest price of {root} is of {item.newest}: the page opens at that moment", soft_wrap=True)
    if item.synthetic:
        console.print("this market is SYNTHETIC: no figure was observed anywhere", soft_wrap=True)
    screen.console().print(f"serving {root} at {address} (API: {address}docs); stop with Ctrl-C", soft_wrap=True)
