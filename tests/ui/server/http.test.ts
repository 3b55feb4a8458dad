/** The JSON API over real HTTP: answers, refusals as sentences, headers. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApi } from '../../../ui/client/api.ts'
import { type RunningServer, startServer } from '../../../ui/server/start.ts'
import { MemoryWorkbench, ripple } from '../../support/memory-workbench.ts'
import { until } from '../../support/until.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** `fetch` would not send a `Host` or `Origin` of our choice. */
function ask(server: RunningServer, path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: server.port, path, method, headers }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** An error is JSON with one sentence, never a page and never a stack trace. */
function expectRefusal(answer: Answer, status: number, sentence: RegExp): void {
  expect(answer.status).toBe(status)
  expect(answer.headers['content-type']).toMatch(/^application\/json/)
  const parsed: unknown = JSON.parse(answer.body)
  expect(parsed).toEqual({ error: expect.stringMatching(sentence) })
  expect(answer.body).not.toMatch(/node_modules|\.ts:|\\n +at /)
}

const json = { 'content-type': 'application/json' }
let workbench: MemoryWorkbench
let server: RunningServer
let webRoot: string

beforeAll(async () => {
  webRoot = mkdtempSync(join(tmpdir(), 'patchlight-web-'))
  mkdirSync(join(webRoot, 'assets'))
  writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>Patchlight</title>')
  writeFileSync(join(webRoot, 'assets', 'main-abc123.js'), 'export {}')
  workbench = new MemoryWorkbench()
  server = await startServer({ workbench, port: 0, webRoot })
})

afterAll(async () => {
  await server.close()
  await workbench.close()
  rmSync(webRoot, { recursive: true })
})

describe('the API', () => {
  it('runs a study from start to the last value', async () => {
    const api = createApi({ base: server.url.replace(/\/$/, '') })
    expect((await api.studies()).map(study => study.id)).toEqual(['ripple'])
    expect((await api.models()).map(model => model.name)).toEqual(['tiny'])
    expect((await api.backend()).name).toBe('none')
    expect((await api.doctor()).node).toBe(process.version)
    expect(await api.tokenize(undefined, ['a b'])).toEqual([{ ids: [0, 1], labels: ['a', ' b'] }])
    expect((await api.estimate({ study: 'ripple', params: { rows: 3 } })).patches).toBe(15)

    const { id } = await api.start({ study: 'ripple', params: { rows: 3, columns: 2, pauseMs: 1 } })
    await until(async () => (await api.run(id)).state === 'done')
    const run = await api.run(id)
    expect(run.state).toBe('done')
    expect(run.figures[0]?.values[3]).toBe(ripple(1, 1))
    expect((await api.runs()).map(summary => summary.id)).toContain(id)
    expect((await api.cell(id, { figure: 'ripple', index: 3 }, 'detail', {})).what).toBe('cell 3')
  })

  it('cancels and resumes, and says why it cannot', async () => {
    const api = createApi({ base: server.url.replace(/\/$/, '') })
    const { id } = await api.start({ study: 'ripple', params: { pauseMs: 10_000 } })
    expect((await api.cancel(id)).state).toBe('cancelled')
    await expect(api.cancel(id)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('got cancelled'),
    })
    expect((await api.resume(id)).state).toBe('running')
    await api.cancel(id)
  })

  it('tells a server that is gone from one that refuses', async () => {
    const port = server.port
    const gone = createApi({ base: `http://127.0.0.1:${port === 1 ? 2 : 1}` })
    await expect(gone.runs()).rejects.toMatchObject({ name: 'ApiError', status: 0, message: /does not answer/ })
  })
})

