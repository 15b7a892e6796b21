/**
 * An answer that is made line by line. Until there is a line the answer is the whole response, so what
 * fails before it has a status of its own, as in etcd's gateway.
 */

import { startDeadline, timeoutOf, type Deadline } from './deadline.js'
import type { EdgeContext } from './edge-context.js'
import { wireErrorOrDefect } from './error-response.js'
import { LineStream } from './stream-lines.js'

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
  const timeoutMs = timeoutOf(request.headers)
  const left = new AbortController()
  const gone = AbortSignal.any([request.signal, left.signal])
  const deadline =
    timeoutMs === undefined ? undefined : startDeadline(timeoutMs, gone, context.clock)
  const lines = options.lines(deadline?.signal ?? gone)
  const within = <Result>(work: Promise<Result>): Promise<Result> =>
    deadline === undefined ? work : Promise.race([deadline.passed, work])
  try {
    const first = await within(lines.next())
    const stream = new LineStream({ onDrain: () => undefined, onClose: () => left.abort() })
    if (first.done === true) stream.end()
    else void pump(stream, first.value, { lines, within, deadline, onDefect })
    return stream.response
  } catch (error) {
    deadline?.cancel()
    throw error
  }
}

interface Pumping {
  readonly lines: AsyncGenerator<string>
  readonly within: <Result>(work: Promise<Result>) => Promise<Result>
  readonly deadline: Deadline | undefined
  readonly onDefect: (error: unknown) => void
}

async function pump(
  stream: LineStream,
  first: string,
  { lines, within, deadline, onDefect }: Pumping,
): Promise<void> {
  try {
    await within(write(stream, first, lines))
    stream.end()
  } catch (error) {
    stream.fail(wireErrorOrDefect(error, onDefect))
  } finally {
    deadline?.cancel()
  }
}

async function write(
  stream: LineStream,
  first: string,
  rest: AsyncGenerator<string>,
): Promise<void> {
  stream.write(first)
  // A client that does not read its answers is asked to wait with its questions.
  await stream.untilWritable()
  for await (const line of rest) {
    stream.write(line)
    await stream.untilWritable()
    if (stream.isClosed) return
  }
}
