/**
 * Hooks as a library: what is done at a hook point. `runWithHooks` is the plain way to run anything;
 * `prepareSweep` gives the same numbers for many patches of one prompt at a fraction of the cost;
 * `generateWithHooks` steers text. The contracts are in SPEC.md.
 */
export { type PatternPiece, type PatternQuestion, readPatterns } from './attention-patterns.ts'
export { type Activation, Capture, type PointSelector, selectPoints } from './capture.ts'
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
export { meanActivation } from './mean.ts'
export { type RankedToken, topTokens } from './measure.ts'
export type { Metric } from './metric.ts'
export { prepareSweep, type Sweep } from './sweep/execute.ts'
export { runPlain } from './sweep/plain.ts'
export { planSweep, type SweepPlan } from './sweep/plan.ts'
export type { Patch, PatchResult, SweepBase, SweepRequest } from './sweep/types.ts'
