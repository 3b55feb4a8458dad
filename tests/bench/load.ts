/**
 * Load time and peak memory: each checkpoint in a process of its own, from its start to the first
 * token's logits. The 2.5 GB checkpoint is made once and kept in the user's cache folder.
 */
import { execFile } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DEMO_DIR, ensureLlama1b } from './llama-1b.ts'
import type { Bench, Table } from './table.ts'

const CHILD = fileURLToPath(new URL('load-child.ts', import.meta.url))

export const load: Bench = {
  name: 'load',
  async run({ large, progress }): Promise<Table[]> {
    const checkpoints = [{ name: 'embedded model', dir: DEMO_DIR }]
    if (large) {
      const dir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'patchlight', 'bench-llama-1b')
      progress(`making the 1B checkpoint in ${dir}, unless it is there`)
      await ensureLlama1b(dir)
      checkpoints.push({ name: 'Llama-3.2-1B shape, bf16, 2.5 GB', dir })
    }
    const rows: Record<string, string | number>[] = []
    for (const { name, dir } of checkpoints) {
      progress(`loading: ${name}`)
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', CHILD, dir])
      const measured: Record<string, string | number> = JSON.parse(stdout)
      rows.push({ checkpoint: name, ...measured })
    }
    return [
      {
        title: 'Loading a checkpoint',
        columns: [
          { key: 'checkpoint', label: 'checkpoint' },
          { key: 'backend', label: 'backend' },
          { key: 'loadMs', label: 'load, ms' },
          { key: 'forwardMs', label: 'first pass, ms' },
          { key: 'weightsMb', label: 'weights as float32, MB' },
          { key: 'peakMb', label: 'peak memory, MB' },
          { key: 'ratio', label: 'peak ÷ weights', digits: 2 },
        ],
        rows,
        note:
          'In a process of its own. Peak memory is the resident set after one pass over 8 tokens with logits.' +
          (large ? '' : ' `--large` adds a 1B-shaped checkpoint (2.5 GB on disk, made once).'),
      },
    ]
  },
}
