"""The only room where concrete things meet: settings, clocks, accounts, ledger and lanes."""
