/** JSON files of a checkpoint folder: read with errors that say which file and what is wrong with it. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { CheckpointError } from '../errors.ts'

export type JsonObject = Readonly<Record<string, unknown>>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The operating system's error code (`ENOENT`, …), or the message of anything else that was thrown. */
export function errorCode(error: unknown): string {
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.message
  return String(error)
}

/** A value as an error message shows it: JSON, cut short. */
export function shown(value: unknown): string {
  let text: string
  try {
    text = JSON.stringify(value) ?? String(value)
  } catch {
    // Nesting too deep for JSON.stringify.
    text = Array.isArray(value) ? 'a deeply nested list' : 'a deeply nested object'
  }
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

/** Parses JSON that must hold an object. @throws CheckpointError that begins with `file`. */
export function parseJsonObject(text: string, file: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new CheckpointError(
      `${file}: expected JSON, got something that does not parse (${error instanceof Error ? error.message : error})`,
    )
  }
  if (!isJsonObject(value)) throw new CheckpointError(`${file}: expected a JSON object, got ${shown(value)}`)
  return value
}

/**
 * Reads a JSON object from a file.
 * @returns null if the file does not exist.
 * @throws CheckpointError if it cannot be read, or is not a JSON object.
 */
export async function readJsonObject(path: string): Promise<JsonObject | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT') return null
    throw new CheckpointError(`${path}: expected a readable file, got ${code}`)
  }
  return parseJsonObject(text, basename(path))
}
