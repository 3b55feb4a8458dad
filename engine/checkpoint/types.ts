/** What a checkpoint folder is to the rest of the engine: a config, and tensors read by name. */

/** The number formats that a safetensors file may hold and we read. */
export const STORED_DTYPES = ['F32', 'F16', 'BF16'] as const
export type StoredDtype = (typeof STORED_DTYPES)[number]

/** Where a tensor lies in its file. Offsets are in bytes from the start of the file. */
export interface TensorInfo {
  readonly name: string
  /** One of `STORED_DTYPES`, or another format of safetensors (`I64` position ids, masks) that `read` refuses. */
  readonly dtype: string
  readonly shape: readonly number[]
  readonly file: string
  readonly begin: number
  readonly end: number
}

/** A tensor in host memory, widened to float32. */
export interface HostTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** A tensor in host memory: widened, or bfloat16 as its bits. */
export interface StoredTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array | Uint16Array
}

/** A folder in Hugging Face layout, opened: headers read and checked, weights still on disk. */
export interface Checkpoint {
  readonly dir: string
  /** `config.json` as parsed; a family file gives it meaning. */
  readonly config: Readonly<Record<string, unknown>>
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** Bytes of all tensors as stored. */
  readonly bytes: number
  /**
   * Reads one tensor and widens it to float32.
   * @throws CheckpointError if the name is absent (naming the nearest ones), the file was cut, or a value is NaN or infinite.
   */
  read(name: string): Promise<HostTensor>
  /**
   * Fills `into` with bytes of a tensor as they are stored, from byte `offset` of the tensor on.
   * @throws CheckpointError as `read` does, but for values: nobody looks at them here.
   */
  readStored(name: string, into: Uint8Array, offset?: number): Promise<void>
  /** The same, blocking: for a row of an embedding, which is a few kilobytes. */
  readStoredSync(name: string, into: Uint8Array, offset: number): void
  /** A short stable hash of the weights (names, shapes, dtypes and bytes; sampled for large files) for `run.json`. */
  fingerprint(): Promise<string>
  close(): Promise<void>
}
