/** A Hub on loopback and an empty cache, both gone when the test ends. */
import { onTestFinished } from 'vitest'
import { type PulledModel, type PullOptions, pullCheckpoint } from '../../../../engine/checkpoint/hub/pull.ts'
import { type HubSettings, hubSettings } from '../../../../engine/checkpoint/hub/settings.ts'
import { temporaryFolder } from '../../../support/fixtures.ts'
import { HubServer } from '../../../support/hub-server.ts'

export const QUICK = { attempts: 3, pauseMs: 5, silenceMs: 250 } as const

export interface Bench {
  readonly hub: HubServer
  readonly home: string
  readonly settings: HubSettings
  pull(model: string, options?: PullOptions): Promise<PulledModel>
}

export async function bench(env: Readonly<Record<string, string>> = {}): Promise<Bench> {
  const hub = await HubServer.start()
  const { dir: home, remove } = temporaryFolder()
  onTestFinished(async () => {
    await hub.close()
    remove()
  })
  const settings = hubSettings({ HF_ENDPOINT: hub.url, HF_HOME: home, ...env })
  return {
    hub,
    home,
    settings,
    pull: (model, options = {}) => pullCheckpoint(model, { settings, patience: QUICK, ...options }),
  }
}

/** A config that some family reads, for models whose weights are only bytes. */
export const CONFIG = Buffer.from(
  JSON.stringify({
    model_type: 'llama',
    hidden_size: 8,
    intermediate_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    vocab_size: 32,
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    max_position_embeddings: 64,
    hidden_act: 'silu',
  }),
)

/** Bytes that differ from place to place. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}
