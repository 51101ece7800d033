"""Risk of one's own positions, as command line and interface ask for it: one set of rules for both."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from runout.api.portfolios import Portfolio, Row, portfolio_of
from runout.api.shock_inputs import Amount, amount
from runout.errors import UsageError
from runout.margin.cross_account import Holding
from runout.pipeline.position_risk import Risk, RiskSetting, risk_of_account, risk_of_one

MarginMode = Literal["isolated", "cross"]
Positions = Iterable[Row] | str | Path | Portfolio


def asked_risk(
    setting: RiskSetting,
    *,
    coin: str = "BTC",
    positions: Positions | None = None,
    entry: Amount | None = None,
    leverage: Amount | None = None,
    side: Literal["long", "short"] | None = None,
    quantity: Amount | None = None,
    margin_mode: MarginMode | None = None,
    balance: Amount | None = None,
    target: Amount | None = None,
    mark: str = "",
) -> Risk:
    """Return the risk of one position, or of several under cross margin.

    Parameters
    ----------
    setting
        Where and when.
    coin, entry, leverage, side, quantity, margin_mode, target
        Of a single position; one coin, isolated, unless said.
    positions
        Several instead.
    balance
        Of the account; for cross margin.
    mark
        What comes before a name in messages: ``--`` on the command line.

    Raises
    ------
    UsageError
        If a figure is missing, or one of a single position is given with several.
    """
    single = {"entry": entry, "leverage": leverage, "side": side}
    usd = None if balance is None else amount(f"{mark}balance", balance)
    if positions is not None:
        further = {**single, "quantity": quantity, "target": target}
        provided = [f"{mark}{name}" for name, value in further.items() if value is not None]
        if provided or margin_mode == "isolated":
            results = ", ".join(provided) or f"{mark}margin-mode isolated"
            raise UsageError(f"expected {mark}positions alone, under cross margin, found {results} as well")
        portfolio = positions if isinstance(positions, Portfolio) else portfolio_of(positions)
        if usd is None and portfolio.balance is None:
            raise UsageError(f"expected the account's balance ({mark}balance, or balance in a TOML file), found none")
        return risk_of_account(setting, portfolio.holdings, usd or portfolio.balance or 0.0)
    if entry is None or leverage is None or side is None:
        missing = ", ".join(f"{mark}{name}" for name, value in single.items() if value is None)
        raise UsageError(f"expected {mark}entry, {mark}leverage and {mark}side, or {mark}positions; {missing} missing")
    holding = Holding(
        coin=coin, side=side, quantity=1.0 if quantity is None else amount(f"{mark}quantity", quantity),
        entry=amount(f"{mark}entry", entry), leverage=amount(f"{mark}leverage", leverage, unit="x"),
    )  # fmt: skip
    return risk_of_one(
        setting, holding, margin_mode=margin_mode or "isolated", balance=usd,
        target=None if target is None else amount(f"{mark}target", target),
    )  # fmt: skip
