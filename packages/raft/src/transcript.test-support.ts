/**
 * Reads a protocol run as text: one command a line goes in, the same lines with what happened below
 * them come out (the idea is etcd-io/raft's testdata). The commands, with `<ids>` separated by
 * spaces and lists by commas:
 *
 *   add-node <ids> voters=… [learners=…] [log=terms] [term=n] [vote=id] [any option of Raft=n]
 *                                           `2:a` in the log is a command, `2:noop` a no-op
 *   campaign <id> · propose <id> <words> · read <id> <ref>
 *   unreachable <id> <peer> · forget-leader <ids>
 *   change <id> addLearner|addVoter|promote|remove <peer> · change <id> updateContext <word>
 *   transfer <id> <peer>
 *   tick <id> [n] · tick-election <id>      until it has output, at most two timeouts
 *   process-ready <ids>                     takes one Ready each and sends its messages
 *   process-append-thread <ids>             completes the oldest write of each
 *   deliver-msgs [<ids>] [from=ids] [type=name] [drop=ids] [keep=ids] [order=reversed]
 *                                           to those named only, without names to all; what is
 *                                           kept is delivered and stays, to arrive again
 *   send-snapshot <id> <peer>               of what it has applied
 *   report-snapshot <id> <peer> [index]     what became of it; without an index it was lost
 *   compact <id> <index>
 *   stabilize [<ids>]                       all that is due among those named, until quiet
 *   crash <ids> · restart <ids> · status · raft-log <ids>
 *
 * `quiet` before a command leaves out its output; `#` opens a comment.
 */

