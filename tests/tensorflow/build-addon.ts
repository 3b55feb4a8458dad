/**
 * Builds the compiled part of `@tensorflow/tfjs-node` where its installer has nothing to download
 * from: the addon's own sources, from npm, against TensorFlow's C library and headers, which lie in
 * the `tensorflow-cpu` wheel of PyPI. For tests and measurements; a user installs the package.
 *
 *     node --import tsx tests/tensorflow/build-addon.ts FOLDER
 *
 * docs/performance.md says how the suites run on it.
 *
 * `--tensorflow VERSION` takes another wheel, `--library FOLDER` an unpacked one that is there already,
 * `--headers FOLDER` Node's headers. Needs npm, pip, g++ and a gigabyte; nothing lands in this checkout.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const PACKAGE = '@tensorflow/tfjs-node'
/** The first wheels with a library that needs no Python; tfjs-node 4.22 was made for 2.9, whose C interface is the same. */
const TENSORFLOW = '2.12.1'
const WHEEL_PYTHON = '3.11'
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tensorflow: { type: 'string', default: TENSORFLOW },
    library: { type: 'string' },
    headers: { type: 'string' },
  },
})
const [target] = positionals
if (target === undefined) {
  console.error('build-addon: expected a folder to install into, got none')
  process.exit(2)
}
const folder = resolve(target)
const addon = build(
  folder,
  values.library ?? downloadLibrary(folder, values.tensorflow),
  values.headers ?? nodeHeaders(),
)
execFileSync(process.execPath, ['-e', `require(${JSON.stringify(PACKAGE)})`], { cwd: folder, stdio: 'inherit' })
console.log(`built ${addon}\nuse it with NODE_PATH=${join(folder, 'node_modules')}`)

/** TensorFlow as its wheel unpacks it; returns the folder with its libraries and `include`. */
function downloadLibrary(into: string, version: string): string {
  const wheel = join(into, `tensorflow-cpu-${version}`)
  const library = join(wheel, 'tensorflow')
  if (existsSync(library)) return library
  const wanted = ['--no-deps', '--no-compile', '--only-binary=:all:', '--python-version', WHEEL_PYTHON]
  run('python3', ['-m', 'pip', 'install', '--quiet', ...wanted, '--target', wheel, `tensorflow-cpu==${version}`])
  return library
}

/** Installs the package without its installer, compiles its sources, and gives the path of the result. */
function build(into: string, library: string, headers: string): string {
  mkdirSync(into, { recursive: true })
  const manifest = join(into, 'package.json')
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n')
  run('npm', [
    'install',
    '--prefix',
    into,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    `${PACKAGE}@${tfjsVersion()}`,
  ])
  shareTfjs(into)
  const home = join(into, 'node_modules', PACKAGE)
  const out = join(home, 'lib', 'napi-v8')
  mkdirSync(out, { recursive: true })
  const addon = join(out, 'tfjs_binding.node')
  run('g++', [
    ...['-std=c++17', '-O2', '-shared', '-fPIC', '-DNAPI_VERSION=8'],
    ...[`-I${headers}`, `-I${join(library, 'include')}`, `-I${home}`],
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map(file => join(home, 'binding', file)),
    ...['-o', addon],
    ...LIBRARIES.map(file => join(library, file)),
    `-Wl,-rpath,${library}`,
  ])
  return addon
}

/** The package must find the tfjs that the engine uses, as it does when both are installed side by side. */
function shareTfjs(into: string): void {
  const here = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core/package.json'))
  const there = join(into, 'node_modules/@tensorflow/tfjs-core')
  rmSync(there, { recursive: true, force: true })
  symlinkSync(here, there)
}

function tfjsVersion(): string {
  const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-core/package.json')
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, 'utf8'))
  return version
}

/** Beside the running Node, where its own packages put them. */
function nodeHeaders(): string {
  const found = join(dirname(process.execPath), '../include/node')
  if (existsSync(join(found, 'node_api.h'))) return found
  console.error(`build-addon: expected node_api.h in ${found}, got none; give its folder as --headers`)
  process.exit(1)
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'inherit' })
}
