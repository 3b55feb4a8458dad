/**
 * A Vulkan driver that computes on the processor, for machines without a GPU: SwiftShader, which
 * Chromium brings along with a Vulkan loader. It is slow, and used only where it was asked for.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import koffi from 'koffi'
import { BackendError } from '../errors.ts'
import { firstLine } from './optional.ts'

/** `1`, or the folder that holds the driver's manifest and libraries. */
export const SOFTWARE_SWITCH = 'PATCHLIGHT_WEBGPU_SOFTWARE'

const MANIFEST = 'vk_swiftshader_icd.json'
const LOADER = 'libvulkan.so.1'
const USUAL_PLACES = [
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
  '/usr/lib64/chromium-browser',
  '/opt/google/chrome',
  '/snap/chromium/current/usr/lib/chromium-browser',
]

export function softwareAsked(): boolean {
  const value = process.env[SOFTWARE_SWITCH]
  return value !== undefined && value !== '' && value !== '0'
}

/** The folder of a SwiftShader, where this machine has one in a usual place. */
export function findSwiftShader(): string | undefined {
  return USUAL_PLACES.find(folder => existsSync(join(folder, MANIFEST)))
}

/**
 * Points the Vulkan loader at the software driver. What the environment says of drivers already stays.
 * @throws BackendError if the switch names a folder without the driver
 */
export function provideSoftwareDriver(): void {
  if (process.platform !== 'linux') return
  const value = process.env[SOFTWARE_SWITCH]
  const named = value === undefined || value === '1' ? undefined : value
  if (named !== undefined && !existsSync(join(named, MANIFEST)))
    throw new BackendError(`webgpu: expected ${MANIFEST} in the folder that ${SOFTWARE_SWITCH} names, got ${named}`)
  const isSet = process.env.VK_DRIVER_FILES !== undefined || process.env.VK_ICD_FILENAMES !== undefined
  const folder = named ?? (isSet ? undefined : findSwiftShader())
  if (folder === undefined) return
  // The older name, which every loader reads.
  process.env.VK_ICD_FILENAMES = join(folder, MANIFEST)
  loadVulkan(folder)
}

/** Kept: koffi closes a library that nobody holds at the next garbage collection, perhaps before Dawn looks for it. */
let loader: ReturnType<typeof koffi.load> | undefined

/** A library that is loaded already is found by its name: Dawn needs none installed then. */
function loadVulkan(folder: string): void {
  if (loader !== undefined) return
  try {
    loader = koffi.load(LOADER)
  } catch {
    const path = join(folder, LOADER)
    if (!existsSync(path)) return
    try {
      loader = koffi.load(path)
    } catch (error) {
      throw new BackendError(`webgpu: expected ${path} to load, got ${firstLine(error)}`)
    }
  }
}

/**
 * Dawn asks for the loader too, and prints on standard error where there is none.
 * @throws BackendError on a Linux without it
 */
export function expectVulkanLoader(name = LOADER): void {
  if (process.platform !== 'linux') return
  try {
    loader = koffi.load(name)
  } catch {
    throw new BackendError(
      `webgpu: expected the driver of a GPU, got no Vulkan loader (${name}); install the GPU's driver, and libvulkan1 or what your system calls it`,
    )
  }
}
