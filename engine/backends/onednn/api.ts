/**
 * What we use of oneDNN's C interface, over `koffi`. Version 3 made descriptors opaque and merged two
 * steps into one; below this file nobody knows which version answers. In version 2 a descriptor is a
 * structure in the caller's memory, here a buffer that is larger than it ever was; in version 3 it is
 * an object of the library's.
 *
 * Every object of the library's is counted from its making to its end, so that a test can see that
 * none is left.
 */
import koffi from 'koffi'
import { BackendError } from '../../errors.ts'

export type Library = ReturnType<typeof koffi.load>

/** Numbers of `dnnl_data_type_t`. */
export const BF16 = 2
export const F32 = 3
export type DataType = typeof BF16 | typeof F32

/** Arguments of a primitive. A reorder writes to what a product calls its result. */
export const SOURCE = 1
export const SECOND_SOURCE = 2
export const RESULT = 17
export const WEIGHTS = 33

/** What is done to each value, or to each row: x · sigmoid(x), a · b, softmax of the last axis. */
export type Operation = 'silu' | 'multiply' | 'softmax'
const INFERENCE = 96
const SILU_2 = 0xdf
const SILU_3 = 0x2c
const MULTIPLY = 0x1fff1
const SOFTMAX = 0x30000
const LAST_AXIS = 1

const CPU = 1
const IN_ORDER = 1
const ANY_LAYOUT = 1
const QUERY_IMPLEMENTATION = 8
const QUERY_WEIGHTS = 131
/** `dnnl_fpmath_mode_strict` */
const STRICT = 0
/** `DNNL_MEMORY_ALLOCATE`: the library allocates, and frees with the object. */
const ALLOCATE = -1
/** 696 and 2,800 bytes in version 2.6. */
const DESCRIPTOR_BYTES = 2048
const PRODUCT_DESCRIPTOR_BYTES = 8192
/** `dnnl_cpu_isa_avx512_core_bf16`, and the bit that only AMX adds. */
const ISA_BF16 = 0xe7
const ISA_AMX = 0x200

/** Points to an object of the library's, or to nothing. */
type Pointer = object | bigint | null
/** A memory's shape, number format and layout. */
export type Descriptor = Pointer | Uint8Array
export type Values = Float32Array | Uint16Array

/** A made object: `end` gives it back, once. */
export interface Made {
  readonly pointer: Pointer
  end(): void
}

export interface OneDnn {
  /** Whether the processor multiplies bfloat16 by instructions of its own, and whether by a matrix unit. */
  readonly bfloat16: 'none' | 'instructions' | 'matrix unit'
  readonly version: readonly [major: number, minor: number]
  /** A matrix in memory of the caller's, by its strides in values; `free` it. */
  matrix(rows: number, columns: number, type: DataType, strides: readonly [number, number]): MadeDescriptor
  /** A product's description: [rows, in] · [in, out] → float32, with the layout that the library prefers for the right. */
  productOf(rows: number, inSize: number, outSize: number, type: DataType): Product
  /** The same, for a right-hand matrix in a given layout. */
  productWith(rows: number, inSize: number, outSize: number, type: DataType, right: Descriptor): Product
  reorder(from: Descriptor, to: Descriptor): Made
  /** The code of an operation on float32 matrices of one shape; its result may be its source. */
  operation(operation: Operation, matrix: Descriptor): Made
  /** Memory that holds nothing yet: set it before use. */
  window(descriptor: Descriptor): Made
  /** Memory of the library's own. */
  allocate(descriptor: Descriptor): Made
  bytes(descriptor: Descriptor): number
  set(memory: Made, values: Values): void
  run(primitive: Made, args: Arguments): void
  /** Objects made and not ended. */
  live(): number
}

export interface MadeDescriptor {
  readonly descriptor: Descriptor
  end(): void
}

export interface Product {
  /** Layout of the right-hand matrix; lives as long as the product. */
  readonly right: Descriptor
  /** The library's name for how it computes it: `brgemm:avx512_core_bf16`; `ref` in it means slowly. */
  readonly implementation: string
  /** The code for it. */
  compile(): Made
  end(): void
}

