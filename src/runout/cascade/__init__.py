"""The cascade: what a shock would liquidate, how far the slide would run, and where it would stop.

A :class:`~runout.cascade.market.Market` is a ladder of liquidation levels with bands, the depth of the books, and what
each venue does with positions it takes over. :func:`~runout.cascade.simulation.simulate` answers one shock, exactly
and without time (:mod:`~runout.cascade.static`) or in rounds (:mod:`~runout.cascade.engine`);
:mod:`~runout.cascade.montecarlo` answers a day of price paths. docs/cascade.md has the equations, what is assumed, and
what is not known. Pure: no file, clock or network.
"""
