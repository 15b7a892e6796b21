/**
 * Reads a protocol run as text: one command a line goes in, the same lines with what happened below
 * them come out (the idea is etcd-io/raft's testdata). The commands, with `<ids>` separated by
 * spaces and lists by commas:
 *
 *   add-node <ids> voters=… [learners=…] [log=terms] [term=n] [vote=id] [any option of Raft=n]
 *   campaign <id> · propose <id> <words> · read <id> <ref> · unreachable <id> <peer>
 *   tick <id> [n] · tick-election <id>      until it has output, at most two timeouts
 *   process-ready <ids>                     takes one Ready each and sends its messages
 *   process-append-thread <ids>             completes the oldest write of each
 *   deliver-msgs [<ids>] [from=ids] [drop=ids]   to those named only; without names to all
 *   stabilize [<ids>]                       all of the above among those named, until quiet
 *   crash <ids> · restart <ids> · status · raft-log <ids>
 *
 * `quiet` before a command leaves out its output; `#` opens a comment.
 */

import type { RaftOptions } from './config.js'
import { MemoryLog } from './memory-log.test-support.js'
import type { Message } from './message.js'
import { Raft } from './raft.js'
import type { Append, Ready } from './ready.js'
import { bytes, logOf } from './test-member.test-support.js'
import {
  describeAppend,
  describeEntries,
  describeMessage,
  describeReady,
  describeStatus,
} from './transcript-format.test-support.js'

interface Node {
  readonly id: string
  readonly log: MemoryLog
  readonly options: Partial<RaftOptions>
  raft: Raft | undefined
  appliedIndex: number
}

interface Command {
  readonly name: string
  /** Words without `=`. */
  readonly words: readonly string[]
  readonly settings: ReadonlyMap<string, string>
}

export class Transcript {
  readonly #nodes = new Map<string, Node>()
  #messages: Message[] = []
  #output: string[] = []
  #nextRef = 1

  /** Runs a script and returns it with its output. */
  run(script: string): string {
    for (const line of script.trimEnd().split('\n')) {
      this.#output.push(line === '' || line.startsWith('#') ? line : `> ${line}`)
      if (line === '' || line.startsWith('#')) continue
      const mark = this.#output.length
      const isQuiet = line.startsWith('quiet ')
      this.#execute(parse(isQuiet ? line.slice('quiet '.length) : line))
      if (isQuiet) this.#output.length = mark
    }
    return `${this.#output.join('\n')}\n`
  }

  #execute(command: Command): void {
    const handlers: Record<string, (command: Command) => void> = {
      'add-node': this.#addNodes,
      campaign: ({ words }) => this.#raft(words[0]).campaign(),
      propose: this.#propose,
      read: ({ words }) => this.#raft(words[0]).readIndex(Number(words[1])),
      unreachable: ({ words }) => this.#raft(words[0]).reportUnreachable(words[1]!),
      tick: ({ words }) => this.#tick(words[0]!, Number(words[1] ?? '1')),
      'tick-election': ({ words }) => this.#tickElection(words[0]),
      'process-ready': ({ words }) => words.forEach((id) => this.#processReady(this.#node(id))),
      'process-append-thread': ({ words }) =>
        words.forEach((id) => this.#completeWrite(this.#node(id))),
      'deliver-msgs': this.#deliver,
      stabilize: ({ words }) => this.#stabilize(words),
      crash: ({ words }) => words.forEach((id) => this.#crash(this.#node(id))),
      restart: ({ words }) => words.forEach((id) => this.#start(this.#node(id))),
      status: () => this.#status(),
      'raft-log': ({ words }) =>
        words.forEach((id) => this.#print(`${id}: ${describeEntries(this.#node(id).log.all)}`)),
    }
    const handler = handlers[command.name]
    if (handler === undefined) throw new Error(`unknown command: ${command.name}`)
    handler(command)
  }

  readonly #addNodes = ({ words, settings }: Command): void => {
    const list = (name: string): string[] => settings.get(name)?.split(',') ?? []
    const options: Record<string, number> = {}
    for (const [name, value] of settings) {
      if (/Ticks$|^max|^seed$/.test(name)) options[name] = Number(value)
    }
    for (const id of words) {
      const entries = logOf(...list('log').map(Number))
      const term = Number(settings.get('term') ?? entries.at(-1)?.term ?? 0)
      const hardState = { term, votedFor: settings.get('vote') }
      const membership = { voters: list('voters'), learners: list('learners') }
      const node: Node = {
        id,
        log: new MemoryLog({ ...membership, hardState, entries }),
        options,
        raft: undefined,
        appliedIndex: Number(settings.get('applied') ?? '0'),
      }
      this.#nodes.set(id, node)
      this.#start(node)
    }
  }

  readonly #propose = ({ words: [id, ...text] }: Command): void => {
    const commands = text.map(bytes)
    this.#print(this.#raft(id).propose(commands, this.#nextRef++))
  }

  readonly #deliver = ({ words, settings }: Command): void => {
    const dropped = settings.get('drop')?.split(',') ?? []
    const names = words.length === 0 && dropped.length === 0 ? [...this.#nodes.keys()] : words
    const senders = settings.get('from')?.split(',')
    const messages = this.#messages
    this.#messages = []
    for (const message of messages) {
      const { from, to } = message
      if (senders?.includes(from) === false) this.#messages.push(message)
      else if (dropped.includes(to)) this.#print(`dropped ${describeMessage(message)}`)
      else if (!names.includes(to)) this.#messages.push(message)
      else this.#step(message)
    }
  }

  #step(message: Message): void {
    const { raft } = this.#node(message.to)
    this.#print(`${raft === undefined ? 'lost ' : ''}${describeMessage(message)}`)
    raft?.step(message)
  }

  #tick(id: string, count: number): void {
    for (let tick = 0; tick < count; tick += 1) this.#raft(id).tick()
  }

