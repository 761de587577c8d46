"""The ledger: every claim tested, kept in a folder, shown on one page."""
