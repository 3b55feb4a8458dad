/** The prompt of a text: what is typed, how it becomes tokens, and the tokens themselves. */
import { PROMPT_PARAMS } from '../../../../studies/prompt-params.ts'
import { ParamField } from '../new-run/param-field.tsx'
import { TokenLookupContext, useTokenLookup } from '../new-run/token-lookup.ts'
import { TokenPreview } from '../new-run/token-preview.tsx'
import { Field } from './field.tsx'
import { fieldOfRefusal, type GenerateFields, promptOptionsOf } from './generate-form.ts'

interface PromptFieldsProps {
  readonly model: string | undefined
  readonly chats: boolean
  readonly fields: GenerateFields
  readonly problemOf: (key: keyof GenerateFields) => string | null
  readonly onChange: (change: Partial<GenerateFields>) => void
}

export function PromptFields({ model, chats, fields, problemOf, onChange }: PromptFieldsProps) {
  const { prompt, bos, chat, system } = fields
  const lookup = useTokenLookup(model, { prompts: [prompt], pieces: [] }, promptOptionsOf(fields, chats))
  const wrong = lookup.error === null ? null : (fieldOfRefusal(lookup.error) ?? 'prompt')
  const problem = (key: keyof GenerateFields) => problemOf(key) ?? (wrong === key ? lookup.error : null)
  return (
    <TokenLookupContext.Provider value={lookup}>
      <Field id="prompt" label="Prompt" problem={problem('prompt')}>
        <textarea
          id="generate-prompt"
          className="input mono"
          rows={2}
          spellCheck={false}
          value={prompt}
          onChange={event => onChange({ prompt: event.target.value })}
        />
        <TokenPreview text={prompt} name="the prompt" />
      </Field>
      {chats && (
        <ParamField
          id="generate-chat"
          param={PROMPT_PARAMS.chat}
          value={chat}
          onChange={value => onChange({ chat: value === true })}
          problem={problem('chat')}
        />
      )}
      {chats && chat && (
        <ParamField
          id="generate-system"
          param={PROMPT_PARAMS.system}
          value={system}
          onChange={value => onChange({ system: String(value) })}
          problem={problem('system')}
        />
      )}
      <ParamField
        id="generate-bos"
        param={PROMPT_PARAMS.bos}
        value={bos}
        onChange={value => onChange({ bos: String(value) })}
        problem={problem('bos')}
      />
    </TokenLookupContext.Provider>
  )
}
