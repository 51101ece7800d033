"""Emulated venues: the synthetic market on each venue's wire, on loopback, with every failure on a seeded script."""

from runout.emulator.faults import FAULTS, Fault, read_faults
from runout.emulator.market import Market, Plan
from runout.emulator.scripts import SCRIPTS
from runout.emulator.server import Emulator

__all__ = ["FAULTS", "SCRIPTS", "Emulator", "Fault", "Market", "Plan", "read_faults"]
