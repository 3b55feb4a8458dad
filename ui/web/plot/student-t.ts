/**
 * The 97.5% quantile of Student's t distribution, which makes a 95% interval of a mean: exact to
 * three decimals for the few degrees of freedom that a handful of prompts leave, and beyond them
 * Fisher's expansion in powers of 1/df (Abramowitz and Stegun 26.7.5), which is good to 1e-5 there.
 */
const FEW = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086,
] as const

/** The same quantile of the normal distribution. */
const Z = 1.959963985

/** @param df degrees of freedom, 1 or more */
export function tQuantile975(df: number): number {
  const few = FEW[df - 1]
  if (few !== undefined) return few
  const first = (Z ** 3 + Z) / 4
  const second = (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96
  const third = (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384
  return Z + first / df + second / df ** 2 + third / df ** 3
}
