/** The tasks of a page's main thread, out of Chromium's trace. */

/** One event of a trace; times in microseconds. `tdur` is processor time of the thread. */
export interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly dur?: number
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

export interface Task {
  readonly ms: number
  readonly cpuMs: number
}

/** Every task of the main thread of the renderer that ran the most script: the page itself. */
export function mainThreadTasks(events: readonly TraceEvent[]): readonly Task[] {
  const threads = new Map<string, number>()
  for (const { name, ph, pid, tid, args } of events) {
    if (ph === 'M' && name === 'thread_name' && args?.name === 'CrRendererMain') threads.set(`${pid} ${tid}`, 0)
  }
  const keyOf = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`
  for (const event of events) {
    const count = threads.get(keyOf(event))
    if (count !== undefined && event.name === 'FunctionCall') threads.set(keyOf(event), count + 1)
  }
  const [busiest] = [...threads].sort(([, a], [, b]) => b - a)[0] ?? []
  return events
    .filter(event => event.ph === 'X' && event.name === 'RunTask' && keyOf(event) === busiest)
    .map(({ dur = 0, tdur = 0 }) => ({ ms: dur / 1000, cpuMs: tdur / 1000 }))
}
