/**
 * An answer that is made line by line. Until there is a line the answer is the whole response, so what
 * fails before it has a status of its own, as in etcd's gateway.
 *
 * Lines may be made of what is scarce, such as a copy of the state: however the answer ends, their
 * generator does too.
 */

import { grpcStatus } from '@holdfast/protocol'
import type { Clock } from '../time/clock.js'
import { startDeadline, throwIfPassed, timeoutOf, type Deadline } from './deadline.js'
import type { EdgeContext } from './edge-context.js'
import { EdgeError } from './edge-error.js'
import { wireErrorOrDefect } from './error-response.js'
import { orLeaderless, requiresLeader } from './require-leader.js'
import { LineStream } from './stream-lines.js'

/** So long may a client take nothing of what waits for it. */
const MAX_STALL_MS = 60_000
const NOTHING_TAKEN = {
  code: grpcStatus.deadlineExceeded.code,
  message: 'nothing of the answer was taken for 60 s',
}

export interface AnswerLinesOptions {
  readonly context: EdgeContext
  readonly request: Request
  /** Makes the lines. Its signal is aborted when the client has gone, or has waited long enough. */
  readonly lines: (signal: AbortSignal) => AsyncGenerator<string>
  readonly onDefect: (error: unknown) => void
}

/** @throws what comes in the place of a first line */
export async function answerLines(options: AnswerLinesOptions): Promise<Response> {
  const { context, request, onDefect } = options
  const left = new AbortController()
  const deadline = deadlineOf(options, AbortSignal.any([request.signal, left.signal]))
  const lines = options.lines(deadline.signal)
  const within = <Result>(work: Promise<Result>): Promise<Result> =>
    Promise.race([deadline.passed, work])
  try {
    await throwIfPassed(deadline)
    const first = await within(lines.next())
    const stream = new LineStream({ onDrain: () => undefined, onClose: () => left.abort() })
    if (first.done === true) stream.end()
    else void pump(stream, first.value, { lines, within, deadline, onDefect, clock: context.clock })
    return stream.response
  } catch (error) {
    deadline.cancel()
    // The line that is still being made may be one yet, behind which nobody would ask for another.
    void lines.return(undefined).catch(() => undefined)
    throw error
  }
}

/** When it ends before its lines do: the client has waited long enough, or there is no leader. */
function deadlineOf({ context, request }: AnswerLinesOptions, gone: AbortSignal): Deadline {
  const timeoutMs = timeoutOf(request.headers) ?? Infinity
  const deadline = startDeadline(timeoutMs, gone, context.clock)
  return requiresLeader(request) ? orLeaderless(deadline, context) : deadline
}

interface Pumping {
  readonly lines: AsyncGenerator<string>
  readonly within: <Result>(work: Promise<Result>) => Promise<Result>
  readonly deadline: Deadline
  readonly clock: Clock
  readonly onDefect: (error: unknown) => void
}

async function pump(
  stream: LineStream,
  first: string,
  { lines, within, deadline, clock, onDefect }: Pumping,
): Promise<void> {
  try {
    const untilTaken = (): Promise<void> => untilWritable(stream, clock)
    await within(write(stream, first, { rest: lines, untilTaken }))
    stream.end()
  } catch (error) {
    stream.fail(wireErrorOrDefect(error, onDefect))
  } finally {
    deadline.cancel()
  }
}

interface Writing {
  readonly rest: AsyncGenerator<string>
  readonly untilTaken: () => Promise<void>
}

async function write(
  stream: LineStream,
  first: string,
  { rest, untilTaken }: Writing,
): Promise<void> {
  try {
    stream.write(first)
    // A client that does not read its answers is asked to wait with its questions.
    await untilTaken()
    for await (const line of rest) {
      stream.write(line)
      await untilTaken()
      if (stream.isClosed) return
    }
  } finally {
    void rest.return(undefined).catch(() => undefined)
  }
}

/** @throws {EdgeError} when the client takes nothing for too long */
async function untilWritable(stream: LineStream, clock: Clock): Promise<void> {
  if (stream.writable || stream.isClosed) return
  let cancel = (): void => undefined
  const stalled = new Promise<never>((_, reject) => {
    cancel = clock.after(MAX_STALL_MS, () => reject(new EdgeError(NOTHING_TAKEN)))
  })
  try {
    await Promise.race([stream.untilWritable(), stalled])
  } finally {
    cancel()
  }
}
