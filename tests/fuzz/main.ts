/**
 * The long fuzzing run: `node --import tsx tests/fuzz/main.ts [CASES] [FIRST]`, 100,000 cases if not said otherwise.
 * `… 1 NUMBER` repeats one case. The unit tests run the first few thousand.
 */
import { fuzz } from './run.ts'

const [count = 100_000, first = 0] = process.argv.slice(2).map(Number)
const report = await fuzz(first, count, done => {
  if (done % 10_000 === 0) process.stderr.write(`${done} of ${count}\n`)
})
for (const fault of report.faults.slice(0, 20)) process.stdout.write(`${fault}\n`)
const { case: slowestCase, ms } = report.slowest
process.stdout.write(
  `${report.cases} cases: ${report.refused} refused, ${report.loaded} loaded, ${report.faults.length} faults; ` +
    `slowest ${slowestCase}, ${ms.toFixed(0)} ms\n`,
)
process.exitCode = report.faults.length > 0 ? 1 : 0
