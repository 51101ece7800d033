"""The models, one a module. They differ in what they know; all answer :class:`runout.forecast.protocol.Model`."""
