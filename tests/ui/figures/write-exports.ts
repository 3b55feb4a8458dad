/** Writes the exports that `record-exports.py` reads with the real libraries: `write-exports.ts DIR`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { exportData } from '../../../ui/figures/export-data.ts'
import { figure, neuronAblation, snapshot, timePatching } from './support.ts'

/** Two grids, one of them with two figures and marks; tokens of many scripts; an infinity. */
export function exportedRun() {
  const [residual, attention] = timePatching().figures
  const [neurons] = neuronAblation(8, 4).figures
  const heads = figure({ id: 'heads', x: { kind: 'head', label: 'head', ticks: ['0', '1', '2', '3'] } }, true)
  if (residual === undefined || attention === undefined || neurons === undefined) throw new Error('no figures')
  residual.values[0] = Number.POSITIVE_INFINITY
  return snapshot([residual, heads, attention, neurons])
}

/** By file name. */
export function exportedFiles(): Readonly<Record<string, Buffer>> {
  const run = exportedRun()
  return {
    'run.csv': exportData(run, 'csv'),
    'run.json': exportData(run, 'json'),
    'run.parquet': exportData(run, 'parquet'),
    'resid.npy': exportData(run, 'npy', { figure: 'resid' }),
    'run.ipynb': exportData(run, 'ipynb', { dataFile: 'run.json' }),
  }
}

const [, script = '', dir] = process.argv
if (dir !== undefined && import.meta.url === pathToFileURL(script).href) {
  mkdirSync(dir, { recursive: true })
  for (const [name, content] of Object.entries(exportedFiles())) writeFileSync(join(dir, name), content)
}
