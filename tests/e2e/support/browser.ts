/**
 * A real headless browser, found on this machine or taken from the one that npm brought: machines
 * that run the tests need no browser of their own.
 */
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/opt/google/chrome/chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** No sandbox, because tests run as root in containers; the rest keeps it from calling home. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

interface Found {
  readonly executablePath: string
  readonly env?: Record<string, string>
}

async function findBrowser(): Promise<Found> {
  const asked = process.env.PATCHLIGHT_CHROMIUM
  if (asked !== undefined && asked !== '') {
    // `npm` asks for the packaged one where the machine has another.
    if (asked !== 'npm') return { executablePath: asked }
  } else {
    const installed = USUAL_PLACES.find(existsSync)
    if (installed !== undefined) return { executablePath: installed }
  }
  return packagedBrowser()
}

/**
 * The package unpacks its shared libraries (NSS and others) only where it believes to be in a cloud
 * function; a bare machine lacks them just the same. Its search path is given to the browser alone.
 */
async function packagedBrowser(): Promise<Found> {
  const before = { ...process.env }
  process.env.AWS_LAMBDA_JS_RUNTIME = 'nodejs20.x'
  try {
    const { default: packaged } = await import('@sparticuz/chromium')
    const executablePath = await packaged.executablePath()
    const libraries = [join(tmpdir(), 'al2023', 'lib'), before.LD_LIBRARY_PATH].filter(one => one !== undefined)
    return { executablePath, env: { ...definedOnly(before), LD_LIBRARY_PATH: libraries.join(':') } }
  } finally {
    process.env = before
  }
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))
}

export async function launchBrowser(): Promise<Browser> {
  const { executablePath, env } = await findBrowser()
  return chromium.launch({ executablePath, args: ARGUMENTS, ...(env === undefined ? {} : { env }) })
}

export interface OpenPage {
  readonly page: Page
  /** What the page complained of: uncaught errors, and requests that left this machine. */
  readonly complaints: string[]
}

/** A page of its own profile. Any request beyond `origin` is refused and remembered as a complaint. */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    acceptDownloads: true,
    ...options,
  })
  const complaints: string[] = []
  await context.route(
    url => url.origin !== origin && !['data:', 'blob:'].includes(url.protocol),
    route => {
      complaints.push(`request to ${route.request().url()}`)
      return route.abort()
    },
  )
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('pageerror', error => complaints.push(error.message))
  return { page, complaints }
}
