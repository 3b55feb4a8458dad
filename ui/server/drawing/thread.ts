/** A drawing thread: takes one job after another from the server and answers each with its bytes or its error. */
import { parentPort } from 'node:worker_threads'
import { doJob, type Job } from './jobs.ts'

export type Answer =
  | { readonly content: Uint8Array }
  /** `name`: of the error's class, where it is one of ours. */
  | { readonly error: string; readonly name: string }

async function answer(job: Job): Promise<Answer> {
  try {
    return { content: await doJob(job) }
  } catch (error) {
    return error instanceof Error ? { error: error.message, name: error.name } : { error: String(error), name: '' }
  }
}

parentPort?.on('message', async (job: Job) => parentPort?.postMessage(await answer(job)))
