/**
 * The `tensorflow` backend, where its package is installed or NODE_PATH leads to one that
 * tests/tensorflow/build-addon.ts built; what it says where it is not, everywhere.
 */
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { firstNvidiaGpu } from '../../../engine/backends/nvidia.ts'
import { createTensorflowBackend, tensorflowInstalled } from '../../../engine/backends/tensorflow.ts'
import type { Backend } from '../../../engine/backends/types.ts'
import { uploadingBackend } from '../../../engine/backends/uploading.ts'
import { expectClose } from '../../support/close.ts'
import { temporaryFolder } from '../../support/fixtures.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'
import { backendContract, linearByLoop, randomTensor, randomWeight } from './contract.ts'

const PRODUCT = { rtol: 1e-5, atol: 2e-6 }

describe.runIf(tensorflowInstalled())('with its native library', () => {
  let backend: Backend
  beforeAll(async () => {
    backend = await createTensorflowBackend()
  })
  expectNoTensorLeaks()

  backendContract(() => backend)

  it('names its library, the package it came with, and what it computes on', () => {
    expect(backend.library).toMatch(/^TensorFlow 2\.\d+\.\d+ \(@tensorflow\/tfjs-node(-gpu)?\) on .+/)
  })

  it('starts, computes and ends without a word from Node, whatever of Node the package still calls', async () => {
    const select = new URL('../../../engine/backends/select.ts', import.meta.url).href
    const script = `import * as tf from '@tensorflow/tfjs-core'
      import { selectBackend } from '${select}'
      await selectBackend('tensorflow')
      console.log(tf.add(tf.tensor1d([1, 2]), 1).dataSync().join())`
    const words = ['--import', 'tsx', '--input-type=module', '-e', script]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, words)
    expect(stdout).toBe('2,3\n')
    expect(stderr).not.toMatch(/Warning/)
  })

  it('says in a sentence that there is no memory for a tensor', () => {
    const side = 2 ** 20
    tf.tidy(() => {
      // 4 TiB of result, which no machine has; both sides are small.
      const [a, b] = [tf.ones([1, side, 1]) as tf.Tensor3D, tf.ones([1, 1, side]) as tf.Tensor3D]
      expect(() => backend.matMul(a, b, false)).toThrow(
        /^tensorflow: expected room for a tensor \[1, 1048576, 1048576\] in .*memory, got none; .*--backend/,
      )
    })
  })

  describe('weights that do not all fit', () => {
    // 64×64 float32 is 16 KiB: two fit into 40.
    let small: Backend
    beforeAll(() => {
      small = uploadingBackend('tensorflow', 'small', { weightBudgetBytes: () => 40 * 1024 })
    })
    afterEach(() => small.dispose())

    it('go in the order of their last use, and come back right', () => {
      const weights = [randomWeight(64, 64), randomWeight(64, 64), randomWeight(64, 64)] as const
      const before = tf.memory().numTensors
      for (const [step, index] of ([0, 1, 0, 2, 0, 1, 2, 2, 1] as const).entries()) {
        const weight = weights[index]
        tf.tidy(() => {
          const x = randomTensor<tf.Tensor2D>(2, 64)
          expectClose(small.linear(x, weight).dataSync(), linearByLoop(x.dataSync<'float32'>(), 2, weight), PRODUCT)
        })
        expect(tf.memory().numTensors - before).toBe(step === 0 ? 1 : 2)
      }
    })

    it('may be larger than the budget, one at a time', () => {
      const before = tf.memory().numTensors
      for (const weight of [randomWeight(128, 128), randomWeight(128, 128)]) {
        tf.tidy(() => {
          const x = randomTensor<tf.Tensor2D>(2, 128)
          expectClose(small.linear(x, weight).dataSync(), linearByLoop(x.dataSync<'float32'>(), 2, weight), PRODUCT)
        })
        expect(tf.memory().numTensors - before).toBe(1)
      }
    })
  })
})

it('a package without its native library is named as such, and never imported', () => {
  const { dir, remove } = temporaryFolder()
  try {
    const home = join(dir, '@tensorflow/tfjs-node')
    mkdirSync(home, { recursive: true })
    writeFileSync(join(home, 'package.json'), '{ "name": "@tensorflow/tfjs-node", "main": "index.js" }')
    writeFileSync(join(home, 'index.js'), 'console.log("imported")')
    const select = new URL('../../../engine/backends/select.ts', import.meta.url).href
    const script = `import { selectBackend } from '${select}'
      await selectBackend('tensorflow').catch(error => console.log(error.name, error.message))`
    const text = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      encoding: 'utf8',
      env: { ...process.env, NODE_PATH: dir },
    })
    expect(text).toMatch(/^BackendError tensorflow: .*tfjs-node is installed without its native library.*npm i/)
  } finally {
    remove()
  }
})

describe.runIf(process.platform !== 'win32')('firstNvidiaGpu', () => {
  const { dir, remove } = temporaryFolder()
  afterAll(remove)
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  /** The driver's tool, as a script that prints what it was asked and answers with these lines. */
  function toolAnswers(script: string): NodeJS.ProcessEnv {
    writeFileSync(join(dir, 'nvidia-smi'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(dir, 'nvidia-smi'), 0o755)
    return { PATH: `${dir}:${process.env.PATH}` }
  }

  it('reads name and memory', () => {
    const env = toolAnswers('echo "NVIDIA H100 80GB HBM3, 81559, 81000"; echo "NVIDIA T4, 15360, 15000"')
    const gpu = firstNvidiaGpu(env)
    expect(gpu).toEqual({ name: 'NVIDIA H100 80GB HBM3', totalBytes: 81559 * 2 ** 20, freeBytes: 81000 * 2 ** 20 })
  })

  it('asks for the one that CUDA was told to take', () => {
    const env = toolAnswers('case "$*" in *--id=1*) echo "NVIDIA T4, 15360, 15000";; *) echo "other, 1, 1";; esac')
    expect(firstNvidiaGpu({ ...env, CUDA_VISIBLE_DEVICES: '1,0' })?.name).toBe('NVIDIA T4')
    expect(firstNvidiaGpu({ ...env, CUDA_VISIBLE_DEVICES: '' })?.name).toBe('other')
  })

  it.each([
    ['a tool that fails', 'exit 9'],
    ['a tool that says no devices', 'echo "No devices were found"'],
    ['memory that is not told', 'echo "NVIDIA Tegra, [N/A], [N/A]"'],
  ])('finds none with %s', (_, script) => {
    expect(firstNvidiaGpu(toolAnswers(script))).toBeUndefined()
  })
})
