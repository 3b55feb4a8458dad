/** Numbers of the drawer as text. */
import type { MetricReading, Reading } from '../../../../studies/runs/cell/types.ts'
import { formatNumber, formatSigned } from '../../format.ts'

const MINUS = '−'

/** `−8.21`, aligned by its two decimals. */
export function nats(value: Reading): string {
  if (value === null || Number.isNaN(value)) return '–'
  const text = value.toFixed(2)
  return text === '-0.00' ? '0.00' : text.replace('-', MINUS)
}

/** `+4.20`, `−0.03`, `0.00`. */
export function signedNats(value: Reading): string {
  const text = nats(value)
  return value !== null && value > 0 && text !== '0.00' ? `+${text}` : text
}

/** An attention weight: `0.0312`. */
export const weight = (value: number): string => value.toFixed(4).replace('-', MINUS)

/** A change of one: `+0.2500`. */
export const signedWeight = (value: number): string => (value > 0 ? `+${weight(value)}` : weight(value))

/** A change of probability in percentage points: `+12.3`, `0.00`. */
export function points(value: Reading): string {
  return signedNats(value === null ? null : value * 100)
}

/** A metric as people read it: ranks count from 1. */
export function metricText(kind: MetricReading['kind'], value: Reading): string {
  if (value === null) return '–'
  if (kind === 'rank') return (value + 1).toLocaleString('en')
  return formatNumber(value)
}

/** Patched minus baseline. */
export function metricChange({ before, after }: MetricReading): string {
  return before === null || after === null ? '–' : formatSigned(after - before)
}
