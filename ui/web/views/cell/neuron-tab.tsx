/** A neuron: where in the study's prompts it is active, and which tokens it writes for and against. */
import { useState } from 'react'
import type {
  CellAddress,
  CellDetail,
  CellNeuron,
  NeuronPrompt,
  Reading,
  TokenWindow,
  WrittenToken,
} from '../../../../studies/runs/cell/types.ts'
import type { RunId } from '../../../../studies/runs/events.ts'
import { colourAt, takesDarkInk } from '../../../figures/colours.ts'
import { formatNumber, formatSigned } from '../../format.ts'
import { numbered } from '../../parts/numbered.ts'
import { ScrollBox } from '../../parts/scroll-box.tsx'
import { ColourBar } from '../figure/colour-bar.tsx'
import { ShownTokens } from './shown-tokens.tsx'
import { useCellView } from './use-cell-view.ts'
import { Waiting } from './waiting.tsx'
import './neuron.css'

interface NeuronTabProps {
  readonly run: RunId
  readonly cell: CellAddress
  readonly detail: CellDetail
}

export function NeuronTab({ run, cell, detail }: NeuronTabProps) {
  const place = detail.places.find(one => one.neuron !== undefined)
  const { layer = 0, neuron = 0, expert } = place ?? {}
  const answer = useCellView(run, cell, 'neuron', { layer, neuron, ...(expert === undefined ? {} : { expert }) })
  return (
    <div className="neuron">
      <Waiting answer={answer} what="Running the study’s prompts" />
      {answer.value !== null && <Neuron neuron={answer.value} stale={answer.loading} />}
    </div>
  )
}

function Neuron({ neuron, stale }: { readonly neuron: CellNeuron; readonly stale: boolean }) {
  const [pointed, setPointed] = useState<Reading>(null)
  const sides = neuron.prompts.flatMap(({ before, after }) => [...before, ...(after ?? [])])
  // One range for all prompts: equal shades are equal activations.
  const range = sides.reduce((most: number, value) => Math.max(most, Math.abs(value ?? 0)), 0) || 1
  return (
    <div className="neuron-body" aria-busy={stale}>
      <section aria-label="Tokens it writes">
        <h3>
          What N{neuron.neuron}@L{neuron.layer} writes
          {neuron.expert !== undefined && <span className="muted"> (expert {neuron.expert})</span>}
        </h3>
        <div className="written">
          <Written name="Promoted" tokens={neuron.promoted} />
          <Written name="Demoted" tokens={neuron.demoted} />
        </div>
        <p className="muted small">{neuron.how} A negative activation does the opposite.</p>
      </section>
      <section aria-label="Activations">
        <h3>Its activation over the study’s prompts</h3>
        <ColourBar
          colouring={{ scale: 'diverging', range: [-range, range] }}
          metric="activation"
          unit="after the nonlinearity"
          value={pointed}
        />
        <ul className="neuron-prompts">
          {numbered(neuron.prompts).map(({ at, item }) => (
            <Prompt key={at} prompt={item} range={range} onPoint={setPointed} />
          ))}
        </ul>
        {neuron.leftOut > 0 && (
          <p className="muted small">
            {neuron.leftOut} more {neuron.leftOut === 1 ? 'prompt of the study is' : 'prompts of the study are'} left
            out: this view runs a limited number of tokens.
          </p>
        )}
      </section>
    </div>
  )
}

function Written({ name, tokens }: { readonly name: string; readonly tokens: readonly WrittenToken[] }) {
  const most = Math.max(...tokens.map(token => Math.abs(token.logit)), Number.MIN_VALUE)
  return (
    <table className="written-table" aria-label={name}>
      <caption>{name}</caption>
      <tbody>
        {tokens.map(token => (
          <tr key={token.id} title={`token ${token.id}`}>
            <th scope="row">
              <span
                className="written-bar"
                data-sign={Math.sign(token.logit)}
                style={{ width: `${(100 * Math.abs(token.logit)) / most}%` }}
              />
              <span className="written-label">{token.label}</span>
            </th>
            <td className="number">{formatSigned(token.logit)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

interface PromptProps {
  readonly prompt: NeuronPrompt
  readonly range: number
  readonly onPoint: (value: Reading) => void
}

function Prompt({ prompt, range, onPoint }: PromptProps) {
  const { name, window, before, after } = prompt
  const strip = (values: readonly Reading[], side: string) => (
    <ScrollBox items={window.labels.length} name={`${name}${side}`}>
      <Shaded name={`${name}${side}`} window={window} values={values} range={range} onPoint={onPoint} />
    </ScrollBox>
  )
  return (
    <li>
      <span className="muted small">
        {name} · up to {formatNumber(Math.max(...before.map(value => value ?? 0)))}
      </span>
      <ShownTokens window={window} />
      {strip(before, after === null ? '' : ', baseline')}
      {after !== null && (
        <>
          <span className="muted small">the same, patched</span>
          {strip(after, ', patched')}
        </>
      )}
    </li>
  )
}

interface ShadedProps {
  readonly name: string
  readonly window: TokenWindow
  readonly values: readonly Reading[]
  readonly range: number
  readonly onPoint: (value: Reading) => void
}

/** Weaker activations than this, as a share of the strongest, are left unshaded: white text on white is none. */
const LEAST_SHARE = 0.06

function Shaded({ name, window, values, range, onPoint }: ShadedProps) {
  return (
    <ol className="token-strip shaded" aria-label={name} onPointerLeave={() => onPoint(null)}>
      {numbered(window.labels).map(({ at, item }) => {
        const value = values[at] ?? null
        const share = (value ?? 0) / range
        const colour = Math.abs(share) < LEAST_SHARE ? null : colourAt('diverging', (share + 1) / 2)
        return (
          <li
            key={at}
            className="token"
            title={`position ${window.from + at}: ${formatNumber(value ?? Number.NaN)}`}
            style={
              colour === null ? undefined : { background: colour, color: takesDarkInk(colour) ? '#111417' : '#ffffff' }
            }
            onPointerEnter={() => onPoint(value)}
          >
            {item}
            <span className="visually-hidden"> {formatNumber(value ?? Number.NaN)}</span>
          </li>
        )
      })}
    </ol>
  )
}
