/** Checkpoint folders for tests, in the temporary directory, with whatever bytes a test wants in them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'

export type Content = string | Uint8Array | object

const made: string[] = []

afterAll(async () => {
  for (const dir of made) await rm(dir, { recursive: true, force: true })
})

/** Writes files into a new folder, gone after the tests of this file; objects become JSON. */
export async function folder(files: Readonly<Record<string, Content>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'patchlight-'))
  made.push(dir)
  for (const [name, content] of Object.entries(files)) {
    const path = join(dir, name)
    await mkdir(dirname(path), { recursive: true })
    const plain = typeof content === 'string' || content instanceof Uint8Array
    await writeFile(path, plain ? content : JSON.stringify(content))
  }
  return dir
}

/** A safetensors file put together by hand, so that it may lie. @param length what it claims of its header. */
export function safetensors(header: object | string, data: Uint8Array, length?: bigint): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(length ?? BigInt(json.length))
  return Buffer.concat([prefix, json, data])
}

export function float32Bytes(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer)
}

/** A folder with `config.json` and these bytes as `model.safetensors`. */
export function model(bytes: Uint8Array): Promise<string> {
  return folder({ 'config.json': {}, 'model.safetensors': bytes })
}
