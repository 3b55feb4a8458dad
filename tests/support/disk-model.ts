/** A fixture whose weights stay on disk, and how often each of its tensors was read. */
import type { BackendName } from '../../engine/backends/types.ts'
import { configReader } from '../../engine/checkpoint/config.ts'
import { openCheckpoint } from '../../engine/checkpoint/open.ts'
import type { Checkpoint } from '../../engine/checkpoint/types.ts'
import { familyOf } from '../../engine/families/registry.ts'
import type { Model } from '../../engine/model.ts'
import { weightsFromDisk } from '../../engine/weights-from-disk.ts'
import { checkpointDir } from './fixtures.ts'
import { openFixture } from './models.ts'

export interface CountedModel {
  readonly model: Model
  /** How often each tensor was read since it was loaded, rows of the embedding left out. */
  readonly reads: Map<string, number>
}

/** @param change of the opened checkpoint, before anything of it is read */
export async function openCounted(
  name: string,
  backend: BackendName,
  change: (checkpoint: Checkpoint) => Partial<Checkpoint> = () => ({}),
): Promise<CountedModel> {
  const base = await openFixture(name, backend)
  const reads = new Map<string, number>()
  const count = (tensor: string): void => void reads.set(tensor, (reads.get(tensor) ?? 0) + 1)
  const opened = await openCheckpoint(checkpointDir(name))
  const checkpoint: Checkpoint = {
    dir: opened.dir,
    config: opened.config,
    tensors: opened.tensors,
    bytes: opened.bytes,
    read: tensor => {
      count(tensor)
      return opened.read(tensor)
    },
    readStored: (tensor, into, offset) => {
      count(tensor)
      return opened.readStored(tensor, into, offset)
    },
    readStoredSync: (tensor, into, offset) => opened.readStoredSync(tensor, into, offset),
    fingerprint: () => opened.fingerprint(),
    close: () => opened.close(),
    ...change(opened),
  }
  try {
    const slots = familyOf(configReader({ ...opened.config })).slots(base.spec, tensor => opened.tensors.has(tensor))
    const weights = await weightsFromDisk(checkpoint, base.spec, slots, base.backend)
    const dispose = async (): Promise<void> => {
      await weights.dispose()
      await opened.close()
    }
    return { model: { ...base, checkpoint, weights, dispose }, reads }
  } catch (error) {
    await opened.close()
    throw error
  } finally {
    await base.dispose()
  }
}
