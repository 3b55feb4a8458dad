/**
 * WebGPU without a GPU, for tests: SwiftShader, from this machine's Chromium or the one that npm
 * brought. The packages are optional and large: `.ci/run` installs them, and where they are absent
 * the tests are skipped and say why.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import { isInstalled } from '../../engine/backends/optional.ts'
import { findSwiftShader, SOFTWARE_SWITCH } from '../../engine/backends/software-vulkan.ts'

const MANIFEST = 'vk_swiftshader_icd.json'

/** Why WebGPU's tests cannot run here. Where they can, the software driver is chosen and this is undefined. */
export function webgpuMissing(): string | undefined {
  const absent = ['webgpu', '@tensorflow/tfjs-backend-webgpu'].filter(name => !isInstalled(name))
  if (absent.length > 0) return `${absent.join(' and ')} not installed (npm i --no-save ${absent.join(' ')})`
  if (process.platform !== 'linux') return 'the software driver is looked for on Linux only'
  process.env[SOFTWARE_SWITCH] ??= findSwiftShader() ?? packagedSwiftShader()
  return undefined
}

/** Unpacks the driver that `@sparticuz/chromium` carries, once a machine. */
function packagedSwiftShader(): string {
  const archive = join(
    dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))),
    '../../bin/swiftshader.tar.br',
  )
  const folder = join(tmpdir(), 'patchlight-swiftshader')
  if (existsSync(join(folder, MANIFEST))) return folder
  // Test files run in processes side by side: the folder appears whole or not at all.
  const fresh = mkdtempSync(join(tmpdir(), 'patchlight-swiftshader-'))
  const tar = join(fresh, 'swiftshader.tar')
  writeFileSync(tar, brotliDecompressSync(readFileSync(archive)))
  execFileSync('tar', ['-xf', tar, '-C', fresh])
  rmSync(tar)
  try {
    renameSync(fresh, folder)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(join(folder, MANIFEST))) throw error
  }
  return folder
}
