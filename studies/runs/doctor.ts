/** What `patchlight doctor` and the page's own doctor say: the machine, its backends and number formats, and which computes what. */
import { cpus, totalmem } from 'node:os'
import { detectFormats } from '../../engine/backends/formats.ts'
import { measureMemory } from '../../engine/backends/measure.ts'
import { detectBackends } from '../../engine/backends/select.ts'
import { configReader } from '../../engine/checkpoint/config.ts'
import { openCheckpoint } from '../../engine/checkpoint/open.ts'
import { BackendError } from '../../engine/errors.ts'
import { familyOf } from '../../engine/families/registry.ts'
import { backendFor } from '../../engine/load.ts'
import type { ModelSpec } from '../../engine/spec.ts'
import { EMBEDDED_MODEL } from './model-list.ts'
import { versions } from './versions.ts'
import type { DoctorReport } from './workbench-types.ts'

/** Llama 3.2 1B's: what most people try first. */
const LARGE = { dModel: 2048, heads: 32, kvHeads: 8, dHead: 64, dMlp: 8192, experts: null }

/** Measures everything again. Takes a few seconds, and needs the process to itself. */
export async function doctorReport(): Promise<DoctorReport> {
  const backends = await detectBackends()
  const formats = await detectFormats()
  const embedded = await embeddedSpec()
  const choices = [
    await choice('the embedded model', embedded),
    await choice('a model like Llama 3.2 1B', { ...embedded, ...LARGE }),
  ].flatMap(found => found ?? [])
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    memoryGBs: measureMemory(),
    versions: versions(),
    backends: backends.map(report => ({ ...report, chosen: choices.some(({ backend }) => backend === report.name) })),
    formats,
    choices,
  }
}

/** Null where the one that was asked for is not usable: its report says why. */
async function choice(model: string, spec: ModelSpec): Promise<DoctorReport['choices'][number] | null> {
  try {
    const { backend, why } = await backendFor(spec, {}, { again: true })
    return { model, backend: backend.name, why }
  } catch (error) {
    if (error instanceof BackendError) return null
    throw error
  }
}

async function embeddedSpec(): Promise<ModelSpec> {
  const checkpoint = await openCheckpoint(EMBEDDED_MODEL)
  try {
    const config = configReader({ ...checkpoint.config })
    return familyOf(config).spec(config)
  } finally {
    await checkpoint.close()
  }
}
