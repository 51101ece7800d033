"""The margin arithmetic a second time: exact fractions, one position, brackets searched as venues describe."""

from fractions import Fraction


def exact(table):
    """Return (floor, rate, amount) of each bracket as fractions, the amounts by the published recursion."""
    floors, rates = ([Fraction(repr(float(value))) for value in column] for column in table)
    amounts = [Fraction(0)]
    for previous, floor, rate in zip(rates, floors[1:], rates[1:], strict=False):
        amounts.append(floor * (rate - previous) + amounts[-1])
    return list(zip(floors, rates, amounts, strict=True))


def maintenance(notional, table):
    rate, amount = next((rate, amount) for floor, rate, amount in reversed(exact(table)) if notional >= floor)
    return notional * rate - amount


def linear(position, table, fee=0):
    """Return the price at which equity is the maintenance margin, or 0: each bracket tried, the one that holds kept."""
    side, q, e, w, f = (Fraction(value) for value in (*position, fee))
    brackets = exact(table)
    ceilings = [floor for floor, _, _ in brackets[1:]] + [None]
    for (floor, rate, amount), ceiling in zip(brackets, ceilings, strict=True):
        price = (side * q * e - w - amount) / (q * (side - rate - f))
        if price > 0 and floor <= q * price and (ceiling is None or q * price < ceiling):
            return price
    return Fraction(0)


def inverse(position, table, fee=0):
    """Return the price at which equity in coins is the maintenance margin, or None where no price is."""
    side, big, e, w, f = (Fraction(value) for value in (*position, fee))
    brackets = exact(table)
    ceilings = [floor for floor, _, _ in brackets[1:]] + [None]
    for (floor, rate, amount), ceiling in zip(brackets, ceilings, strict=True):
        coins = (w + side * big / e + amount) / (side + rate + f)
        if coins > 0 and floor <= coins and (ceiling is None or coins < ceiling):
            return big / coins
    return None