import type { RaftOptions } from './config.js'
import type { Entry } from './entry.js'
import type { MembershipChange } from './membership-change.js'
import { MemoryLog } from './memory-log.test-support.js'
import { InvariantViolation } from './invariant.js'
import type { Message } from './message.js'
import { Raft } from './raft.js'
import type { Append, Ready } from './ready.js'
import { bytes, entry, noop } from './test-member.test-support.js'
import {
  describeAppend,
  describeLog,
  describeMembership,
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
  /** Who is to be sent a snapshot. */
  snapshotsDue: string[]
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
      'forget-leader': ({ words }) => words.forEach((id) => this.#raft(id).forgetLeader()),
      change: this.#change,
      transfer: ({ words }) => this.#print(this.#raft(words[0]).transferLeadership(words[1]!)),
      compact: ({ words }) => this.#node(words[0]!).log.compact(Number(words[1])),
      'send-snapshot': ({ words }) => this.#sendSnapshot(this.#node(words[0]!), words[1]!),
      'report-snapshot': this.#reportSnapshot,
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
        words.forEach((id) => this.#print(`${id}: ${describeLog(this.#node(id).log)}`)),
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
      const entries = list('log').map(parseEntry)
      const term = Number(settings.get('term') ?? entries.at(-1)?.term ?? 0)
      const hardState = { term, votedFor: settings.get('vote') }
      const membership = { voters: list('voters'), learners: list('learners') }
      const node: Node = {
        id,
        log: new MemoryLog({ ...membership, hardState, entries }),
        options,
        raft: undefined,
        appliedIndex: Number(settings.get('applied') ?? '0'),
        snapshotsDue: [],
      }
      this.#nodes.set(id, node)
      this.#start(node)
    }
  }

  readonly #propose = ({ words: [id, ...text] }: Command): void => {
    const commands = text.map(bytes)
    this.#print(this.#raft(id).propose(commands, this.#nextRef++))
  }

  readonly #change = ({ words: [id, type, subject = ''] }: Command): void => {
    const isContext = type === 'updateContext'
    const change = { type, id: subject } as MembershipChange
    const context = bytes(isContext ? subject : '')
    const result = this.#raft(id).changeMembership(change, context)
    this.#print(typeof result === 'string' ? result : `at ${result.index}/${result.term}`)
  }

  readonly #deliver = ({ words, settings }: Command): void => {
    const dropped = settings.get('drop')?.split(',') ?? []
    const kept = settings.get('keep')?.split(',') ?? []
    const isFree = words.length + dropped.length + kept.length === 0
    const names = isFree ? [...this.#nodes.keys()] : [...words, ...kept]
    const senders = settings.get('from')?.split(',')
    const type = settings.get('type')
    const messages = this.#messages
    if (settings.get('order') === 'reversed') messages.reverse()
    this.#messages = messages.filter(({ to }) => kept.includes(to))
    for (const message of messages) {
      const { from, to } = message
      const isMeant = senders?.includes(from) !== false && (type ?? message.type) === message.type
      if (isMeant && dropped.includes(to)) this.#print(`dropped ${describeMessage(message)}`)
      else if (isMeant && names.includes(to)) this.#step(message)
      else if (!kept.includes(to)) this.#messages.push(message)
    }
  }

  #step(message: Message): void {
    const { raft } = this.#node(message.to)
    this.#print(`${raft === undefined ? 'lost ' : ''}${describeMessage(message)}`)
    try {
      raft?.step(message)
    } catch (error) {
      if (!(error instanceof InvariantViolation)) throw error
      this.#print(`  ${message.to} stops: ${error.message}`)
      this.#crash(this.#node(message.to))
    }
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
        for (const to of node.snapshotsDue) this.#sendSnapshot(node, to)
      }
      const deliverable = this.#messages.filter(({ to }) => names.includes(to))
      if (deliverable.length === 0) continue
      isBusy = true
      this.#deliver({ name: '', words: names, settings: new Map() })
      for (const message of deliverable) this.#reportArrival(message)
    }
  }

  #sendSnapshot(node: Node, to: string): void {
    const { id, raft, appliedIndex } = node
    const message = raft?.installSnapshotMessage(to, appliedIndex)
    node.snapshotsDue = node.snapshotsDue.filter((due) => due !== to)
    this.#print(message === undefined ? `${id} does not lead` : `send ${describeMessage(message)}`)
    if (message !== undefined) this.#messages.push(message)
  }

  readonly #reportSnapshot = ({ words: [id, to, index] }: Command): void => {
    const node = this.#node(id!)
    node.snapshotsDue = node.snapshotsDue.filter((due) => due !== to)
    node.raft?.reportSnapshot(to!, index === undefined ? undefined : Number(index))
  }

  /** What a driver says when a snapshot has arrived. */
  #reportArrival(message: Message): void {
    if (message.type !== 'installSnapshot') return
    const { from, to, snapshot } = message
    this.#print(`${from} is told that ${to} has its snapshot ${snapshot.index}`)
    this.#node(from).raft?.reportSnapshot(to, snapshot.index)
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
    node.snapshotsDue.push(...ready.snapshotsToSend)
    const last = ready.committed.at(-1)
    if (last !== undefined) {
      raft.onApplied(last.index)
      node.appliedIndex = last.index
    }
    return true
  }

  #completeWrite(node: Node): boolean {
    const { id, raft, log } = node
    const append: Append | undefined = log.complete()
    if (append === undefined || raft === undefined) return false
    this.#print(`${id} has written ${describeAppend(append)}`)
    this.#messages.push(...append.messages)
    if (append.snapshot !== undefined) node.appliedIndex = append.snapshot.index
    raft.onAppended(append.term, append.index)
    return true
  }

  #crash(node: Node): void {
    node.raft = undefined
    node.snapshotsDue = []
    node.log.crash()
  }

  #start(node: Node): void {
    const { id, options, log, appliedIndex } = node
    node.raft = new Raft({ seed: Number(id), ...options, id, appliedIndex }, log)
  }

  #status(): void {
    for (const { id, raft } of this.#nodes.values()) {
      const status = raft === undefined ? 'down' : describeStatus(raft.status)
      // That of the start goes without saying.
      const changed = raft !== undefined && raft.membership.index > 0 ? raft.membership : undefined
      const members = changed === undefined ? '' : `, ${describeMembership(changed.membership)}`
      this.#print(`${id}: ${status}${members}`)
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

/** `term` or `term:word`. */
function parseEntry(text: string, at: number): Entry {
  const [term, word] = text.split(':')
  return word === 'noop' ? noop(at + 1, Number(term)) : entry(at + 1, Number(term), word)
}
