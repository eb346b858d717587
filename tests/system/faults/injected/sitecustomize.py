"""Run by Python at the start of every process of a server that is to have a deliberate bug."""

from tests.system.faults.bugs import inject

inject()
