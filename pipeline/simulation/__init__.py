"""The jumping clock and the faults with which the real executor is tried."""
