/**
 * The engine as a library: a checkpoint in, hookable forward passes out. Most callers want `loadModel`
 * here and `runWithHooks` of `hooks/`; lanes, taps and the pass itself are for building on.
 */
export { detectBackends, selectBackend } from './backends/select.ts'
export { BACKEND_NAMES, type Backend, type BackendName } from './backends/types.ts'
export { findModel } from './checkpoint/hub/find-model.ts'
export { type PulledModel, type PullOptions, type PullProgress, pullCheckpoint } from './checkpoint/hub/pull.ts'
export { type OutputTensor, writeSafetensors } from './checkpoint/write-safetensors.ts'
export * from './errors.ts'
export { disposeKeyValues, embed, KeyValueCollector, type LayersOptions, runLayers, unembed } from './forward.ts'
export { type FinishReason, type GeneratedToken, type GenerateOptions, generate } from './generate.ts'
export { type Batch, batchOf, type KeyValues, type Lane, type LaneGroup } from './lanes.ts'
export { loadModel } from './load.ts'
export type { LoadOptions, Model } from './model.ts'
export { type Address, matchPoints, resolvePoint } from './point-names.ts'
export { type AxisName, type Point, pointsOf, SITES, type Site } from './points.ts'
export { makeSampler, type Sampler, type SamplingOptions } from './sample.ts'
export type { ModelSpec } from './spec.ts'
export { type Firing, NO_TAP, type Tap } from './tap.ts'
export { loadTokenizer } from './tokenizer.ts'
export type { ChatMessage, EncodeOptions, Tokenizer } from './tokenizer-types.ts'
