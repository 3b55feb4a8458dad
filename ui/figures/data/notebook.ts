/**
 * A Jupyter notebook (nbformat 4.5) that loads the run's JSON, which lies beside it, and redraws each
 * picture with matplotlib on Patchlight's own colours. It needs numpy and matplotlib, nothing of ours.
 */
import type { RunSnapshot } from '../../../studies/runs/events.ts'
import { NO_VALUE, SCALES } from '../colours.ts'
import { figureOf, pictureIds } from '../picture.ts'

interface Cell {
  readonly kind: 'markdown' | 'code'
  readonly text: string
}

export interface NotebookOptions {
  /** File name of the run's JSON. */
  readonly dataFile: string
  /** Where the JSON can be had while the server runs, for a notebook that came alone. */
  readonly dataUrl?: string
}

export function notebook(snapshot: RunSnapshot, options: NotebookOptions): string {
  const document = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' },
      language_info: { name: 'python' },
    },
    cells: notebookCells(snapshot, options).map(({ kind, text }, i) => ({
      cell_type: kind,
      id: `cell-${i}`,
      metadata: {},
      ...(kind === 'code' ? { execution_count: null, outputs: [] } : {}),
      source: text.split(/(?<=\n)/),
    })),
  }
  return `${JSON.stringify(document, null, 1)}\n`
}

function notebookCells(snapshot: RunSnapshot, options: NotebookOptions): readonly Cell[] {
  const { record, figures } = snapshot
  const { model } = record
  return [
    {
      kind: 'markdown',
      text: `# ${plain(record.studyTitle)}\n\nRun \`${record.id}\` of ${record.createdAt.slice(0, 10)} on ${plain(model.name)} (${model.layers} layers, ${model.heads} heads).\nThe data is \`${options.dataFile}\`, beside this notebook.`,
    },
    { kind: 'code', text: loading(options) },
    { kind: 'code', text: DRAWING },
    ...pictureIds(snapshot).flatMap((id): readonly Cell[] => {
      const { spec } = figureOf(figures, id)
      return [
        { kind: 'markdown', text: `## ${plain(spec.group ?? spec.title)}\n\n${plain(spec.caption)}` },
        { kind: 'code', text: `draw(${python(panelIds(snapshot, id))})` },
      ]
    }),
  ]
}

function panelIds({ figures }: RunSnapshot, id: string): readonly string[] {
  const { spec } = figureOf(figures, id)
  if (spec.group === undefined) return [id]
  return figures.filter(({ spec: other }) => other.group === spec.group).map(({ spec: other }) => other.id)
}

/** Prompts stand in captions, and may hold markup. */
function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#+!|$&-]/g, character => `\\${character}`).replace(/\s+/g, ' ')
}

/** A JSON text or list of texts is a Python literal as well. */
function python(value: string | readonly string[]): string {
  return JSON.stringify(value)
}

function loading({ dataFile, dataUrl }: NotebookOptions): string {
  const fetching =
    dataUrl === undefined
      ? []
      : [
          'if not DATA.exists():  # while the workbench runs',
          '    from urllib.request import urlretrieve',
          `    urlretrieve(${python(dataUrl)}, DATA)`,
        ]
  return [
    'import json',
    'from pathlib import Path',
    '',
    'import matplotlib.pyplot as plt',
    'import numpy as np',
    'from matplotlib.colors import LinearSegmentedColormap',
    '',
    `DATA = Path(${python(dataFile)})`,
    ...fetching,
    'run = json.loads(DATA.read_text(encoding="utf-8"))',
    '',
    'figures = {figure["id"]: figure for figure in run["figures"]}',
    '# float64 [y, x]; a cell without a value is NaN',
    'values = {',
    '    id: np.array(figure["values"], dtype=float).reshape(len(figure["y"]["ticks"]), len(figure["x"]["ticks"]))',
    '    for id, figure in figures.items()',
    '}',
  ].join('\n')
}

const DRAWING = `COLOURS = {
    ${Object.entries(SCALES)
      .map(
        ([name, stops]) =>
          `"${name}": LinearSegmentedColormap.from_list("${name}", ${python(stops.map(([, c]) => c))}).with_extremes(bad="${NO_VALUE}")`,
      )
      .join(',\n    ')},
}


def tick_label(tick):
    """Leading spaces and line ends made visible; a dollar sign is no formula."""
    shown = "·" * (len(tick) - len(tick.lstrip(" "))) + tick.lstrip(" ")
    return shown.replace("\\n", "⏎").replace("$", r"\\$")


def draw(ids, width=6.75):
    """Panels on one colour scale, symmetric around 0 where it diverges."""
    finite = np.concatenate([values[id][np.isfinite(values[id])] for id in ids] or [np.zeros(0)])
    low, high = (finite.min(), finite.max()) if finite.size else (0, 1)
    diverging = any(figures[id]["scale"] == "diverging" for id in ids)
    if diverging:
        high = max(abs(low), abs(high)) or 1
        low = -high
    height = sum(max(1.2, min(3.5, 0.2 * len(figures[id]["y"]["ticks"]))) + 0.9 for id in ids)
    fig, axes = plt.subplots(len(ids), 1, figsize=(width, height), squeeze=False, layout="constrained")
    for ax, id in zip(axes[:, 0], ids):
        figure = figures[id]
        image = ax.imshow(
            values[id], cmap=COLOURS["diverging" if diverging else "sequential"], vmin=low, vmax=high,
            aspect="auto", interpolation="nearest",
        )
        ax.set_title(figure["title"].replace("$", r"\\$"), fontsize=9)
        for axis, set_ticks, name in ((figure["x"], ax.set_xticks, ax.set_xlabel), (figure["y"], ax.set_yticks, ax.set_ylabel)):
            step = max(1, -(-len(axis["ticks"]) // 40))
            labels = [tick_label(tick) for tick in axis["ticks"][::step]]
            set_ticks(range(0, len(axis["ticks"]), step), labels, fontsize=7)
            name(axis["label"], fontsize=8)
        if any(len(tick) > 2 for tick in figure["x"]["ticks"]):
            ax.tick_params(axis="x", rotation=90)
        marks = np.array(figure["marks"]).reshape(values[id].shape)
        light = image.to_rgba(values[id])[..., :3] ** 2.2 @ [0.2126, 0.7152, 0.0722] > 0.18
        for number, mark in enumerate(figure["markMeanings"], start=1):
            for y, x in zip(*np.nonzero(marks == number)):
                ink = "black" if light[y, x] else "white"
                ax.text(x, y, mark["symbol"], ha="center", va="center", fontsize=7, color=ink)
    units = sorted({figure["unit"] for figure in map(figures.get, ids)})
    metrics = sorted({figure["metric"] for figure in map(figures.get, ids)})
    label = f"{metrics[0]} ({units[0]})" if len(metrics) == 1 else " / ".join(units)
    fig.colorbar(image, ax=axes, label=label.replace("$", r"\\$"))
    return fig`
