/**
 * Opens a checkpoint folder in Hugging Face layout. Headers are read and checked here; weights stay
 * on disk until someone reads them, one tensor at a time.
 */
import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError, internalError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { fingerprintTensors } from './fingerprint.ts'
import { errorCode, type JsonObject, readJsonObject, shown } from './json-file.ts'
import { readTensor } from './read-tensor.ts'
import { readExactly, readExactlySync, readHeader } from './safetensors.ts'
import type { Checkpoint, HostTensor, TensorInfo } from './types.ts'
import { findWeightFiles, mergeTensors } from './weight-files.ts'

async function checkFolder(dir: string): Promise<void> {
  let isDirectory: boolean
  try {
    isDirectory = (await stat(dir)).isDirectory()
  } catch (error) {
    const code = errorCode(error)
    const got = code === 'ENOENT' || code === 'ENOTDIR' ? 'nothing there' : code
    throw new CheckpointError(`${shown(dir)}: expected a checkpoint folder, got ${got}`)
  }
  if (!isDirectory) throw new CheckpointError(`${dir}: expected a checkpoint folder, got a file`)
}

async function readConfig(dir: string): Promise<JsonObject> {
  const config = await readJsonObject(join(dir, 'config.json'))
  if (config !== null) return config
  throw new CheckpointError(`${dir}: expected a config.json, got none: is this a folder in Hugging Face layout?`)
}

async function openFile(dir: string, file: string): Promise<FileHandle> {
  try {
    return await open(join(dir, file), 'r')
  } catch (error) {
    const code = errorCode(error)
    const got = code === 'ENOENT' ? 'none: the download is not whole; fetch it again' : code
    throw new CheckpointError(`${file}: expected a readable file in ${dir}, got ${got}`)
  }
}

async function closeAll(handles: ReadonlyMap<string, FileHandle>): Promise<void> {
  for (const handle of handles.values()) await handle.close()
}

/** File system errors while reading, as errors that name the folder. */
async function guarded<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asCheckpointError(dir, error)
  }
}

function asCheckpointError(dir: string, error: unknown): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error
  return new CheckpointError(`${dir}: expected to read its weights, got ${errorCode(error)}`)
}

function checkRange(info: TensorInfo, into: Uint8Array, offset: number): void {
  const size = info.end - info.begin
  if (offset < 0 || offset + into.length > size)
    throw internalError(`${info.name}: ${into.length} bytes at ${offset} of ${size}`)
}

/**
 * Opens a checkpoint folder: `config.json` and `*.safetensors`. The caller closes it.
 * @throws CheckpointError, one sentence that names file and tensor, if anything is missing, damaged or lying.
 */
export async function openCheckpoint(dir: string): Promise<Checkpoint> {
  await checkFolder(dir)
  const config = await readConfig(dir)
  const { files, weightMap } = await findWeightFiles(dir)
  const handles = new Map<string, FileHandle>()
  let tensors: Map<string, TensorInfo>
  try {
    const perFile: TensorInfo[][] = []
    for (const file of files) {
      const handle = await openFile(dir, file)
      handles.set(file, handle)
      perFile.push(await guarded(dir, () => readHeader(handle, file)))
    }
    tensors = mergeTensors(perFile, weightMap)
  } catch (error) {
    await closeAll(handles)
    throw error
  }
  return new OpenCheckpoint(dir, config, tensors, handles)
}

class OpenCheckpoint implements Checkpoint {
  readonly dir: string
  readonly config: JsonObject
  readonly tensors: ReadonlyMap<string, TensorInfo>
  readonly bytes: number
  readonly #handles: Map<string, FileHandle>

  constructor(
    dir: string,
    config: JsonObject,
    tensors: ReadonlyMap<string, TensorInfo>,
    handles: Map<string, FileHandle>,
  ) {
    this.dir = dir
    this.config = config
    this.tensors = tensors
    this.bytes = [...tensors.values()].reduce((sum, tensor) => sum + tensor.end - tensor.begin, 0)
    this.#handles = handles
  }

  async read(name: string): Promise<HostTensor> {
    const { info, handle } = this.#find(name)
    return guarded(this.dir, () => readTensor(handle, info))
  }

  async readStored(name: string, into: Uint8Array, offset = 0): Promise<void> {
    const { info, handle } = this.#find(name)
    checkRange(info, into, offset)
    await guarded(this.dir, () => readExactly(handle, into, info.begin + offset, info.file))
  }

  readStoredSync(name: string, into: Uint8Array, offset: number): void {
    const { info, handle } = this.#find(name)
    checkRange(info, into, offset)
    try {
      readExactlySync(handle.fd, into, info.begin + offset, info.file)
    } catch (error) {
      throw asCheckpointError(this.dir, error)
    }
  }

  #find(name: string): { readonly info: TensorInfo; readonly handle: FileHandle } {
    const info = this.tensors.get(name)
    if (info === undefined) {
      const near = nearest(name, this.tensors.keys())
      const hint = near.length > 0 ? `the nearest are ${near.join(', ')}` : 'it has no tensors at all'
      throw new CheckpointError(`${this.dir}: expected a tensor ${shown(name)}, got none; ${hint}`)
    }
    const handle = this.#handles.get(info.file)
    if (handle === undefined) throw internalError(`${this.dir}: read after close`)
    return { info, handle }
  }

  async fingerprint(): Promise<string> {
    return guarded(this.dir, () => fingerprintTensors(this.tensors.values(), this.#handles))
  }

  async close(): Promise<void> {
    const handles = new Map(this.#handles)
    this.#handles.clear()
    await closeAll(handles)
  }
}
