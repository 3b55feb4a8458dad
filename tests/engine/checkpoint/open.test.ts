import { mkdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../../engine/checkpoint/open.ts'
import { CheckpointError } from '../../../engine/errors.ts'
import { type Content, float32Bytes, folder, model, safetensors } from './folders.ts'

function file(tensors: Readonly<Record<string, number[]>>): Uint8Array {
  const header: Record<string, object> = {}
  let begin = 0
  for (const [name, values] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape: [values.length], data_offsets: [begin, begin + 4 * values.length] }
    begin += 4 * values.length
  }
  return safetensors(header, float32Bytes(...Object.values(tensors).flat()))
}

const INDEX = 'model.safetensors.index.json'

function sharded(weightMap: object, more: Readonly<Record<string, Content>> = {}): Promise<string> {
  return folder({
    'config.json': {},
    'one.safetensors': file({ a: [1, 2] }),
    'two.safetensors': file({ b: [3] }),
    [INDEX]: { metadata: { total_size: 12 }, weight_map: weightMap },
    ...more,
  })
}

const REFUSED: readonly (readonly [string, Readonly<Record<string, Content>>, RegExp])[] = [
  ['without config.json', { 'model.safetensors': file({ a: [1] }) }, /expected a config\.json, got none/],
  ['whose config is no JSON', { 'config.json': '{"a": }' }, /^CheckpointError: config\.json: expected JSON/],
  ['whose config is a list', { 'config.json': '[]' }, /config\.json: expected a JSON object, got \[\]/],
  ['without weights', { 'config.json': {} }, /expected weights .* got none/],
  [
    'with pickles only',
    { 'config.json': {}, 'pytorch_model.bin': 'x' },
    /got only pytorch_model\.bin: pickles .* never read; convert/,
  ],
  ['with an index that is no JSON', { 'config.json': {}, [INDEX]: 'x' }, /index\.json: expected JSON/],
  [
    'with an index without a map',
    { 'config.json': {}, [INDEX]: { weight_map: [1] } },
    /weight_map: expected an object/,
  ],
  ['with an empty index', { 'config.json': {}, [INDEX]: { weight_map: {} } }, /weight_map: expected tensors, got none/],
  [
    'whose index leads out',
    { 'config.json': {}, [INDEX]: { weight_map: { a: '../secret.safetensors' } } },
    /tensor "a": expected the name of a \.safetensors file in this folder/,
  ],
  [
    'whose index leads out by Windows',
    { 'config.json': {}, [INDEX]: { weight_map: { a: '..\\x.safetensors' } } },
    /in this folder/,
  ],
  [
    'whose index leads to the root',
    { 'config.json': {}, [INDEX]: { weight_map: { a: '/x.safetensors' } } },
    /in this folder/,
  ],
  [
    'whose index names a pickle',
    { 'config.json': {}, [INDEX]: { weight_map: { a: 'x.bin' } } },
    /in this folder, got "x\.bin"/,
  ],
  ['whose index names a number', { 'config.json': {}, [INDEX]: { weight_map: { a: 1 } } }, /in this folder, got 1/],
  [
    'whose shard is missing',
    { 'config.json': {}, [INDEX]: { weight_map: { a: 'one.safetensors' } } },
    /one\.safetensors: expected a readable file .* got none: .* fetch it again/,
  ],
  [
    'with a name in two files',
    { 'config.json': {}, 'x.safetensors': file({ a: [1] }), 'y.safetensors': file({ a: [2] }) },
    /y\.safetensors: tensor "a": x\.safetensors has one of that name too/,
  ],
]

