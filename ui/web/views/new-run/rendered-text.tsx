/** What the chat template made of a prompt, its whitespace visible: a newline too many changes the numbers. */
import { numbered } from '../../parts/numbered.ts'
import { whitespaceRuns } from './whitespace.ts'

export function RenderedText({ text, name }: { readonly text: string; readonly name: string }) {
  return (
    <section aria-label={name} className="rendered-text">
      {numbered(whitespaceRuns(text)).map(({ at, item: { shown, isMark } }) =>
        isMark ? (
          <span key={at} className="whitespace-mark">
            {shown}
          </span>
        ) : (
          shown
        ),
      )}
    </section>
  )
}
