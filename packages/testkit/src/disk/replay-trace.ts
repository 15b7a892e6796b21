/** Does again on a model disk what a traced program did, event by event. */

import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { ModelDisk } from './model-disk.js'
import { bytesOf, TraceReader } from './system-call.js'

const STANDARD_OUTPUT = 1

export interface ReplayedEvent {
  /** Of the trace, from 1. */
  readonly line: number
  /** What the program has said by then, since the event before: whole lines of standard output. */
  readonly said: readonly string[]
}

/** Yields whenever something has happened to the disk, or was said. */
export async function* replayTrace(
  traceFile: string,
  disk: ModelDisk,
): AsyncGenerator<ReplayedEvent> {
  const reader = new TraceReader()
  const input = createReadStream(traceFile)
  let number = 0
  let unfinished = ''
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number += 1
    for (const event of reader.read(line)) {
      const { name, args } = event.call
      const isSpeech = name === 'write' && Number(args[0]) === STANDARD_OUTPUT
      const said: string[] = []
      if (isSpeech && event.phase === 'begin') {
        const lines = (unfinished + bytesOf(args[1]).toString()).split('\n')
        unfinished = lines.pop() ?? ''
        said.push(...lines)
      }
      if (!isSpeech && !disk.on(event)) continue
      yield { line: number, said }
    }
  }
  disk.endProgram()
}
