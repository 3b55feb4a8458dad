/**
 * Which files of a repository a checkpoint needs: config, tokenizer and safetensors weights, as
 * `weight-files.ts` will look for them. Pickles can run code and are never fetched.
 */
import { CheckpointError } from '../../errors.ts'
import { parseJsonObject } from '../json-file.ts'
import { filesOfIndex, INDEX, SINGLE } from '../weight-files.ts'
import type { HubFile, Repository } from './repository.ts'

export const CONFIG = 'config.json'
const PICKLE = /\.(bin|pth|pt|ckpt|pkl)$/

/** What we read, and what Python needs to use the same folder. */
const BESIDE = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'tokenizer.model',
  'vocab.json',
  'merges.txt',
  'chat_template.jinja',
  'chat_template.json',
]

function present({ files }: Repository, names: readonly string[]): HubFile[] {
  return names.flatMap(name => files.get(name) ?? [])
}

/** The files that say what else is needed. @throws CheckpointError if this is no checkpoint that we could read. */
export function firstFiles(what: string, repository: Repository): HubFile[] {
  const { files } = repository
  if (!files.has(CONFIG)) {
    const other = files.has('adapter_config.json')
      ? 'an adapter without its model: pull the model that it adapts'
      : 'none: it holds no model in the transformers layout'
    throw new CheckpointError(`${what}: expected a config.json, got ${other}`)
  }
  const names = [...files.keys()]
  if (!names.some(name => name.endsWith('.safetensors')) && !files.has(INDEX)) {
    const pickle = names.find(name => PICKLE.test(name))
    const gguf = names.find(name => name.endsWith('.gguf'))
    if (pickle !== undefined) {
      throw new CheckpointError(
        `${what}: expected *.safetensors weights, got only ${pickle}: pickles can run code and are never fetched; ` +
          'look for a revision that has safetensors (often @refs/pr/1), or convert it in Python with ' +
          'save_pretrained(DIR, safe_serialization=True) and give --model DIR',
      )
    }
    const got = gguf === undefined ? 'no weights at all' : `only ${gguf}: pull the model that it was made from`
    throw new CheckpointError(`${what}: expected *.safetensors weights, got ${got}`)
  }
  return present(repository, files.has(SINGLE) ? [CONFIG] : [CONFIG, INDEX])
}

/**
 * All files to fetch.
 * @param index the index's text, where `firstFiles` named it
 * @throws CheckpointError if the index names files that the repository lacks, or that are no plain names
 */
export function neededFiles(what: string, repository: Repository, index: string | null): HubFile[] {
  const { files } = repository
  const beside = [CONFIG, ...BESIDE]
  if (index === null) {
    const weights = files.has(SINGLE) ? [SINGLE] : [...files.keys()].filter(name => name.endsWith('.safetensors'))
    return present(repository, [...beside, ...weights.sort()])
  }
  const { files: shards } = filesOfIndex(parseJsonObject(index, INDEX))
  const missing = shards.find(name => !files.has(name))
  if (missing !== undefined) {
    throw new CheckpointError(`${what}: its ${INDEX} names ${missing}, which the repository does not have`)
  }
  return present(repository, [...beside, INDEX, ...shards])
}