/** `dnnl_exec_arg_t[]`: a number and a pointer each. */
export class Arguments {
  readonly count: number
  readonly bytes: BigInt64Array

  constructor(list: readonly (readonly [argument: number, memory: Made | null])[]) {
    this.count = list.length
    this.bytes = new BigInt64Array(new ArrayBuffer(16 * list.length))
    for (const [index, [argument, memory]] of list.entries()) {
      this.bytes[2 * index] = BigInt(argument)
      if (memory !== null) this.put(index, memory)
    }
  }

  put(index: number, memory: Made): void {
    this.bytes[2 * index + 1] = koffi.address(memory.pointer)
  }
}

/** @throws BackendError if the library refuses its engine; Error if a function is missing. */
export function openOneDnn(library: Library): OneDnn {
  let live = 0

  function check(status: unknown, what: string): void {
    if (status !== 0) throw new BackendError(`blas: expected oneDNN to ${what}, got its status ${status}`)
  }
  const define = (name: string, ...takes: string[]) => library.func(`dnnl_${name}`, 'int', takes)
  const P = 'void *'
  const OUT = '_Out_ void **'

  /** Makes an object by a function that writes its pointer, and remembers how it ends. */
  function make(what: string, end: (pointer: Pointer) => unknown, call: (out: Pointer[]) => unknown): Made {
    const out: Pointer[] = [null]
    check(call(out), what)
    const [pointer = null] = out
    live++
    let ended = false
    return {
      pointer,
      end() {
        if (ended) return
        ended = true
        live--
        end(pointer)
      },
    }
  }

  const endPrimitive = define('primitive_destroy', P)
  const endPrimitiveDescriptor = define('primitive_desc_destroy', P)
  const endMemory = define('memory_destroy', P)
  const createPrimitive = define('primitive_create', OUT, P)
  const createMemory = define('memory_create', OUT, P, P, 'intptr_t')
  const createReorder = define('reorder_primitive_desc_create', OUT, P, P, P, P, P)
  const setHandle = define('memory_set_data_handle', P, P)
  const execute = define('primitive_execute', P, P, 'int', P)
  const wait = define('stream_wait', P)
  const query = define('primitive_desc_query', P, 'int', 'int', '_Out_ const char **')
  const queryDescriptor = library.func('dnnl_primitive_desc_query_md', P, [P, 'int', 'int'])
  const sizeOf = library.func('dnnl_memory_desc_get_size', 'size_t', [P])

  keepFloat32(library)
  // One of each for the process: they end with it.
  const makeOnce = (what: string, call: (out: Pointer[]) => unknown): Pointer => {
    const out: Pointer[] = [null]
    check(call(out), what)
    return out[0] ?? null
  }
  const createEngine = define('engine_create', OUT, 'int', 'size_t')
  const createStream = define('stream_create', OUT, P, 'uint32_t')
  const engine = makeOnce('start', out => createEngine(out, CPU, 0))
  const stream = makeOnce('start', out => createStream(out, engine, IN_ORDER))

  const version = versionOf(library)
  const { matrix, anyLayout, describeProduct, describeOperation } =
    version[0] >= 3 ? descriptorsOf3() : descriptorsOf2()

  function compile(descriptor: Made): Made {
    return make('compile', endPrimitive, out => createPrimitive(out, descriptor.pointer))
  }

  function implementationOf(described: Made): string {
    const name: unknown[] = [null]
    check(query(described.pointer, QUERY_IMPLEMENTATION, 0, name), 'name an implementation')
    return String(name[0])
  }

  function product(
    left: MadeDescriptor,
    right: MadeDescriptor | null,
    result: MadeDescriptor,
    layout: Descriptor,
  ): Product {
    try {
      const described = describeProduct(left.descriptor, layout, result.descriptor)
      return {
        right: queryDescriptor(described.pointer, QUERY_WEIGHTS, 0) as Pointer,
        implementation: implementationOf(described),
        compile: () => compile(described),
        end: () => described.end(),
      }
    } finally {
      for (const each of [left, right, result]) each?.end()
    }
  }

  return {
    bfloat16: nativeBfloat16(library),
    version,
    matrix,
    productOf(rows, inSize, outSize, type) {
      const right = anyLayout(inSize, outSize, type)
      return product(
        matrix(rows, inSize, type, [inSize, 1]),
        right,
        matrix(rows, outSize, F32, [outSize, 1]),
        right.descriptor,
      )
    },
    productWith(rows, inSize, outSize, type, right) {
      return product(matrix(rows, inSize, type, [inSize, 1]), null, matrix(rows, outSize, F32, [outSize, 1]), right)
    },
    reorder(from, to) {
      const described = make('describe a reorder', endPrimitiveDescriptor, out =>
        createReorder(out, from, engine, to, engine, null),
      )
      try {
        return compile(described)
      } finally {
        described.end()
      }
    },
    operation(operation, descriptor) {
      const described = describeOperation(operation, descriptor)
      try {
        return compile(described)
      } finally {
        described.end()
      }
    },
    window: descriptor => make('make a memory', endMemory, out => createMemory(out, descriptor, engine, 0)),
    allocate: descriptor =>
      make(`allocate ${sizeOf(descriptor)} bytes`, endMemory, out => createMemory(out, descriptor, engine, ALLOCATE)),
    bytes: descriptor => Number(sizeOf(descriptor)),
    set(memory, values) {
      check(setHandle(memory.pointer, values), 'take an address')
    },
    run(primitive, args) {
      check(execute(primitive.pointer, stream, args.count, args.bytes), 'compute')
      check(wait(stream), 'end computing')
    },
    live: () => live,
  }

  interface Descriptors {
    matrix: OneDnn['matrix']
    anyLayout(rows: number, columns: number, type: DataType): MadeDescriptor
    describeProduct(left: Descriptor, right: Descriptor, result: Descriptor): Made
    describeOperation(operation: Operation, matrix: Descriptor): Made
  }

  function descriptorsOf2(): Descriptors {
    const byTag = define('memory_desc_init_by_tag', P, 'int', P, 'int', 'int')
    const byStrides = define('memory_desc_init_by_strides', P, 'int', P, 'int', P)
    const initProduct = define('matmul_desc_init', P, P, P, P, P)
    const initActivation = define('eltwise_forward_desc_init', P, 'int', 'int', P, 'float', 'float')
    const initBinary = define('binary_desc_init', P, 'int', P, P, P)
    const initSoftmax = define('softmax_forward_desc_init', P, 'int', P, 'int')
    const createDescriptor = define('primitive_desc_create', OUT, P, P, P, P)
    const filled = (call: (into: Uint8Array) => unknown): MadeDescriptor => {
      const descriptor = new Uint8Array(new ArrayBuffer(DESCRIPTOR_BYTES))
      check(call(descriptor), 'describe a matrix')
      return { descriptor, end: () => {} }
    }
    return {
      matrix: (rows, columns, type, strides) =>
        filled(into => byStrides(into, 2, sizes(rows, columns), type, sizes(...strides))),
      anyLayout: (rows, columns, type) => filled(into => byTag(into, 2, sizes(rows, columns), type, ANY_LAYOUT)),
      describeProduct(left, right, result) {
        const wanted = new Uint8Array(new ArrayBuffer(PRODUCT_DESCRIPTOR_BYTES))
        check(initProduct(wanted, left, right, null, result), 'describe a product')
        return make('describe a product', endPrimitiveDescriptor, out =>
          createDescriptor(out, wanted, null, engine, null),
        )
      },
      describeOperation(operation, matrix) {
        const wanted = new Uint8Array(new ArrayBuffer(PRODUCT_DESCRIPTOR_BYTES))
        const status =
          operation === 'silu'
            ? initActivation(wanted, INFERENCE, SILU_2, matrix, 1, 0)
            : operation === 'multiply'
              ? initBinary(wanted, MULTIPLY, matrix, matrix, matrix)
              : initSoftmax(wanted, INFERENCE, matrix, LAST_AXIS)
        check(status, `describe ${operation}`)
        return make(`describe ${operation}`, endPrimitiveDescriptor, out =>
          createDescriptor(out, wanted, null, engine, null),
        )
      },
    }
  }

  function descriptorsOf3(): Descriptors {
    const byTag = define('memory_desc_create_with_tag', OUT, 'int', P, 'int', 'int')
    const byStrides = define('memory_desc_create_with_strides', OUT, 'int', P, 'int', P)
    const endDescriptor = define('memory_desc_destroy', P)
    const createDescriptor = define('matmul_primitive_desc_create', OUT, P, P, P, P, P, P)
    const activation = define('eltwise_forward_primitive_desc_create', OUT, P, 'int', 'int', P, P, 'float', 'float', P)
    const binary = define('binary_primitive_desc_create', OUT, P, 'int', P, P, P, P)
    const softmax = define('softmax_forward_primitive_desc_create', OUT, P, 'int', 'int', P, P, 'int', P)
    const made = (call: (out: Pointer[]) => unknown): MadeDescriptor => {
      const { pointer, end } = make('describe a matrix', endDescriptor, call)
      return { descriptor: pointer, end }
    }
    return {
      matrix: (rows, columns, type, strides) =>
        made(out => byStrides(out, 2, sizes(rows, columns), type, sizes(...strides))),
      anyLayout: (rows, columns, type) => made(out => byTag(out, 2, sizes(rows, columns), type, ANY_LAYOUT)),
      describeProduct: (left, right, result) =>
        make('describe a product', endPrimitiveDescriptor, out =>
          createDescriptor(out, engine, left, right, null, result, null),
        ),
      describeOperation: (operation, matrix) =>
        make(`describe ${operation}`, endPrimitiveDescriptor, out =>
          operation === 'silu'
            ? activation(out, engine, INFERENCE, SILU_3, matrix, matrix, 1, 0, null)
            : operation === 'multiply'
              ? binary(out, engine, MULTIPLY, matrix, matrix, matrix, null)
              : softmax(out, engine, INFERENCE, SOFTMAX, matrix, matrix, LAST_AXIS, null),
        ),
    }
  }
}

