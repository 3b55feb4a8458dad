import { join } from 'node:path'
import { expect, it } from 'vitest'
import { snapshotFolder } from '../../../engine/checkpoint/hub/cache.ts'
import { checkpointName } from '../../../engine/checkpoint/name.ts'

it('is the repository’s in the Hub’s cache, the folder’s elsewhere', () => {
  expect(checkpointName(snapshotFolder('cache', 'owner/some-model', 'a'.repeat(40)))).toBe('owner/some-model')
  expect(checkpointName(join('models', 'my-fine-tune'))).toBe('my-fine-tune')
})
