import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { temporaryFolder } from '../../studies/runs/support.ts'
import { cli, startCli } from './support.ts'

const PROMPT = 'she sells sea shells by the'

/** Header and float32 values of a safetensors file. */
function readTensors(path: string): Map<string, { shape: number[]; dtype: string; bytes: Buffer }> {
  const file = readFileSync(path)
  const length = Number(file.readBigUInt64LE(0))
  const header: Record<string, { shape: number[]; dtype: string; data_offsets: [number, number] }> = JSON.parse(
    file.toString('utf8', 8, 8 + length),
  )
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__')
  return new Map(
    entries.map(
      ([
        name,
        {
          shape,
          dtype,
          data_offsets: [begin, end],
        },
      ]) => [name, { shape, dtype, bytes: file.subarray(8 + length + begin, 8 + length + end) }],
    ),
  )
}

describe('patchlight logits, capture, generate', () => {
  it('logits gives ids, tokens and the likeliest next tokens; a prompt and its ids are the same', async () => {
    const byText = await cli(['logits', '--prompt', PROMPT, '--json', '--top', '3', '--all'])
    expect(byText.code).toBe(0)
    const document = JSON.parse(byText.out)
    expect(Object.keys(document)).toEqual(['ids', 'tokens', 'top', 'logits'])
    expect(document.top.map((entry: object) => Object.keys(entry))).toEqual(
      Array(3).fill(['id', 'token', 'logit', 'prob']),
    )
    const [best] = document.top
    expect(best.logit).toBe(Math.max(...document.logits))
    expect(document.logits[best.id]).toBe(best.logit)
    const sum = document.logits.reduce((total: number, logit: number) => total + Math.exp(logit - best.logit), 0)
    expect(best.prob).toBeCloseTo(1 / sum, 6)
    const byIds = await cli(['logits', '--ids', document.ids.join(','), '--json', '--top', '3', '--all'])
    expect(JSON.parse(byIds.out)).toEqual(document)
  })

  it('capture writes each point under its name, and the ids', async () => {
    const path = join(temporaryFolder(), 'captured.safetensors')
    const points = 'blocks.0.hook_resid_pre,blocks.*.attn.hook_z'
    const { code, out } = await cli(['capture', '--prompt', PROMPT, '--points', points, '--out', path])
    expect(code).toBe(0)
    expect(out).toMatch(/^\d+ points at \d+ positions in /)
    const tensors = readTensors(path)
    const ids = tensors.get('ids')
    expect(ids?.dtype).toBe('I32')
    const positions = ids?.shape[0]
    expect(tensors.get('blocks.0.hook_resid_pre')).toMatchObject({ dtype: 'F32', shape: [positions, 192] })
    expect(tensors.get('blocks.5.attn.hook_z')).toMatchObject({ dtype: 'F32', shape: [positions, 6, 32] })
    expect(tensors.size).toBe(8)
  })

  it('generate writes steered text beside the plain one', async () => {
    const interventions = JSON.stringify([{ at: 'blocks.5.hook_resid_post', set: { zero: true } }])
    const { out } = await cli([
      'generate',
      '--prompt',
      PROMPT,
      '--max-tokens',
      '3',
      '--interventions',
      interventions,
      '--json',
    ])
    const { ids, generated, steered } = JSON.parse(out)
    const plain = await cli(['generate', '--ids', ids.join(','), '--max-tokens', '3', '--json'])
    expect(generated).toEqual(JSON.parse(plain.out).generated)
    expect(steered.generated).not.toEqual(generated)
    const text = await cli(['generate', '--prompt', PROMPT, '--max-tokens', '3', '--interventions', interventions])
    expect(text.out).toMatch(/^unsteered: .*\nsteered: {3}/)
    const absent = JSON.stringify([{ at: 'L99', set: { zero: true } }])
    const refused = await cli(['generate', '--prompt', PROMPT, '--interventions', absent])
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toMatch(/99/)
    const wrong = await cli(['generate', '--prompt', PROMPT, '--interventions', '[{'])
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain('--interventions: expected a JSON array')
  })

  it('generate goes on from a prompt, as text or as a document', async () => {
    const document = await cli(['generate', '--prompt', PROMPT, '--max-tokens', '5', '--json'])
    expect(document.code).toBe(0)
    const { ids, generated, text, finish } = JSON.parse(document.out)
    expect(generated.length).toBeLessThanOrEqual(5)
    expect(finish).toMatch(/^(eos|length)$/)
    const words = await cli(['generate', '--ids', ids.join(','), '--max-tokens', '5'])
    expect(words.out).toBe(`${text}\n`)
  })

  it('doctor names every backend and chooses a usable one', async () => {
    const { backends, node, formats, choices, memoryGBs } = JSON.parse((await cli(['doctor', '--json'])).out)
    expect(node).toBe(process.version)
    expect(backends.map((backend: { name: string }) => backend.name).sort()).toEqual([
      'blas',
      'tensorflow',
      'wasm',
      'webgpu',
    ])
    const chosen = backends.filter((backend: { chosen: boolean }) => backend.chosen)
    expect(chosen).toMatchObject([{ name: 'wasm', usable: true }])
    expect(memoryGBs).toBeGreaterThan(0)
    expect(formats).toMatchObject([
      { name: 'f32', usable: true, chosen: true },
      { name: 'bf16', chosen: false, detail: expect.stringMatching(/^(bfloat16: .*AMX|.*: expected .* got )/) },
    ])
    expect(choices).toMatchObject([
      { model: 'the embedded model', backend: 'wasm', why: 'asked for by name' },
      { model: 'a model like Llama 3.2 1B', backend: 'wasm' },
    ])
  })

  it('doctor says what bfloat16 computes with, and that it is in use where asked for', {
    timeout: 120_000,
  }, async () => {
    vi.stubEnv('PATCHLIGHT_DTYPE', 'bf16')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { out } = await cli(['doctor', '--backend', 'blas'])
    if (!out.includes('→ bf16')) {
      // No oneDNN, or a processor that it has no bfloat16 for.
      expect(out).toMatch(/Nothing: what was asked for cannot compute here/)
      return
    }
    expect(out).toMatch(/\n {2}f32 +float32.*\n.*\n→ bf16 {2}\S/)
    if (!/bfloat16: weights of/.test(out)) return
    expect(out).toMatch(/1 row +16 rows +128 rows\n {2}f32 +[\d.]+ +[\d.]+ +[\d.]+\n {2}bf16 +[\d.]+/)
    expect(out).toMatch(/the embedded model: blas\n +the one that keeps weights as bfloat16/)
  })

  it('doctor says that nothing computes where what was asked for cannot', async () => {
    vi.stubEnv('PATCHLIGHT_DTYPE', 'bf16')
    vi.stubEnv('ONEDNN_MAX_CPU_ISA', 'AVX2')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { code, out } = await cli(['doctor'])
    expect(code).toBe(0)
    expect(out).toMatch(/\n {2}f32 +float32.*\n.*\n {2}bf16 {2}.*expected/)
    expect(out).toMatch(/What computes\n {2}Nothing: what was asked for cannot compute here/)
  })

  it('doctor says in words what computes, how fast it is, and what could be added', async () => {
    const { out } = await cli(['doctor'])
    expect(out).toMatch(/^.+ cores, \d+ GiB of memory\nPatchlight \d/)
    expect(out).toMatch(/→ wasm +XNNPACK/)
    expect(out).toMatch(/1 row +16 rows +128 rows +1,024 rows +a call/)
    expect(out).toMatch(/the embedded model: wasm\n +asked for by name/)
    expect(out).toMatch(
      /Number formats of weights\n→ f32 +float32\. What `--dtype auto` takes .*\n +.*\n {2}bf16 {2}\S/,
    )
    if (out.includes('What could be added')) expect(out).toMatch(/(npm i|install) .*\n +\w+: expected/)
  })

  it('studies lists the built-in ones', async () => {
    const { out } = await cli(['studies'])
    for (const id of ['yes-no-steering', 'time-patching', 'neuron-ablation']) expect(out).toContain(id)
    expect(out).toContain('--preset')
  })

  it('serve says where it is, and ends at Ctrl-C', async () => {
    const server = startCli(['serve', '--port', '0', '--runs', join(temporaryFolder(), 'runs')])
    await server.says('Ctrl-C ends the server')
    server.child.kill('SIGINT')
    const { code, out } = await server.finished
    expect(out).toMatch(/^Patchlight is at http:\/\/127\.0\.0\.1:\d+\//)
    expect(code).toBe(0)
  })

  it('serve on a port in use says so', async () => {
    const taken = createServer()
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void taken.close())
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { code, err } = await cli(['serve', '--port', String(port), '--runs', temporaryFolder()])
    expect(err).toContain(`port ${port} is in use; choose another with --port`)
    expect(code).toBe(1)
  })
})
