"""Examples that the help of each command ends with, and the commands to look at next."""

from typing import Final

EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "archive": ("runout archive export shared", "runout archive import shared --lake lakes/theirs"),
    "backfill": ("runout backfill BTC ETH --plan", "runout backfill BTC --days 90 --venue binance --venue bybit"),
    "bulletin": ("runout bulletin BTC", "runout bulletin BTC --at 2025-08-18T12:00Z --out btc.html"),
    "collect": ("runout collect BTC ETH SOL", "runout collect BTC --venue binance --venue bybit --metrics 9477"),
    "compute": ("runout compute", "runout compute --lake lakes/mine --forecast-days 30"),
    "demo": ("runout demo",),
    "emulate": ("runout emulate --coin BTC --scenario flush --speed 60 --days 90",),
    "fetch": ("runout fetch coinglass --since 2025-08-01 --coin BTC --coin ETH",),
    "flushes": ("runout flushes --at 2025-08-18T12:00Z",),
    "forecast": ("runout forecast BTC", "runout forecast BTC --at 2025-08-18T12:00Z --format json"),
    "forget": ("runout forget coinglass/open_interest/BTC/all/4h --lake lakes/mine",),
    "import": ("runout import coinglass exports/", "runout import table my.csv --mapping my.toml --lake lakes/mine"),
    "live": ("runout live BTC ETH", "runout live BTC --emulated"),
    "map": ("runout map BTC --at 2025-08-18T12:00Z", "runout map BTC --out map.png"),
    "positions": (
        "runout positions risk --entry 116,200 --leverage 20x --side long --quantity 250",
        "runout positions risk --positions account.csv --balance 150k",
    ),
    "raw": ("runout raw verify", "runout raw replay --to lakes/again"),
    "replay": ("runout replay BTC --from 2025-08-11 --to 2025-08-20",),
    "rows": ("runout rows coinglass/open_interest/BTC/all/4h --since 2025-08-18 --out rows.parquet",),
    "score": ("runout score --from 2025-01-01 --to 2025-06-30",),
    "serve": ("runout serve", "runout serve --lake lakes/demo --port 8421", "runout serve --new-token desk"),
    "series": ("runout series --coin BTC",),
    "status": ("runout status", "runout status --format json"),
    "synthesize": ("runout synthesize --lake lakes/flush --scenario flush --days 420",),
    "verify": ("runout verify", "runout verify --at 2025-08-18T12:00Z --format json"),
    "whatif": (
        "runout whatif BTC --drop 5%",
        "runout whatif BTC --sell 500M",
        "runout whatif BTC --ladder",
    ),
}
SEE_ALSO: Final[dict[str, tuple[str, ...]]] = {
    "archive": ("collect", "import"),
    "backfill": ("compute", "bulletin"),
    "bulletin": ("forecast", "map", "whatif"),
    "collect": ("status", "backfill", "raw"),
    "compute": ("import", "verify"),
    "demo": ("bulletin", "synthesize"),
    "emulate": ("synthesize", "demo"),
    "fetch": ("import", "compute"),
    "flushes": ("rows", "bulletin"),
    "forecast": ("bulletin", "replay"),
    "forget": ("import", "series"),
    "import": ("compute", "series", "verify"),
    "live": ("bulletin", "status", "serve"),
    "map": ("whatif", "positions"),
    "positions": ("map", "whatif"),
    "raw": ("collect", "status"),
    "replay": ("forecast", "score"),
    "rows": ("series",),
    "score": ("replay",),
    "serve": ("bulletin", "map", "whatif"),
    "series": ("rows", "verify"),
    "status": ("collect", "raw"),
    "synthesize": ("compute", "demo"),
    "verify": ("series", "import"),
    "whatif": ("map", "positions"),
}


def epilogue(command: str) -> str:
    """Return what the help of a command ends with."""
    shown = "\n".join(f"  {example}" for example in EXAMPLES[command])
    return f"Examples:\n{shown}\n\nSee also: {', '.join(f'runout {name}' for name in SEE_ALSO[command])}"
