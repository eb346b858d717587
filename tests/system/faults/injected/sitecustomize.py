"""Run by Python at the start of every process of a server that is to have a deliberate bug."""

from faults.bugs import inject

inject()
