/** Numbers, times and sizes as a reader wants them: a true minus sign, few digits, aligned in columns. */

const MINUS = '−'

/** `0.1234`, `−12.3`, `1.2e−5`: about four significant digits. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${MINUS}∞`
  const size = Math.abs(value)
  let text: string
  if (value === 0) text = '0'
  else if (Number.isInteger(value) && size < 1e9) text = size.toLocaleString('en')
  else if (size >= 1e6 || size < 1e-3) text = size.toExponential(2)
  else text = fixed(size)
  return (value < 0 ? MINUS : '') + text.replace('-', MINUS)
}

/** Four digits, counted after rounding: 9.99996 is `10.00`. */
function fixed(size: number): string {
  const rounded = Number(size.toPrecision(4))
  const digits = rounded >= 100 ? 1 : rounded >= 10 ? 2 : rounded >= 1 ? 3 : 4
  return size.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** Like `formatNumber`, with a plus sign on what is above zero. */
export function formatSigned(value: number): string {
  return value > 0 ? `+${formatNumber(value)}` : formatNumber(value)
}

/** A probability: `12.3%`, `0.04%`, `<0.01%`. */
export function formatProbability(value: number): string {
  if (Number.isNaN(value)) return '–'
  const percent = value * 100
  if (percent > 0 && percent < 0.01) return '<0.01%'
  return `${percent.toFixed(percent >= 10 ? 1 : 2)}%`
}

/** `240 ms`, `8 s`, `1 min 20 s`, `2 h 05 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(10, Math.round(ms / 10) * 10)} ms`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** `512 B`, `8.0 MB`, `2.5 GB`; powers of ten. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** `3.2 M`, `1.24 B`: numbers of weights. */
export function formatCount(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} B`
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`
  return value.toLocaleString('en')
}

/** `just now`, `4 min ago`, `14:30`, `21 Nov`, `21 Nov 2025`, as seen from `now`. */
export function formatWhen(iso: string, now: Date): string {
  const then = new Date(iso)
  const ageMs = now.getTime() - then.getTime()
  if (Number.isNaN(ageMs)) return ''
  if (ageMs < 60_000) return 'just now'
  if (ageMs < 3_600_000) return `${Math.floor(ageMs / 60_000)} min ago`
  if (then.toDateString() === now.toDateString()) {
    return then.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  }
  const year = then.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const }
  return then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...year })
}
