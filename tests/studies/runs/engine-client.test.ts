/** An engine's process that is stuck: it neither outlives its workbench nor keeps it waiting for ever. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { EngineClient, EngineGoneError } from '../../../studies/runs/engine-client.ts'
import { EMBEDDED_MODEL } from '../../../studies/runs/model-list.ts'
import { until } from '../../support/until.ts'
import { temporaryFolder } from './support.ts'

const CLIENT = new URL('../../../studies/runs/engine-client.ts', import.meta.url)
const COUNTING = fileURLToPath(new URL('../../fixtures/studies/counting.ts', import.meta.url))

function studyFile(text: string): string {
  const path = join(temporaryFolder(), 'own.ts')
  writeFileSync(path, text)
  return path
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // An orphan that ended may wait for long until somebody asks how.
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

it('ends with a workbench that is killed, though it never comes back from what it computes', async () => {
  const marker = join(temporaryFolder(), 'pid')
  const file = studyFile(
    `import { renameSync, writeFileSync } from 'node:fs'\nconst marker = ${JSON.stringify(marker)}\nwriteFileSync(marker + '-', String(process.pid))\nrenameSync(marker + '-', marker)\nfor (;;);`,
  )
  const script = [
    `import { EngineClient } from ${JSON.stringify(CLIENT.href)}`,
    `import { existsSync, readFileSync } from 'node:fs'`,
    `void new EngineClient().request('studies', { file: ${JSON.stringify(file)} }).catch(() => {})`,
    `const marker = ${JSON.stringify(marker)}`,
    `setInterval(() => { if (existsSync(marker)) console.log(readFileSync(marker, 'utf8')) }, 50)`,
  ].join('\n')
  const server = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = await once(server.stdout, 'data')
  const engine = Number.parseInt(String(said), 10)
  onTestFinished(() => {
    server.kill('SIGKILL')
    if (isAlive(engine)) process.kill(engine, 'SIGKILL')
  })
  expect(isAlive(engine)).toBe(true)
  server.kill('SIGKILL')
  await until(() => !isAlive(engine))
}, 60_000)

it('is ended when a study’s top level never ends; the file is not read again before it is saved again', async () => {
  const engine = new EngineClient({ PATCHLIGHT_BACKEND: 'wasm' }, 4000)
  onTestFinished(() => engine.close())
  await engine.request('studies', {})
  const first = engine.pid
  const file = studyFile('for (;;);')
  const stuck = engine.request('studies', { file })
  const beside = engine.request('studies', {})
  const [why, gone] = await Promise.allSettled([stuck, beside])
  const sentence = /^study own\.ts: expected its top level to end within 4 s, it did not; look there for a loop/
  expect(why).toMatchObject({ status: 'rejected', reason: { name: 'StudyError' } })
  await expect(stuck).rejects.toThrow(sentence)
  // Asked after it, so perhaps answered before the import began.
  if (gone.status === 'rejected') expect(gone.reason).toBeInstanceOf(EngineGoneError)
  expect(engine.pid).toBeNull()
  await expect(engine.request('studies', { file })).rejects.toThrow(sentence)
  expect(engine.pid).toBeNull()
  writeFileSync(file, `export { default } from ${JSON.stringify(COUNTING)}`)
  utimesSync(file, new Date(), new Date(Date.now() + 5000))
  expect(await engine.request('studies', { file })).toMatchObject([{ id: 'counting' }])
  expect(engine.pid).not.toBe(first)
}, 60_000)

it('is left alone, though it is silent for long, while it computes something else', async () => {
  const engine = new EngineClient({ PATCHLIGHT_BACKEND: 'wasm' }, 4000)
  onTestFinished(() => engine.close())
  const sleep = (ms: number) => `await new Promise(resolve => setTimeout(resolve, ${ms}))`
  // Silent in its run, as in a layer of a large model, while the other file is on its way in.
  const slow = studyFile(`
    import counting from ${JSON.stringify(COUNTING)}
    async function run(context) {
      ${sleep(300)}
      const end = Date.now() + 9000
      while (Date.now() < end);
      return counting.run(context)
    }
    export default { ...counting, id: 'slow', run }`)
  const other = studyFile(`${sleep(600)}\nexport { default } from ${JSON.stringify(COUNTING)}`)
  const { library } = await engine.request('facts', { dir: EMBEDDED_MODEL })
  let read: Promise<unknown> = Promise.resolve()
  await engine.request(
    'run',
    {
      dir: EMBEDDED_MODEL,
      study: { id: 'slow', file: slow },
      params: { prompt: 'a', rows: 1, columns: 1, sliceMs: 0, accident: 'none', log: '' },
      seed: 0,
      library,
      resumed: [],
    },
    {
      onBegan: () => {
        read = engine.request('studies', { file: other })
      },
    },
  )
  expect(await read).toMatchObject([{ id: 'counting' }])
}, 60_000)
