/**
 * Hooks as a library: what is done at a hook point. `runWithHooks` is the plain way to run anything;
 * `prepareSweep` gives the same numbers for many patches of one prompt at a fraction of the cost;
 * `generateWithHooks` steers text. The contracts are in SPEC.md.
 */
export { type PatternPiece, type PatternQuestion, readPatterns } from './attention-patterns.ts'
export { type Activation, Capture, type PointSelector, selectPoints } from './capture.ts'
export { directLogits } from './direct-logits.ts'
export { generateWithHooks, type HookedGenerateOptions } from './generate-with-hooks.ts'
export { type PromptRun, type RunOptions, type RunOutput, runWithHooks } from './hooked.ts'
export {
  type Intervention,
  interventionSchema,
  type Positions,
  parseInterventions,
  type SetTo,
} from './intervention.ts'
export { type HookFunction, type LaneHooks, LaneTap } from './lane-tap.ts'
export { type LensRow, logitLens } from './logit-lens.ts'
export { meanActivation } from './mean.ts'
export type { Metric } from './metric.ts'
export { type NeuronAddress, type NormScales, neuronLogits } from './neuron-writes.ts'
export {
  type PathQuestion,
  type PathReceiver,
  type PathSender,
  pathPatches,
  type ReceiverInput,
} from './path-patching.ts'
export { prepareSweep, type Sweep } from './sweep/execute.ts'
export { runPlain } from './sweep/plain.ts'
export { planSweep, type SweepPlan } from './sweep/plan.ts'
export type { Patch, PatchResult, SweepBase, SweepRequest } from './sweep/types.ts'
export { logProbs, type RankedToken, topTokens } from './top-tokens.ts'
