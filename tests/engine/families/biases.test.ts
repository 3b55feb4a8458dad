/** What config.json says of biases and what the file holds must agree: nothing is left out in silence. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { loadModel } from '../../../engine/load.ts'
import { checkpointDir, NO_TOKENIZER, temporaryFolder } from '../../support/fixtures.ts'

const folder = temporaryFolder()
afterEach(() => folder.remove())

/** A copy of a fixture's checkpoint whose config has some keys set. */
function copyOf(name: string, changes: Record<string, unknown>): string {
  const dir = join(folder.dir, name)
  cpSync(checkpointDir(name), dir, { recursive: true })
  const file = join(dir, 'config.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...changes }))
  return dir
}

const load = (dir: string) => loadModel(dir, { backend: 'wasm', tokenizer: NO_TOKENIZER })

it('a bias that the config asks for and the file does not hold', async () => {
  await expect(load(copyOf('llama-gqa-tied', { attention_bias: true }))).rejects.toThrow(/q_proj\.bias/)
})

it('a bias that the file holds and the config does not speak of', async () => {
  await expect(load(copyOf('llama-bias', { mlp_bias: false }))).rejects.toThrow(
    /gate_proj\.bias: config.json says that there is no such bias/,
  )
})

it('a fused map of another width', async () => {
  await expect(load(copyOf('phi3', { num_key_value_heads: 4 }))).rejects.toThrow(/qkv_proj\.weight: expected shape/)
})
