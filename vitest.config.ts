import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** What is measured in tests stays out of the user's cache; kept between runs, so that few tests measure. */
const env = { PATCHLIGHT_CACHE: process.env.PATCHLIGHT_CACHE ?? join(tmpdir(), 'patchlight-tests-cache') }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          env,
          name: 'unit',
          include: ['tests/{engine,hooks,studies,ui,parity,docs}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: 'forks',
        },
      },
      {
        test: {
          env,
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          pool: 'forks',
          fileParallelism: false,
          expect: { poll: { timeout: 15_000 } },
          // A browser on a busy machine: what is broken fails twice.
          retry: 1,
        },
      },
    ],
  },
})