describe('openCheckpoint', () => {
  it.each(REFUSED)('refuses a folder %s in one sentence', async (_, files, message) => {
    const error = await openCheckpoint(await folder(files)).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(CheckpointError)
    expect(String(error)).toMatch(message)
  })

  it('refuses a folder that does not exist, and a file', async () => {
    const dir = await folder({ 'a.txt': 'x' })
    await expect(openCheckpoint(join(dir, 'gone'))).rejects.toThrow(/expected a checkpoint folder, got nothing there/)
    await expect(openCheckpoint(join(dir, 'a.txt'))).rejects.toThrow(/expected a checkpoint folder, got a file/)
    await expect(openCheckpoint(join(dir, 'a\0b'))).rejects.toThrow(CheckpointError)
  })

  it('refuses folders where files should be', async () => {
    const dir = await folder({ 'config.json': {} })
    await mkdir(join(dir, 'model.safetensors'))
    await expect(openCheckpoint(dir)).rejects.toThrow(CheckpointError)
    const other = await folder({ 'model.safetensors': file({ a: [1] }) })
    await mkdir(join(other, 'config.json'))
    await expect(openCheckpoint(other)).rejects.toThrow(/config\.json: expected a readable file, got EISDIR/)
  })

  it('reads shards by their index, and a shard with more than the index says', async () => {
    const checkpoint = await openCheckpoint(await sharded({ a: 'one.safetensors', b: 'two.safetensors' }))
    expect((await checkpoint.read('a')).data).toEqual(Float32Array.of(1, 2))
    expect((await checkpoint.read('b')).data).toEqual(Float32Array.of(3))
    expect(checkpoint.bytes).toBe(12)
    expect(checkpoint.tensors.get('b')?.file).toBe('two.safetensors')
    await checkpoint.close()
  })

  it('refuses an index that lies about a shard', async () => {
    await expect(openCheckpoint(await sharded({ a: 'two.safetensors', b: 'two.safetensors' }))).rejects.toThrow(
      'model.safetensors.index.json: tensor "a": expected it in two.safetensors, which has none of that name',
    )
  })

  it('takes model.safetensors before an index, and any safetensors files if there is neither', async () => {
    const single = await openCheckpoint(
      await sharded({ a: 'gone.safetensors' }, { 'model.safetensors': file({ c: [9] }) }),
    )
    expect([...single.tensors.keys()]).toEqual(['c'])
    await single.close()
    const any = await openCheckpoint(await folder({ 'config.json': {}, 'weights.safetensors': file({ d: [8] }) }))
    expect((await any.read('d')).data).toEqual(Float32Array.of(8))
    await any.close()
  })

  it('names the nearest tensors when one is absent', async () => {
    const names = {
      'model.layers.0.mlp.up_proj.weight': [1],
      'model.layers.1.mlp.up_proj.weight': [2],
      'lm_head.weight': [3],
    }
    const checkpoint = await openCheckpoint(await model(file(names)))
    await expect(checkpoint.read('model.layers.0.mlp.upproj.weight')).rejects.toThrow(
      /expected a tensor "model\.layers\.0\.mlp\.upproj\.weight", got none; the nearest are model\.layers\.0\.mlp\.up_proj\.weight, /,
    )
    await checkpoint.close()
  })

  it('says so when the file is cut after it was opened', async () => {
    const dir = await model(file({ a: [1, 2, 3, 4] }))
    const checkpoint = await openCheckpoint(dir)
    await truncate(join(dir, 'model.safetensors'), 70)
    await expect(checkpoint.read('a')).rejects.toThrow(/the file was cut/)
    await checkpoint.close()
  })

  it('closes twice, and reading after that is a bug', async () => {
    const checkpoint = await openCheckpoint(await model(file({ a: [1] })))
    await checkpoint.close()
    await checkpoint.close()
    await expect(checkpoint.read('a')).rejects.toThrow('internal:')
  })
})

describe('the fingerprint', () => {
  const fingerprint = async (bytes: Uint8Array): Promise<string> => {
    const checkpoint = await openCheckpoint(await model(bytes))
    const result = await checkpoint.fingerprint()
    await checkpoint.close()
    return result
  }

  it('does not depend on order, header or files', async () => {
    const one = await fingerprint(file({ a: [1, 2], b: [3] }))
    expect(one).toMatch(/^[0-9a-f]{16}$/)
    expect(await fingerprint(file({ b: [3], a: [1, 2] }))).toBe(one)
    const checkpoint = await openCheckpoint(await sharded({ a: 'one.safetensors', b: 'two.safetensors' }))
    expect(await checkpoint.fingerprint()).toBe(one)
    await checkpoint.close()
  })

  it('tells values, names, shapes and formats apart', async () => {
    const header = (dtype: string, shape: number[]) =>
      safetensors({ a: { dtype, shape, data_offsets: [0, 8] } }, float32Bytes(1, 2))
    const all = [
      await fingerprint(file({ a: [1, 2] })),
      await fingerprint(file({ a: [1, 3] })),
      await fingerprint(file({ b: [1, 2] })),
      await fingerprint(header('F32', [1, 2])),
      await fingerprint(header('F16', [4])),
      await fingerprint(header('BF16', [4])),
    ]
    expect(new Set(all).size).toBe(all.length)
  })

  it('samples large checkpoints, first and last values among the sample', async () => {
    const count = 17 * 1024 * 1024
    const values = new Float32Array(count)
    const bytes = safetensors(
      { a: { dtype: 'F32', shape: [count], data_offsets: [0, 4 * count] } },
      new Uint8Array(values.buffer),
    )
    const start = bytes.length - 4 * count
    const changed = (index: number): Uint8Array => {
      const copy = Uint8Array.from(bytes)
      copy.set(float32Bytes(1), start + 4 * index)
      return copy
    }
    const original = await fingerprint(bytes)
    expect(await fingerprint(changed(0))).not.toBe(original)
    expect(await fingerprint(changed(count - 1))).not.toBe(original)
  })
})