describe('downloads', () => {
  it('give a figure as numbers and as a drawing, named after run and figure', async () => {
    const { id } = await workbench.start({ study: 'ripple', params: { rows: 2, columns: 2, pauseMs: 1 } })
    await until(async () => (await workbench.snapshot(id)).state === 'done')
    const download = (file: string) => ask(server, `/api/runs/${id}/figures/${file}`)

    const csv = await download('ripple.csv')
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(csv.headers['content-disposition']).toBe(`attachment; filename=${id}-ripple.csv`)
    expect(csv.body.split('\r\n')[4]).toBe(`1,"1",1,"1",${ripple(1, 1)},`)

    const document: unknown = JSON.parse((await download('ripple.json')).body)
    expect(document).toMatchObject({ run: id, values: [0, ripple(0, 1), ripple(1, 0), ripple(1, 1)] })

    const svg = await download('ripple.svg?width=3.25in')
    expect(svg.headers['content-type']).toBe('image/svg+xml; charset=utf-8')
    expect(svg.body).toMatch(/^<svg [^>]*width="3.25in"/)

    const tex = await download('ripple.tex?width=icml-column')
    expect(tex.body).toContain(`\\includegraphics[width=3.25in]{${id}-ripple.pdf}`)
    for (const [format, type] of Object.entries({ pdf: 'application/pdf', png: 'image/png' })) {
      const file = await download(`ripple.${format}?panels=1&dpi=100`)
      expect(file.headers['content-type']).toBe(type)
      expect(Number(file.headers['content-length'])).toBeGreaterThan(1000)
    }
    expect((await download('ripple.npy')).body).toContain("'shape': (2, 2)")

    expect((await download('ripple.svg?scale=-40:40')).body).toContain('>−40</text>')
    const part = (await download('ripple.svg?zoom=x0-0&transpose=1&caption=1')).body
    expect(part).toMatch(/Shown: .* 0 \(1 of 2\); the rest is left out\./)
    expectRefusal(await download('ripple.svg?layers=2'), 400, /^layers: expected the first and the last/)
    expectRefusal(await download('ripple.svg?scale=1:0'), 400, /^scale: expected the values at its ends/)
    expectRefusal(await download('ripple.svg?width=wide'), 400, /^width: expected a length such as 3\.25in/)
    expectRefusal(await download('ripple.png?dpi=1e9'), 400, /^dpi: expected a number from 72 to 1200/)
    expectRefusal(await download('none.csv'), 404, /figure none: no such figure in this run, which has ripple/)
  })

  it('give a comparison of runs, with the differences, on one scale', async () => {
    const ids: string[] = []
    for (const columns of [2, 3]) {
      const { id } = await workbench.start({ study: 'ripple', params: { rows: 2, columns, pauseMs: 1 } })
      await until(async () => (await workbench.snapshot(id)).state === 'done')
      ids.push(id)
    }
    const compare = (file: string, query = '') => ask(server, `/api/compare/${file}?runs=${ids.join(',')}${query}`)
    const json = await compare('ripple.json')
    expect(json.headers['content-disposition']).toBe(`attachment; filename=${ids.join('-vs-')}-ripple.json`)
    const document = JSON.parse(json.body)
    expect(document.figures.map((figure: { title: string }) => figure.title)).toEqual(['A', 'B', 'A − B'])
    expect(document.figures[2].values).toEqual([0, 0, 0, 0])
    const svg = await compare('ripple.svg', '&width=3.25in&only=difference')
    expect(svg.headers['content-type']).toBe('image/svg+xml; charset=utf-8')
    expect(svg.body).toMatch(/^<svg [^>]*width="3.25in"/)
    expectRefusal(await compare('nothing.svg'), 400, /^compare nothing: A and B have no figure nothing/)
    expectRefusal(await compare('ripple.xls'), 404, /one of svg, pdf/)
    expectRefusal(await ask(server, `/api/compare/ripple.svg?runs=${ids[0]}`), 400, /^runs: expected 2 to 6 ids/)
    expectRefusal(await ask(server, `/api/compare/ripple.svg?runs=${ids[0]},none`), 404, /run none: no such run/)
  })

  it('give all numbers of a run', async () => {
    const { id } = await workbench.start({ study: 'ripple', params: { rows: 2, columns: 2, pauseMs: 1 } })
    await until(async () => (await workbench.snapshot(id)).state === 'done')
    const download = (file: string) => ask(server, `/api/runs/${id}/${file}`)

    const csv = await download('data.csv')
    expect(csv.headers['content-disposition']).toBe(`attachment; filename=${id}.csv`)
    expect(csv.body.split('\r\n')[0]).toMatch(/^"grid_index",.*"ripple","ripple_mark"$/)
    expect(JSON.parse((await download('data.json?figure=ripple')).body)).toMatchObject({
      id,
      figures: [{ id: 'ripple' }],
    })
    expect((await download('data.parquet')).body).toMatch(/^PAR1/)
    // A notebook that comes alone knows where its numbers are.
    expect((await download('data.ipynb')).body).toContain(`${server.url}api/runs/${id}/data.json`)
    expectRefusal(await download('data.xlsx'), 404, /expected one of data\.csv/)
    expectRefusal(await download('data.csv?figure=none'), 400, /figure none: no such figure/)
  })
})

