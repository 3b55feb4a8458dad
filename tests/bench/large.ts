/**
 * A model larger than memory: Sarvam-m's shape from a sparse file, one steering sweep over all layers and
 * heads. Minutes of work, so it runs only when it is named: `npm run bench -- large`.
 */
import { spawn } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureSarvamM } from './sarvam-m.ts'
import type { Bench, Table } from './table.ts'

const CHILD = fileURLToPath(new URL('large-child.ts', import.meta.url))

/** Runs the child; its remarks go to standard error, its line of figures is given back. */
function measure(dir: string, layersDone: (text: string) => void): Promise<Record<string, string | number>> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, dir], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => layersDone(text.trim()))
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0) resolve(JSON.parse(out))
      else reject(new Error(`bench large: the sweep ended with code ${code}`))
    })
  })
}

export const largeModel: Bench = {
  name: 'large',
  async run({ progress }): Promise<Table[]> {
    const dir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'patchlight', 'bench-sarvam-m')
    progress(`making the 24B checkpoint in ${dir}, unless it is there`)
    await ensureSarvamM(dir)
    const measured = await measure(dir, progress)
    return [
      {
        title: 'A model larger than memory: Sarvam-m’s shape, steering sweep from disk',
        columns: [
          { key: 'backend', label: 'backend' },
          { key: 'layers', label: 'layers' },
          { key: 'patches', label: 'patches' },
          { key: 'loadS', label: 'load, s', digits: 1 },
          { key: 'sweepS', label: 'sweep, s' },
          { key: 'tflop', label: 'TFLOP', digits: 1 },
          { key: 'gflops', label: 'GFLOP/s' },
          { key: 'readGb', label: 'read, GB', digits: 1 },
          { key: 'mostReads', label: 'most reads of a tensor' },
          { key: 'peakGb', label: 'peak memory, GB', digits: 2 },
        ],
        rows: [measured],
        note:
          'In a process of its own. Every layer’s residual stream, attention and MLP output and every head, at the ' +
          'last position, one question into one neutral prompt. The file is sparse: reading it measures no disk.',
      },
    ]
  },
}
