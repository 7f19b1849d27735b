"""Helpers for tables. Whoever imports this module imports pandas."""

import pandas as pd


def totals(rows: list) -> dict:
    frame = pd.DataFrame(rows)
    return frame.groupby("region")["amount"].sum().to_dict()
