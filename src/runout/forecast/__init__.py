"""The forecast: the chance that a day's liquidations reach a threshold, from what was known before it.

:mod:`~runout.forecast.history` is the past, :mod:`~runout.forecast.features` describes each day by what was known
before it, :mod:`~runout.forecast.models` turn that into distributions (:mod:`~runout.forecast.protocol`), and
:mod:`~runout.forecast.walking` carries them through the past to be scored. Pure: no file, clock or network.
"""