describe('refusals', () => {
  it.each([
    ['no JSON at all', '{"study":', 400, /request body: expected JSON/],
    ['no study', '{}', 400, /request body\.study: expected string/],
    ['a field that is not one', '{"study":"ripple","evil":1}', 400, /evil/],
    [
      'a parameter of no known type',
      '{"study":"ripple","params":{"rows":{"a":1}}}',
      400,
      /params\.rows: expected a text/,
    ],
    [
      'a parameter with the name of the prototype',
      '{"study":"ripple","params":{"__proto__":{"rows":3}}}',
      400,
      /body\.params: expected the names of parameters, got __proto__/,
    ],
    ['an unknown study', '{"study":"<b>no</b>"}', 400, /expected ripple, got <b>no<\/b>/],
    ['a list', '[1,2]', 400, /request body: expected object/],
  ])('answers %s with a sentence', async (_what, body, status, sentence) => {
    const answer = await ask(server, '/api/runs', { method: 'POST', headers: json, body })
    expectRefusal(answer, status, sentence)
  })

  it('refuses a body over its limit', async () => {
    const body = JSON.stringify({ study: 'x'.repeat(1_100_000) })
    expectRefusal(await ask(server, '/api/runs', { method: 'POST', headers: json, body }), 413, /at most 1 MiB/)
  })

  it('takes no form of another site for JSON', async () => {
    const headers = { 'content-type': 'text/plain' }
    const answer = await ask(server, '/api/runs', { method: 'POST', headers, body: '{"study":"ripple"}' })
    expectRefusal(answer, 400, /content-type: application\/json/)
  })

  it.each([
    ['/api/nothing', 404, /GET \/api\/nothing: no such address/],
    ['/api/runs/run-999', 404, /run run-999: no such run/],
    ['/api/runs/..%2f..%2fetc%2fpasswd', 404, /no such run/],
    ['/api/runs/%E0%A4%A', 400, /request: /],
    ['/api/runs/run-999/cell?figure=ripple&index=0', 404, /no such run/],
    ['/api/runs/run-999/figures/ripple.csv', 404, /no such run/],
    ['/api/runs/run-999/figures/ripple.exe', 404, /expected FIGURE\.csv/],
    ['/assets/none.js', 404, /no such address/],
  ])('answers %s with %i', async (path, status, sentence) => {
    expectRefusal(await ask(server, path), status, sentence)
  })

  it.each([
    ['figure=ripple', /index: expected a whole number/],
    ['figure=ripple&index=-1', /index: expected a whole number/],
    ['figure=ripple&index=1.5', /index: expected a whole number/],
    ['figure=ripple&index=1&index=2', /index: expected a whole number/],
    ['figure=ripple&index=99999', /expected an index under/],
    ['figure=nope&index=0', /no figure nope/],
  ])('answers a cell question with %s', async (query, sentence) => {
    const { id } = await workbench.start({ study: 'ripple' })
    expectRefusal(await ask(server, `/api/runs/${id}/cell?${query}`), 400, sentence)
  })

  it.each([
    ['attention?figure=ripple&index=1', /layer: expected a whole number/],
    ['attention?figure=ripple&index=1&layer=0', /head: expected a whole number/],
    ['attention?figure=ripple&index=1&layer=0&head=x', /head: expected a whole number/],
    ['attention?figure=ripple&index=1&layer=0&head=0&from=-1', /from: expected a whole number/],
    ['lens?figure=ripple&index=1&from=1.5', /from: expected a whole number/],
    ['lens?figure=ripple&index=99999', /expected an index under/],
    ['neuron?figure=ripple&index=1&layer=0', /neuron: expected a whole number/],
    ['neuron?figure=ripple&index=1&layer=0&neuron=1&expert=', /expert: expected a whole number/],
  ])('answers a question about a cell, %s, with one sentence', async (query, sentence) => {
    const { id } = await workbench.start({ study: 'ripple' })
    expectRefusal(await ask(server, `/api/runs/${id}/cell/${query}`), 400, sentence)
  })

  it('answers each view of a cell', async () => {
    const api = createApi({ base: server.url.replace(/\/$/, '') })
    const { id } = await workbench.start({ study: 'ripple' })
    const cell = { figure: 'ripple', index: 2 }
    expect(await api.cell(id, cell, 'attention', { layer: 1, head: 1 })).toMatchObject({ ...cell, layer: 1, head: 1 })
    expect(await api.cell(id, cell, 'lens', { from: 3 })).toMatchObject({ ...cell, rows: [] })
    const neuron = { layer: 1, neuron: 5, expert: 2 }
    expect(await api.cell(id, cell, 'neuron', neuron)).toMatchObject({ ...cell, ...neuron, prompts: [] })
  })

  it('takes a question about a cell back when whoever asked goes away', async () => {
    let take = (_reason: unknown) => {}
    const taken = new Promise<unknown>(resolve => {
      take = resolve
    })
    class Slow extends MemoryWorkbench {
      override async cell(...[, , , , signal]: Parameters<MemoryWorkbench['cell']>): Promise<never> {
        return new Promise((_, reject) => {
          signal?.addEventListener('abort', () => {
            take(signal.reason)
            reject(signal.reason)
          })
        })
      }
    }
    const lines: string[] = []
    const slow = new Slow()
    const { id } = await slow.start({ study: 'ripple' })
    const other = await startServer({ workbench: slow, port: 0, webRoot, log: line => lines.push(line) })
    try {
      const gone = new AbortController()
      const api = createApi({ base: other.url.replace(/\/$/, '') })
      const asked = api.cell(id, { figure: 'ripple', index: 0 }, 'detail', {}, gone.signal)
      setTimeout(() => gone.abort(), 50)
      await expect(asked).rejects.toThrow(/abort/)
      expect(await taken).toMatchObject({ name: 'AbortError' })
      expect(lines).toEqual([])
    } finally {
      await other.close()
      await slow.close()
    }
  })

  it('keeps a bug of ours to one sentence, and logs it', async () => {
    const lines: string[] = []
    class Broken extends MemoryWorkbench {
      override async models(): Promise<never> {
        throw new TypeError('x is undefined')
      }
    }
    const broken = await startServer({ workbench: new Broken(), port: 0, log: line => lines.push(line) })
    expectRefusal(await ask(broken, '/api/models'), 500, /^internal: x is undefined$/)
    expect(lines[0]).toMatch(/^GET \/api\/models: TypeError: x is undefined/)
    await broken.close()
  })
})

