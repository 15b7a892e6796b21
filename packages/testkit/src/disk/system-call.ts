/**
 * The lines of `strace -f -xx`, as calls that begin and end. A call that another thread's came into
 * the middle of has two lines: what it was given stands in the first, what it returned in the second.
 */

export interface SystemCall {
  readonly name: string
  readonly args: readonly string[]
  /** Undefined while it is not known. */
  result: number | undefined
}

export interface CallEvent {
  readonly phase: 'begin' | 'end'
  readonly call: SystemCall
}

const WHOLE = /^(\w+)\((.*)\)\s+= (-?\d+|\?)/s
const UNFINISHED = /^(\w+)\((.*?),?\s*<unfinished \.\.\.>$/s
const RESUMED = /^<\.\.\. (\w+) resumed>.*\)\s+= (-?\d+|\?)/s

export class TraceReader {
  readonly #unfinished = new Map<string, SystemCall>()

  /** The events of one line; none if it tells of a signal or of the end of a thread. */
  read(line: string): readonly CallEvent[] {
    const space = line.indexOf(' ')
    const thread = line.slice(0, space)
    const text = line.slice(space).trim()
    const whole = WHOLE.exec(text)
    if (whole !== null) {
      const [, name = '', args = '', result] = whole
      const call = { name, args: splitArguments(args), result: resultOf(result) }
      const begin = { phase: 'begin', call } as const
      return call.result === undefined ? [begin] : [begin, { phase: 'end', call }]
    }
    const unfinished = UNFINISHED.exec(text)
    if (unfinished !== null) {
      const [, name = '', args = ''] = unfinished
      const call: SystemCall = { name, args: splitArguments(args), result: undefined }
      this.#unfinished.set(thread, call)
      return [{ phase: 'begin', call }]
    }
    const resumed = RESUMED.exec(text)
    const call = this.#unfinished.get(thread)
    if (resumed === null || call === undefined) return []
    this.#unfinished.delete(thread)
    call.result = resultOf(resumed[2])
    return call.result === undefined ? [] : [{ phase: 'end', call }]
  }
}

/** None for a call that a killed thread never came back from. */
function resultOf(text: string | undefined): number | undefined {
  return text === undefined || text === '?' ? undefined : Number(text)
}

/** Strings are hexadecimal, so that no comma or quote stands in them. */
function splitArguments(text: string): readonly string[] {
  return text === '' ? [] : text.split(',').map((argument) => argument.trim())
}

/** @throws when the trace was made with too short a limit of strings */
export function bytesOf(argument: string | undefined): Buffer {
  const match = /^"((?:\\x[0-9a-f]{2})*)"$/.exec(argument ?? '')
  if (match === null) throw new Error(`no whole string: ${argument?.slice(0, 80) ?? 'nothing'}`)
  return Buffer.from((match[1] ?? '').replaceAll('\\x', ''), 'hex')
}

export function textOf(argument: string | undefined): string {
  return bytesOf(argument).toString()
}
