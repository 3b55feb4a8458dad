import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../../engine/checkpoint/open.ts'
import { streamSafetensors, writeSafetensors } from '../../../engine/checkpoint/write-safetensors.ts'
import { CheckpointError } from '../../../engine/errors.ts'
import { folder } from './folders.ts'

describe('writeSafetensors', () => {
  it('writes what openCheckpoint reads, with metadata and int32', async () => {
    const dir = await folder({ 'config.json': {} })
    const path = join(dir, 'model.safetensors')
    const a = Float32Array.of(1.5, -2, 0)
    const part = Float32Array.of(9, 7, 8, 9).subarray(1, 3)
    const tensors = [
      { name: 'a', shape: [3, 1], data: a },
      { name: 'ids', shape: [2], data: Int32Array.of(5, -6) },
      { name: 'part', shape: [2], data: part },
      { name: 'none', shape: [0], data: new Float32Array(0) },
    ]
    await writeSafetensors(path, tensors, { format: 'pt', tool: 'patchlight' })
    const checkpoint = await openCheckpoint(dir)
    expect(await checkpoint.read('a')).toEqual({ shape: [3, 1], data: a })
    expect(await checkpoint.read('part')).toEqual({ shape: [2], data: Float32Array.of(7, 8) })
    const ids = checkpoint.tensors.get('ids')
    expect(ids).toMatchObject({ dtype: 'I32', shape: [2] })
    const bytes = await readFile(path)
    expect(bytes.readInt32LE((ids?.begin ?? 0) + 4)).toBe(-6)
    expect(bytes.readBigUInt64LE(0) % 8n).toBe(0n)
    expect(bytes.toString('utf8', 8, 80)).toContain('"__metadata__":{"format":"pt","tool":"patchlight"}')
    await checkpoint.close()
  })

  it('asks for one tensor at a time, in order, and rounds BF16 to the nearest even', async () => {
    const dir = await folder({ 'config.json': {} })
    const asked: string[] = []
    // 1 + 2^-8 lies halfway between two bfloat16 values: to even is down; 1 + 3·2^-8 likewise: up.
    const values = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, -(1 + 2 ** -8), 1e-45, 0.1)
    const one = (name: string) => ({
      name,
      shape: [6],
      dtype: 'BF16' as const,
      values: () => {
        asked.push(name)
        return values
      },
    })
    await streamSafetensors(join(dir, 'model.safetensors'), [one('x'), one('y')])
    expect(asked).toEqual(['x', 'y'])
    const checkpoint = await openCheckpoint(dir)
    const { data } = await checkpoint.read('y')
    expect(data).toEqual(Float32Array.of(1, 1 + 2 ** -6, 1 + 2 ** -7, -1, 0, 0.10009765625))
    await checkpoint.close()
  })

  it('says so when the file cannot be written', async () => {
    const dir = await folder({})
    await expect(writeSafetensors(join(dir, 'gone', 'x.safetensors'), [])).rejects.toThrow(CheckpointError)
    await expect(writeSafetensors(join(dir, 'gone', 'x.safetensors'), [])).rejects.toThrow(
      /expected to write tensors there, got ENOENT/,
    )
  })

  it('finds a caller that contradicts itself', async () => {
    const dir = await folder({})
    const write = (shape: number[]) =>
      writeSafetensors(join(dir, 'x'), [{ name: 'a', shape, data: Float32Array.of(1) }])
    await expect(write([2])).rejects.toThrow('internal: a: 1 values for F32 [2]')
    const twice = { name: 'a', shape: [1], data: Float32Array.of(1) }
    await expect(writeSafetensors(join(dir, 'x'), [twice, twice])).rejects.toThrow('internal: two tensors called "a"')
  })
})