describe('other origins and hosts', () => {
  const local = () => `127.0.0.1:${server.port}`
  it.each([
    ['a name that resolves here', { host: 'evil.example' }, 403, /^Host: expected localhost/],
    ['a name that only begins like ours', { host: 'localhost.evil.example' }, 403, /^Host: /],
    ['a number that is not this machine', { host: '10.1.2.3' }, 403, /^Host: /],
    ['another origin', { origin: 'https://evil.example' }, 403, /^Origin: /],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }, 403, /^Origin: /],
    ['an origin that hides itself', { origin: 'null' }, 403, /^Origin: /],
    ['an image on another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403, /^Origin: /],
  ])('refuses %s', async (_what, headers, status, sentence) => {
    expectRefusal(await ask(server, '/api/runs', { headers }), status, sentence)
    expectRefusal(await ask(server, '/', { headers }), status, sentence)
  })

  it('serves its own page, a forwarded port, and links from elsewhere', async () => {
    const good: Readonly<Record<string, string>>[] = [
      { origin: `http://${local()}` },
      { host: 'localhost:9999', origin: 'http://localhost:9999' },
      { host: '[::1]:80' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    ]
    for (const headers of good) expect((await ask(server, '/api/runs', { headers })).status).toBe(200)
  })
})

describe('a token', () => {
  it('is asked for when the server is told to listen elsewhere, and becomes a cookie', async () => {
    const open = await startServer({ workbench, port: 0, host: '0.0.0.0', webRoot })
    const { token = '' } = open
    expect(token.length).toBeGreaterThanOrEqual(24)
    expect(open.url).toBe(`http://localhost:${open.port}/?token=${token}`)
    expectRefusal(await ask(open, '/api/runs'), 401, /token: expected the one/)
    expectRefusal(await ask(open, '/api/runs?token=guess'), 401, /token/)
    expectRefusal(await ask(open, '/api/runs', { headers: { cookie: 'patchlight_token=%E0' } }), 401, /token/)
    expectRefusal(await ask(open, `/api/runs?token=${token}`, { headers: { host: 'evil.example' } }), 403, /Host/)
    expect((await ask(open, '/api/runs', { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)

    const first = await ask(open, `/run/run-1?token=${token}&figure=a`, { headers: { accept: 'text/html' } })
    expect([first.status, first.headers.location]).toEqual([303, '/run/run-1?figure=a'])
    const [cookie = ''] = first.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
    const headers = { cookie: cookie.split(';')[0] ?? '' }
    expect((await ask(open, '/api/runs', { headers })).status).toBe(200)
    const away = await ask(open, `//evil.example/?token=${token}`, { headers: { accept: 'text/html' } })
    expect(away.headers.location).toMatch(/^\/($|[^/\\])/)
    const nowhere = await ask(open, `//?token=${token}`, { headers: { accept: 'text/html' } })
    expect([nowhere.status, nowhere.headers.location]).toEqual([303, '/'])
    await open.close()
  })
})

describe('the page', () => {
  it('is served for every view, asked for each time, with its hashed files kept for ever', async () => {
    for (const path of ['/', '/run/run-1', '/run/a.b?figure=x', '/new']) {
      const answer = await ask(server, path)
      expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-cache'])
      expect(answer.body).toContain('<title>Patchlight')
    }
    const asset = await ask(server, '/assets/main-abc123.js')
    expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  })

  it('carries headers that keep it to itself', async () => {
    const { headers } = await ask(server, '/')
    expect(headers['content-security-policy']).toMatch(/script-src 'self';.*frame-ancestors 'none'/)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['x-powered-by']).toBeUndefined()
    for (const path of ['/api/runs', '/assets/none.js']) {
      expect((await ask(server, path)).headers['cache-control']).toBe('no-store')
    }
  })

  it('says how to build it where it has not been', async () => {
    const bare = await startServer({ workbench, port: 0, webRoot: join(webRoot, 'none') })
    const answer = await ask(bare, '/')
    expect([answer.status, answer.headers['content-type']]).toEqual([503, 'text/plain; charset=utf-8'])
    expect(answer.body).toContain('npm run build')
    await bare.close()
  })

  it('gives no file outside its folder', async () => {
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/assets/..%2f..%2f..%2fetc/passwd']) {
      expect((await ask(server, path)).body).not.toMatch(/root:|"name"/)
    }
  })
})

describe('ports', () => {
  it('says so where the port that was asked for is taken', async () => {
    const starting = startServer({ workbench, port: server.port })
    await expect(starting).rejects.toMatchObject({
      name: 'ServerError',
      message: `serve: expected a free port on 127.0.0.1, but port ${server.port} is in use; choose another with --port`,
    })
  })

  it('takes the next free one where none was asked for', async () => {
    const taken = createServer()
    // Whether this one gets the default port or something else has it, it is taken now.
    await new Promise<void>(resolve => {
      taken.once('error', () => resolve())
      taken.listen(4117, '127.0.0.1', () => resolve())
    })
    const next = await startServer({ workbench })
    expect(next.port).toBeGreaterThan(4117)
    await next.close()
    taken.close()
  })

  it('refuses an address of another machine', async () => {
    await expect(startServer({ workbench, port: 0, host: '192.0.2.1' })).rejects.toMatchObject({ name: 'ServerError' })
  })

  it('is free again after close, also with a client that never finishes', async () => {
    const closing = await startServer({ workbench, port: 0 })
    const hung = httpRequest({
      port: closing.port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/api/runs',
      headers: json,
    })
    hung.on('error', () => {})
    hung.write('{')
    await new Promise(resolve => setTimeout(resolve, 50))
    await closing.close()
    const again = await startServer({ workbench, port: closing.port })
    await again.close()
  })
})
