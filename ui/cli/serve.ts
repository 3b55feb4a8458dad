/** `patchlight serve`: the workbench in the browser. */
import { RunShelf } from '../../studies/runs/shelf.ts'
import { createWorkbench, defaultStudiesDir } from '../../studies/runs/workbench.ts'
import { DEFAULT_PORT, startServer } from '../server/start.ts'
import { BACKEND_OPTION, DTYPE_OPTION, given, RUNS_OPTION } from './common-options.ts'
import { defineCommand } from './parse.ts'

const MAX_PORT = 65_535

export const serve = defineCommand({
  name: 'serve',
  summary: 'Serves the page. This is what npm start does.',
  arguments: [],
  options: {
    port: {
      type: 'number',
      value: 'N',
      min: 0,
      max: MAX_PORT,
      help: `Port to listen on; 0 for any free one. Default: ${DEFAULT_PORT}, or the next free one.`,
    },
    host: {
      type: 'text',
      value: 'ADDRESS',
      help: 'Address to listen on; one that others can reach needs a token. Default: 127.0.0.1.',
    },
    token: { type: 'text', value: 'TEXT', help: 'Token that the page must bring. Default: a random one where needed.' },
    model: {
      type: 'list',
      value: 'MODEL',
      help: 'Checkpoint folder or pulled OWNER/NAME to offer; may be repeated. Pulled ones are offered anyway.',
    },
    study: { type: 'list', value: 'FILE', help: 'Study file of your own to offer; may be repeated.' },
    runs: RUNS_OPTION,
    backend: BACKEND_OPTION,
    dtype: DTYPE_OPTION,
    dev: { type: 'switch', help: 'Serve the page from its sources, for work on the page itself.' },
  },
  async run(options, _words, output) {
    const workbench = createWorkbench({
      models: options.model,
      studyFiles: options.study,
      studiesDir: defaultStudiesDir(),
      ...given('runsDir', options.runs),
      ...given('backend', options.backend),
      ...given('dtype', options.dtype),
      onProblem: text => output.say(`Left out: ${text}`),
    })
    try {
      await new RunShelf(workbench.runsDir).purge('old')
      const server = await startServer({
        workbench,
        dev: options.dev,
        ...given('port', options.port),
        ...given('host', options.host),
        ...given('token', options.token),
      })
      const stopped = interrupted()
      output.line(`Patchlight is at ${output.bold(server.url)}`)
      output.say(`Runs are kept in ${workbench.runsDir}. Ctrl-C ends the server.`)
      await stopped
      output.say('Ending; runs under way can be resumed.')
      await server.close()
      return 0
    } finally {
      await workbench.close()
    }
  },
})

/** Resolves at the first Ctrl-C (or request to end); a second one ends the process at once. */
function interrupted(): Promise<void> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130))
        resolve()
      })
    }
  })
}
