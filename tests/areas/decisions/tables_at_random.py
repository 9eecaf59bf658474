"""Published tables made at random, every column of them right, and faults to plant in them."""

import numpy as np

from answerable.areas.decisions.measures.recompute.grid import CELLS, grid

_SPELLED = {
    "TP": ["TP", "true_positives", "tp"],
    "FP": ["FP", "false_positives", "fp"],
    "TN": ["TN", "true_negatives", "tn"],
    "FN": ["FN", "false_negatives", "fn"],
}
RATES = {
    "FPR": ("FP", "FP+TN", ["FPR", "false_positive_rate", "fpr_group"]),
    "FNR": ("FN", "TP+FN", ["FNR", "false_negative_rate"]),
    "TPR": ("TP", "TP+FN", ["recall", "sensitivity", "TPR"]),
    "PPV": ("TP", "TP+FP", ["precision", "PPV"]),
    "FDR": ("FP", "TP+FP", ["FDR", "false_discovery_rate"]),
    "TNR": ("TN", "FP+TN", ["specificity"]),
    "selected": ("TP+FP", "TP+FP+TN+FN", ["selection_rate", "flagged_share"]),
    "base": ("TP+FN", "TP+FP+TN+FN", ["base_rate", "prevalence"]),
    "right": ("TP+TN", "TP+FP+TN+FN", ["accuracy"]),
}


def added(cells, names):
    return sum(cells[name] for name in names.split("+"))


def made(rng, fault=None, least_rows=3):
    """A table with counts, rates, differences and ratios in some spelling, unit and precision; and what was planted."""
    rows = int(rng.integers(least_rows, 25))
    shares = rng.dirichlet(rng.uniform(0.5, 6, 4), rows)
    counts = np.array([rng.multinomial(int(rng.integers(20, 3000)), share) for share in shares])
    cells = dict(zip(CELLS, counts.T.astype(float), strict=True))
    unit = int(rng.choice([1, 100]))
    decimals = [[2, 3, 4, None], [0, 1, 2, 3, 4, None]][unit == 100]
    decimals = decimals[rng.integers(len(decimals))]
    columns = {}
    spelled = {cell: str(rng.choice(_SPELLED[cell])) if rng.random() < 0.3 else cell for cell in cells}
    if rng.random() < 0.75 or fault is wrong_denominator:
        columns |= {spelled[cell]: (cells[cell], 0) for cell in cells}
    if rng.random() < 0.7:
        columns[str(rng.choice(["N", "n", "total"]))] = (added(cells, "TP+FP+TN+FN"), 0)
    rates = {}
    for above, below, names in [RATES[name] for name in RATES if rng.random() < 0.5] or [RATES["FPR"]]:
        with np.errstate(all="ignore"):
            rates[str(rng.choice(names))] = added(cells, above) / added(cells, below) * unit
    columns |= {name: (values, decimals) for name, values in rates.items()}
    columns |= compared(rng, rates, decimals)
    planted = fault(rng, columns, cells, unit, decimals) if fault else None
    return printed(rng, columns, rows), planted


def compared(rng, rates, decimals):
    """Differences from and ratios to one row, or another column, of rates as they are or as they are printed."""
    columns, before = {}, rng.random() < 0.5
    for name, values in rates.items():
        base = values if before or decimals is None else np.round(values, decimals)
        kind, reference, other = rng.random(), int(rng.integers(len(values))), base[rng.permutation(len(values))]
        fine = None if decimals is None else max(2, decimals)
        with np.errstate(all="ignore"):
            if kind < 0.3:
                columns[f"{name}_diff"] = (base - base[reference], decimals)
            elif kind < 0.5:
                columns[f"{name}_ratio"] = (base / base[reference], fine)
            elif kind < 0.6:
                columns[f"{name}_gap_pct"] = ((base - base[reference]) / base[reference] * 100, fine)
            elif kind < 0.75:
                columns |= {f"{name}_other": (other, decimals), f"{name}_difference": (base - other, decimals)}
    return columns


def printed(rng, columns, rows):
    """The table as it is printed, its columns in any order."""
    strip = rng.random() < 0.5
    order = list(columns)
    order = [order[at] for at in rng.permutation(len(order))]
    entries = {name: [] for name in ("exhibit", "row", "place", "column", "text", "number")}
    for row in range(rows):
        texts = [f"g{row}", *(text_of(columns[name][0][row], columns[name][1], strip) for name in order)]
        for place, (name, text) in enumerate(zip(["group", *order], texts, strict=True), start=1):
            known = text is not None and place > 1
            values = ("e" * 64, row + 1, place, name, text, float(text) if known else None)
            for key, value in zip(entries, values, strict=True):
                entries[key].append(value)
    return grid(entries, "figures")


def text_of(value, decimals, strip):
    if not np.isfinite(value):
        return None
    if decimals is None:
        return repr(float(value))
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if strip and "." in text else text


def wrong_reference(rng, columns, cells, unit, decimals):
    """FDR_diff subtracts FPR_b, where FPR_diff stands beside it as it should be."""
    order = rng.permutation(len(cells["TP"]))
    with np.errstate(all="ignore"):
        rates = {name: added(cells, RATES[name][0]) / added(cells, RATES[name][1]) * unit for name in ("FPR", "FDR")}
    for name, values in rates.items():
        columns[f"{name}_a"], columns[f"{name}_b"] = (values, decimals), (values[order], decimals)
        columns[f"{name}_diff"] = (values - rates["FPR"][order], decimals)
    return "FDR_diff", None


def wrong_denominator(_rng, columns, cells, unit, decimals):
    """FNR over everybody."""
    for name in ("FNR", "false_negative_rate"):
        for column in [column for column in columns if column.startswith(name)]:
            del columns[column]
    columns["FNR"] = (cells["FN"] / added(cells, "TP+FP+TN+FN") * unit, 4 if unit == 1 else decimals)
    return "FNR", None


def wrong_entry(rng, columns, cells, _unit, _decimals):
    """One entry of the total is a little off."""
    name = "total N"
    values = added(cells, "TP+FP+TN+FN")
    row = int(rng.integers(len(values)))
    values = values + np.where(np.arange(len(values)) == row, rng.choice([-7, 6, 10]), 0)
    for cell in cells:
        columns.setdefault(cell, (cells[cell], 0))
    for other in ("N", "n", "total", *(spelling for names in _SPELLED.values() for spelling in names[1:])):
        columns.pop(other, None)
    columns[name] = (values, 0)
    return name, row + 1