/** `dnnl_dims_t` has room for 12; only the first two are read. */
function sizes(rows: number, columns: number): BigInt64Array {
  const all = new BigInt64Array(new ArrayBuffer(12 * 8))
  all[0] = BigInt(rows)
  all[1] = BigInt(columns)
  return all
}

function versionOf(library: Library): [major: number, minor: number] {
  const numbers: unknown = koffi.decode(library.func('dnnl_version', 'void *', [])(), 'int', 2)
  return numbers instanceof Int32Array ? [numbers[0] ?? 0, numbers[1] ?? 0] : [0, 0]
}

/**
 * On a matrix unit, ONEDNN_DEFAULT_FPMATH_MODE in somebody's profile would round the factors of float32
 * products to bfloat16, and nothing would tell. Versions before 2.4 cannot.
 */
function keepFloat32(library: Library): void {
  try {
    library.func('dnnl_set_default_fpmath_mode', 'int', ['int'])(STRICT)
  } catch {
    // A version that has no such mode.
  }
}

/**
 * Elsewhere than on x86 the library does not say; where it says no, it emulates, slower than float32. It
 * says what it will use, not what the processor has: since version 2.5 it has asked Linux for the matrix
 * unit's memory before it says yes (docs/performance.md).
 */
function nativeBfloat16(library: Library): OneDnn['bfloat16'] {
  if (process.arch !== 'x64') return 'none'
  const isa: unknown = library.func('dnnl_get_effective_cpu_isa', 'int', [])()
  if (typeof isa !== 'number' || (isa & ISA_BF16) !== ISA_BF16) return 'none'
  return (isa & ISA_AMX) === 0 ? 'instructions' : 'matrix unit'
}