  #tickElection(id: string | undefined): void {
    const raft = this.#raft(id)
    for (let tick = 0; tick < 20 && !raft.hasReady(); tick += 1) raft.tick()
  }

  #stabilize(words: readonly string[]): void {
    const names = words.length === 0 ? [...this.#nodes.keys()] : words
    const nodes = names.map((id) => this.#node(id))
    for (let isBusy = true; isBusy;) {
      isBusy = false
      for (const node of nodes) {
        while (node.raft?.hasReady() === true) isBusy = this.#processReady(node)
        while (node.log.writesInFlight > 0) isBusy = this.#completeWrite(node)
      }
      const deliverable = this.#messages.filter(({ to }) => names.includes(to))
      if (deliverable.length === 0) continue
      isBusy = true
      this.#deliver({ name: '', words: names, settings: new Map() })
    }
  }

  #processReady(node: Node): boolean {
    const { id, raft, log } = node
    if (raft?.hasReady() !== true) {
      this.#print(`${id} has nothing ready`)
      return false
    }
    const ready: Ready = raft.ready()
    for (const line of describeReady(id, ready)) this.#print(line)
    this.#messages.push(...ready.messages)
    if (ready.append !== undefined) log.begin(ready.append)
    const last = ready.committed.at(-1)
    if (last !== undefined) {
      raft.onApplied(last.index)
      node.appliedIndex = last.index
    }
    return true
  }

  #completeWrite({ id, raft, log }: Node): boolean {
    const append: Append | undefined = log.complete()
    if (append === undefined || raft === undefined) return false
    this.#print(`${id} has written ${describeAppend(append)}`)
    this.#messages.push(...append.messages)
    raft.onAppended(append.term, append.index)
    return true
  }

  #crash(node: Node): void {
    node.raft = undefined
    node.log.crash()
  }

  #start(node: Node): void {
    const { id, options, log, appliedIndex } = node
    node.raft = new Raft({ seed: Number(id), ...options, id, appliedIndex }, log)
  }

  #status(): void {
    for (const { id, raft } of this.#nodes.values()) {
      this.#print(`${id}: ${raft === undefined ? 'down' : describeStatus(raft.status)}`)
    }
  }

  #print(line: string): void {
    this.#output.push(`  ${line}`)
  }

  #node(id: string): Node {
    const node = this.#nodes.get(id)
    if (node === undefined) throw new Error(`unknown node: ${id}`)
    return node
  }

  #raft(id = ''): Raft {
    const { raft } = this.#node(id)
    if (raft === undefined) throw new Error(`node ${id} is down`)
    return raft
  }
}

function parse(line: string): Command {
  const [name = '', ...rest] = line.split(' ')
  const settings = rest.filter((word) => word.includes('=')).map((word) => word.split('='))
  return {
    name,
    words: rest.filter((word) => !word.includes('=')),
    settings: new Map(settings.map(([key = '', value = '']) => [key, value])),
  }
}
