/** What the webgpu backend says when there is no GPU, a wrong driver, or a device that is lost. */
import { spawnSync } from 'node:child_process'
import * as tf from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { isInstalled } from '../../../engine/backends/optional.ts'
import { selectBackend } from '../../../engine/backends/select.ts'
import { expectVulkanLoader, provideSoftwareDriver, SOFTWARE_SWITCH } from '../../../engine/backends/software-vulkan.ts'
import { BackendError, DeviceLostError } from '../../../engine/errors.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'
import { webgpuMissing } from '../../support/webgpu.ts'

const missing = webgpuMissing()

describe.skipIf(missing !== undefined)(`webgpu${missing === undefined ? '' : `: ${missing}`}`, () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })
  expectNoTensorLeaks()

  it('refuses a folder without the driver', async () => {
    vi.stubEnv(SOFTWARE_SWITCH, import.meta.dirname)
    await expect(selectBackend('webgpu')).rejects.toThrow(BackendError)
    await expect(selectBackend('webgpu')).rejects.toThrow(/expected vk_swiftshader_icd\.json in the folder/)
  })

  it('takes a software adapter only when asked, and never by itself', async () => {
    provideSoftwareDriver()
    vi.stubEnv(SOFTWARE_SWITCH, '')
    await expect(selectBackend('webgpu')).rejects.toThrow(/expected a hardware adapter, got .*SwiftShader.*SOFTWARE=1/i)
    vi.unstubAllEnvs()
    vi.stubEnv('PATCHLIGHT_BACKEND', 'auto')
    expect((await selectBackend()).name).not.toBe('webgpu')
    expect((await selectBackend('webgpu')).name).toBe('webgpu')
  })

  it('says that the device is lost, at the first read and at every later one', async () => {
    const backend = await selectBackend('webgpu')
    const x = tf.tidy(() => tf.mul(tf.ones([2000]), 2))
    const device: unknown = Reflect.get(tf.backend(), 'device')
    if (typeof device !== 'object' || device === null) throw new Error('expected a device')
    Reflect.get(device, 'destroy').call(device)
    expect(() => backend.view(x)).toThrow(DeviceLostError)
    await new Promise(resolve => setTimeout(resolve, 1))
    expect(() => backend.view(x)).toThrow(/^webgpu: .*it was lost.*; resume the run/)
    x.dispose()
  })
})

it.runIf(process.platform === 'linux')('says in one sentence that there is no Vulkan loader', () => {
  expect(() => expectVulkanLoader('libnosuchvulkan.so.1')).toThrow(
    /^webgpu: expected the driver of a GPU, got no Vulkan loader \(libnosuchvulkan\.so\.1\); install the GPU's driver/,
  )
})

// Where the system has a loader, there is nothing to refuse; a process of its own, for here one may be loaded.
it.skipIf(
  process.platform !== 'linux' || ['webgpu', '@tensorflow/tfjs-backend-webgpu'].some(name => !isInstalled(name)),
)('is refused before Dawn is started, which would print on standard error', () => {
  const module = new URL('../../../engine/backends/webgpu.ts', import.meta.url).href
  const script = `import { createWebgpuBackend } from ${JSON.stringify(module)}; await createWebgpuBackend().catch(e => console.log(e.message))`
  const node = ['--import', 'tsx', '--input-type=module', '--eval', script]
  const env = { ...process.env, [SOFTWARE_SWITCH]: '' }
  const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8', env })
  expect(stderr).not.toContain('Vulkan')
  if (stdout.includes('Vulkan')) expect(stdout).toMatch(/got no Vulkan loader/)
})
