/** One cell of a figure, run again: what was patched, and the likeliest next tokens without and with it. */
import { internalError, StudyError } from '../../engine/errors.ts'
import type { Model } from '../../engine/model.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import type { CellQuestion } from '../study.ts'
import { topTokensOf } from './top-tokens.ts'
import type { CellDetail } from './workbench-types.ts'

const TOP = 10

/** @throws StudyError where the cell stands for no single run */
export async function cellDetail(
  model: Model,
  figure: string,
  index: number,
  question: CellQuestion | null,
): Promise<CellDetail> {
  if (question === null) {
    throw new StudyError(
      `figure ${figure}, cell ${index}: it sums up several runs, so there is no single one to look at`,
    )
  }
  const { what, ids, position, interventions } = question
  const [before, after] = await runWithHooks(model, [{ ids }, { ids, interventions }], { logits: [position] })
  const [logitsBefore, logitsAfter] = [before?.logits[0], after?.logits[0]]
  if (logitsBefore === undefined || logitsAfter === undefined) throw internalError('a cell without logits')
  return {
    figure,
    index,
    what,
    tokens: { ids, labels: ids.map(id => model.tokenizer.label(id)) },
    position: position < 0 ? position + ids.length : position,
    interventions,
    before: topTokensOf(logitsBefore, TOP, model.tokenizer),
    after: topTokensOf(logitsAfter, TOP, model.tokenizer),
  }
}
