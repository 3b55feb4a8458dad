import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../../engine/checkpoint/open.ts'
import { CheckpointError } from '../../../engine/errors.ts'
import { float32Bytes, model, safetensors } from './folders.ts'

/** One tensor `w` of 2 float32, with what a test changes about it. */
function entry(change: object = {}): object {
  return { w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...change } }
}

const DATA = float32Bytes(1, 2)

function two(first: readonly number[], second: readonly number[]): object {
  const tensor = (offsets: readonly number[]) => ({ dtype: 'F32', shape: [1], data_offsets: offsets })
  return { a: tensor(first), b: tensor(second) }
}

const REFUSED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['an empty file', new Uint8Array(0), /model\.safetensors: expected a safetensors header, got a file of 0 bytes/],
  ['a file of seven bytes', new Uint8Array(7), /got a file of 7 bytes/],
  [
    'a header longer than the file',
    safetensors(entry(), DATA, 5000n),
    /expected a header of 5000 bytes, got a file of/,
  ],
  [
    'a header longer than any limit',
    safetensors(entry(), DATA, 2n ** 63n),
    /at most 100000000 bytes, got 9223372036854775808/,
  ],
  ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /Git LFS pointer.*git lfs pull/],
  ['a header that is no JSON', safetensors('{"w": ', DATA), /model\.safetensors: header: expected JSON/],
  ['a header that is a list', safetensors('[1]', DATA), /expected a JSON object, got \[1\]/],
  [
    'a header that is no UTF-8',
    safetensors(
      '{"w',
      DATA.map(() => 0xff),
      8n,
    ),
    /expected a header of UTF-8 text/,
  ],
  ['an entry that is no object', safetensors({ w: 3 }, DATA), /tensor "w": expected an object, got 3/],
  [
    'metadata that is no text',
    safetensors({ __metadata__: { a: 1 } }, DATA),
    /__metadata__: expected an object of strings/,
  ],
  [
    'an unknown dtype',
    safetensors(entry({ dtype: 'F31' }), DATA),
    /tensor "w": expected a dtype such as F32, F16, BF16, got "F31"/,
  ],
  ['a missing dtype', safetensors(entry({ dtype: undefined }), DATA), /expected a dtype/],
  ['a negative size', safetensors(entry({ shape: [-2] }), DATA), /non-negative integers, got \[-2\]/],
  ['a broken size', safetensors(entry({ shape: [1.5] }), DATA), /non-negative integers, got \[1.5\]/],
  [
    'a huge shape',
    safetensors(entry({ shape: [2 ** 40, 2 ** 40] }), DATA),
    /tensor "w": expected a shape that fits a file/,
  ],
  ['a shape that is no list', safetensors(entry({ shape: 2 }), DATA), /non-negative integers, got 2/],
  ['missing offsets', safetensors(entry({ data_offsets: undefined }), DATA), /expected data_offsets/],
  ['three offsets', safetensors(entry({ data_offsets: [0, 8, 8] }), DATA), /expected data_offsets of two/],
  [
    'negative offsets',
    safetensors(entry({ data_offsets: [-8, 0] }), DATA),
    /expected data_offsets of two non-negative/,
  ],
  ['offsets the wrong way round', safetensors(entry({ data_offsets: [8, 0] }), DATA), /expected 8 bytes for F32 \[2\]/],
  [
    'offsets that do not fit the shape',
    safetensors(entry({ shape: [3] }), DATA),
    /tensor "w": expected 12 bytes for F32 \[3\], got offsets 0 to 8/,
  ],
  ['offsets that do not fit the dtype', safetensors(entry({ dtype: 'BF16' }), DATA), /expected 4 bytes for BF16/],
  ['overlapping tensors', safetensors(two([0, 4], [2, 6]), DATA), /tensor "b": its bytes 2 to 6 overlap those of "a"/],
  [
    'a hole between tensors',
    safetensors(two([0, 4], [8, 12]), float32Bytes(1, 2, 3)),
    /tensor "b": expected its data to begin at byte 4, got 8: a hole/,
  ],
  [
    'a hole before the first',
    safetensors(entry({ data_offsets: [4, 12] }), float32Bytes(1, 2, 3)),
    /begin at byte 0, got 4: a hole/,
  ],
  [
    'a file cut short',
    safetensors(entry(), DATA.subarray(0, 5)),
    /expected 8 bytes of tensors, got 5: the file was cut/,
  ],
  [
    'a file with bytes to spare',
    safetensors(entry(), float32Bytes(1, 2, 3)),
    /expected 8 bytes of tensors, got 12: bytes of no tensor/,
  ],
  [
    'a name that stands twice',
    safetensors(
      '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\\u0077":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
      DATA,
    ),
    /"w" stands in it twice/,
  ],
  [
    'a field that stands twice',
    safetensors('{"w":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,8]}}', DATA),
    /"shape" stands in it twice/,
  ],
]

describe('a damaged or lying safetensors file', () => {
  it.each(REFUSED)('%s is refused in one sentence', async (_, bytes, message) => {
    const dir = await model(bytes)
    const error = await openCheckpoint(dir).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(CheckpointError)
    expect(String(error)).toMatch(message)
    expect(String(error)).not.toContain('\n')
  })
})

describe('a good safetensors file', () => {
  it('may order its header unlike its data, pad it, and hold empty tensors and scalars', async () => {
    const header = {
      __metadata__: { format: 'pt' },
      last: { dtype: 'F32', shape: [2, 1], data_offsets: [4, 12] },
      empty: { dtype: 'F32', shape: [0, 7], data_offsets: [4, 4] },
      scalar: { dtype: 'F32', shape: [], data_offsets: [0, 4] },
    }
    const checkpoint = await openCheckpoint(
      await model(safetensors(`${JSON.stringify(header)}   `, float32Bytes(5, 6, 7))),
    )
    expect([...checkpoint.tensors.keys()].sort()).toEqual(['empty', 'last', 'scalar'])
    expect(checkpoint.bytes).toBe(12)
    expect(await checkpoint.read('scalar')).toEqual({ shape: [], data: Float32Array.of(5) })
    expect(await checkpoint.read('last')).toEqual({ shape: [2, 1], data: Float32Array.of(6, 7) })
    expect(await checkpoint.read('empty')).toEqual({ shape: [0, 7], data: new Float32Array(0) })
    await checkpoint.close()
  })

  it('may hold names that mean something to JavaScript', async () => {
    const json =
      '{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"constructor":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}'
    const checkpoint = await openCheckpoint(await model(safetensors(json, DATA)))
    expect((await checkpoint.read('__proto__')).data).toEqual(Float32Array.of(1))
    expect((await checkpoint.read('constructor')).data).toEqual(Float32Array.of(2))
    await checkpoint.close()
  })

  it('may hold formats that are not read, as long as nobody reads them', async () => {
    const header = {
      ids: { dtype: 'I64', shape: [1], data_offsets: [0, 8] },
      w: { dtype: 'F32', shape: [1], data_offsets: [8, 12] },
    }
    const checkpoint = await openCheckpoint(await model(safetensors(header, float32Bytes(0, 0, 3))))
    expect((await checkpoint.read('w')).data).toEqual(Float32Array.of(3))
    await expect(checkpoint.read('ids')).rejects.toThrow(
      'model.safetensors: tensor "ids": expected F32, F16, BF16, got I64, which is not read',
    )
    await checkpoint.close()
  })
})
