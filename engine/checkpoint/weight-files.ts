/**
 * Which safetensors files of a folder hold the weights: `model.safetensors`, else the shards that
 * `model.safetensors.index.json` names, else every `*.safetensors`. Pickles are never opened.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError } from '../errors.ts'
import { errorCode, isJsonObject, type JsonObject, readJsonObject, shown } from './json-file.ts'
import type { TensorInfo } from './types.ts'

export const SINGLE = 'model.safetensors'
export const INDEX = 'model.safetensors.index.json'
const PICKLE = /\.(bin|pth|pt|ckpt)$/

export interface WeightFiles {
  /** Names inside the folder. */
  readonly files: readonly string[]
  /** From the index: which file holds which tensor. */
  readonly weightMap: ReadonlyMap<string, string> | null
}

/** A plain name: the index is a stranger's, and must not lead out of the folder. */
function isPlainFileName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^[^/\\\0:]+\.safetensors$/.test(value) &&
    !value.startsWith('..') &&
    value.length < 256
  )
}

/** What an index says, as parsed. @throws CheckpointError if it is damaged, or names what is no plain file name. */
export function filesOfIndex(index: JsonObject | null): WeightFiles {
  const map = index?.weight_map
  if (!isJsonObject(map)) throw new CheckpointError(`${INDEX}: weight_map: expected an object, got ${shown(map)}`)
  const weightMap = new Map<string, string>()
  for (const [name, file] of Object.entries(map)) {
    if (!isPlainFileName(file)) {
      throw new CheckpointError(
        `${INDEX}: tensor ${shown(name)}: expected the name of a .safetensors file in this folder, got ${shown(file)}`,
      )
    }
    weightMap.set(name, file)
  }
  if (weightMap.size === 0) throw new CheckpointError(`${INDEX}: weight_map: expected tensors, got none`)
  return { files: [...new Set(weightMap.values())].sort(), weightMap }
}

/** @throws CheckpointError if the folder holds no safetensors files, or its index is damaged. */
export async function findWeightFiles(dir: string): Promise<WeightFiles> {
  let names: string[]
  try {
    names = (await readdir(dir)).sort()
  } catch (error) {
    throw new CheckpointError(`${dir}: expected a readable folder, got ${errorCode(error)}`)
  }
  if (names.includes(SINGLE)) return { files: [SINGLE], weightMap: null }
  if (names.includes(INDEX)) return filesOfIndex(await readJsonObject(join(dir, INDEX)))
  const files = names.filter(name => name.endsWith('.safetensors'))
  if (files.length > 0) return { files, weightMap: null }
  const pickle = names.find(name => PICKLE.test(name))
  if (pickle !== undefined) {
    throw new CheckpointError(
      `${dir}: expected *.safetensors weights, got only ${pickle}: pickles can run code and are never read; ` +
        'convert it in Python with save_pretrained(DIR, safe_serialization=True)',
    )
  }
  throw new CheckpointError(`${dir}: expected weights (model.safetensors, or shards with ${INDEX}), got none`)
}

/**
 * The tensors of all files by name, held against the index.
 * @throws CheckpointError if two files hold one name, or the index names a tensor that its file lacks.
 */
export function mergeTensors(perFile: readonly (readonly TensorInfo[])[], map: WeightFiles['weightMap']) {
  const tensors = new Map<string, TensorInfo>()
  for (const tensor of perFile.flat()) {
    const other = tensors.get(tensor.name)
    if (other !== undefined) {
      throw new CheckpointError(`${tensor.file}: tensor ${shown(tensor.name)}: ${other.file} has one of that name too`)
    }
    tensors.set(tensor.name, tensor)
  }
  for (const [name, file] of map ?? []) {
    if (tensors.get(name)?.file !== file) {
      throw new CheckpointError(`${INDEX}: tensor ${shown(name)}: expected it in ${file}, which has none of that name`)
    }
  }
  return tensors
}
