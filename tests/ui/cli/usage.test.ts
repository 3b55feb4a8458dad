import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { COUNTING, temporaryFolder } from '../../studies/runs/support.ts'
import { cli, inProcess } from './support.ts'

describe('patchlight', () => {
  it('lists its commands, and says of each what its options are', async () => {
    const { code, out } = await inProcess(['--help'])
    expect(code).toBe(0)
    const names = [...out.matchAll(/^ {2}([a-z-]+)( [A-Z]+)? {2,}\S/gm)].map(match => match[1])
    const wanted = 'serve studies run resume runs show logits capture generate doctor demo-eval'.split(' ')
    expect(names).toEqual(expect.arrayContaining(wanted))
    const help = await inProcess(['help', 'run'])
    expect(help.out).toMatch(/^Usage: patchlight run STUDY \[options\]/)
    for (const option of ['model', 'preset', 'set', 'params', 'out', 'json', 'backend', 'seed', 'help']) {
      expect(help.out).toContain(`--${option}`)
    }
  })

  it('keeps its lists of options within a narrow terminal', async () => {
    const { columns } = process.stdout
    process.stdout.columns = 64
    try {
      const { out } = await inProcess(['logits', '--help'])
      const [, list = ''] = out.split('Options:\n')
      expect(Math.max(...list.split('\n').map(line => line.length))).toBeLessThanOrEqual(64)
    } finally {
      process.stdout.columns = columns
    }
  })

  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(await inProcess(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })

  it.runIf(existsSync('/dev/full'))('says so where standard output cannot be written', async () => {
    const { code, err } = await cli(['--version'], { shell: 'exec > /dev/full' })
    expect(err).toMatch(/^patchlight: standard output: .*ENOSPC.*\n$/)
    expect(code).toBe(1)
  })

  it('ends with the codes that it promises', async () => {
    const right = await cli(['help', 'runs'])
    expect(right).toEqual({ code: 0, out: (await inProcess(['help', 'runs'])).out, err: '' })
    const wrong = await cli(['logits', '--promt', 'x'])
    expect(wrong).toMatchObject({ code: 2, out: '' })
    expect(wrong.err).toBe((await inProcess(['logits', '--promt', 'x'])).err)
  })

  it.each([
    [['lgits'], 'there is no command "lgits"; the nearest are logits'],
    [['logits', '--promt', 'x'], 'logits: there is no option --promt; the nearest are --prompt'],
    [['logits'], 'logits: expected --prompt TEXT or --ids 1,2,3'],
    [['logits', '--ids', '1,x'], 'logits --ids: expected whole numbers with commas between, got "1,x"'],
    [['logits', '--prompt', 'x', '--top', '0'], 'logits --top: expected a whole number from 1'],
    [['generate', '--prompt', 'x', '--top-p', '0'], 'generate --top-p: expected a number above 0, up to 1, got 0'],
    [['run', 'time-patching', '--set', 'novalue'], '--set novalue: expected key=value'],
    [['logits', '--prompt'], 'logits --prompt: expected a value, --prompt TEXT'],
    [['logits', '--prompt', '--json'], 'if it is the value, write --prompt=--json'],
    [['logits', '--json=yes', '--prompt', 'x'], 'logits --json: it takes no value, got yes'],
    [['capture', '--prompt', 'x', '--out', 'f'], 'capture: expected --points PATTERN'],
    [['run'], 'run: expected STUDY'],
    [
      ['run', 'time-patching', '--out', 'a', '--runs', 'b'],
      'run: expected --out or --runs, which are the same, got both',
    ],
    [['show', 'a', 'b'], 'show: did not expect "b"'],
    [['logits', '--prompt', 'x', '--backend', 'wasn'], 'the nearest is wasm'],
    [['run', COUNTING, '--dtype', 'f16'], 'run --dtype: expected auto, f32, bf16, got f16'],
    [['doctor', '--backend', 'cuda'], 'doctor --backend: expected auto, tensorflow, webgpu, blas, wasm, got cuda'],
    [['serve', '--host', '0.0.0.0', '--token='], 'serve --token: expected TEXT, got an empty text'],
    [['serve', '--host', ''], 'serve --host: expected ADDRESS, got an empty text'],
  ])('%j is wrong usage', async (args, message) => {
    const { code, out, err } = await inProcess(args)
    expect(err).toContain(message)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect(out).toBe('')
    expect(code).toBe(2)
  })

  it.each([
    [['show', 'last', '--runs', 'CWD/empty'], /there are no runs in .*; --runs DIR looks elsewhere/],
    [['run', './nowhere.ts'], /study \.\/nowhere\.ts: there is no such file/],
    [['run', COUNTING, '--set', 'rows=0'], /parameter rows: expected a whole number from 1/],
    [
      ['run', COUNTING, '--runs', 'CWD/file/runs'],
      /runs folder .*file\/runs: cannot be written: .*choose another folder/,
    ],
    [['run', COUNTING, '--model', 'CWD/nowhere'], /nowhere/],
    [['logits', '--prompt', 'x', '--model', 'CWD/nowhere'], /nowhere/],
    [['logits', '--ids', '999999'], /expected token ids from 0 to \d+, got 999999/],
    [
      ['capture', '--prompt', 'x', '--out', 'CWD/f', '--points', 'blocks.0.hook_resid'],
      /Nearest: blocks\.0\.hook_resid/,
    ],
    [['serve', '--port', '0', '--host', '203.0.113.1'], /serve: expected to listen on 203\.0\.113\.1/],
  ])('%j cannot be done: one sentence, no stack trace', async (args, message) => {
    const cwd = temporaryFolder()
    mkdirSync(join(cwd, 'empty'))
    writeFileSync(join(cwd, 'file'), '')
    const { code, out, err } = await inProcess(args.map(arg => arg.replace('CWD', cwd)))
    expect(err).toMatch(message)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect(out).toBe('')
    expect(code).toBe(1)
  })
})
