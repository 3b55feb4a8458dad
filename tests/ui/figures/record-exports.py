"""Reads exported files with the real pandas, pyarrow, numpy and matplotlib and checks that all agree.

    node --import tsx tests/ui/figures/write-exports.ts DIR
    python tests/ui/figures/record-exports.py DIR > tests/ui/figures/exports.json

What it prints is the fixture that data.test.ts holds the exports against: the digest of each file
that these libraries read with equal values, their versions, and what they read.
"""
import hashlib
import json
import os
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

matplotlib.use("Agg")
folder = Path(sys.argv[1])
run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
figures = {figure["id"]: figure for figure in run["figures"]}

places = ["grid_index", "y_axis", "y_index", "y_tick", "x_axis", "x_index", "x_tick"]
numbers = list(figures)
csv = pd.read_csv(folder / "run.csv", keep_default_na=False, na_values={name: [""] for name in numbers})
parquet = pd.read_parquet(folder / "run.parquet")
table = pyarrow.parquet.read_table(folder / "run.parquet")
about = json.loads(table.schema.metadata[b"patchlight"])
assert about["run"] == run["id"]
assert list(csv.columns) == list(parquet.columns)
for name in places:
    assert csv[name].tolist() == parquet[name].tolist(), name
for name in csv.columns:
    if name.endswith("_mark"):
        assert csv[name].tolist() == parquet[name].fillna("").tolist(), name

array = np.load(folder / "resid.npy")
assert array.dtype == np.float64 and array.flags.c_contiguous
read = {}
for id, figure in figures.items():
    shape = (len(figure["y"]["ticks"]), len(figure["x"]["ticks"]))
    rows = csv[csv["grid_index"] == csv.loc[csv[id].notna(), "grid_index"].iloc[0]]
    # Bit for bit: the text of the CSV must read back as the same doubles.
    np.testing.assert_array_equal(rows[id].to_numpy(), parquet.loc[rows.index, id].to_numpy(dtype=float))
    from_json = np.array(figure["values"], dtype=float)
    finite = np.isfinite(rows[id].to_numpy())
    np.testing.assert_array_equal(rows[id].to_numpy()[finite], from_json[finite])
    ticks = [tick for tick in figure["y"]["ticks"] for _ in figure["x"]["ticks"]]
    assert rows["y_tick"].tolist() == ticks
    assert rows["x_tick"].tolist() == figure["x"]["ticks"] * shape[0]
    if id == "resid":
        np.testing.assert_array_equal(array, rows[id].to_numpy().reshape(shape))
    read[id] = {"shape": shape, "finite": int(finite.sum()), "sum": float(rows[id].to_numpy()[finite].sum())}

os.chdir(folder)
notebook = json.loads(Path("run.ipynb").read_text(encoding="utf-8"))
scope = {}
drawn = 0
for cell in notebook["cells"]:
    if cell["cell_type"] == "code":
        exec("".join(cell["source"]), scope)
for number in scope["plt"].get_fignums():
    scope["plt"].figure(number).savefig(f"notebook-{number}.png", dpi=80)
    drawn += 1
for id, figure in figures.items():
    np.testing.assert_array_equal(scope["values"][id].ravel(), np.array(figure["values"], dtype=float))

files = ["run.csv", "run.json", "run.parquet", "resid.npy", "run.ipynb"]
print(json.dumps({
    "read_by": {
        "python": sys.version.split()[0],
        "pandas": pd.__version__,
        "numpy": np.__version__,
        "pyarrow": pyarrow.__version__,
        "matplotlib": matplotlib.__version__,
    },
    "sha256": {name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in files},
    "figures": read,
    "rows": len(csv),
    "pictures_drawn": drawn,
}, indent=2, ensure_ascii=False))
