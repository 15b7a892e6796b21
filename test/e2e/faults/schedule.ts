/**
 * What will be done to a cluster, and when: a list that is drawn from a seed before the run, so that
 * it can be printed, and drawn again (reliability of a replay ends there: processes and the machine
 * take their own time). Who leads is known only when a fault begins.
 */

import type { Network } from './networks.js'

export const FAULT_CLASSES = {
  kill: ['kill', 'killAll'],
  pause: ['pauseShort', 'pauseLong', 'pauseHolder'],
  partition: ['isolate', 'minority', 'mute', 'deafen', 'muteMessages', 'deafenMessages', 'flap'],
  network: ['slowNetwork', 'damage', 'reset'],
  clients: ['cutClients', 'loseAnswers'],
  disk: ['slowDisk', 'failFsync', 'fullDisk'],
} as const

export type FaultClass = keyof typeof FAULT_CLASSES
/** The last two are shapes that three members cannot have. */
export type FaultKind = (typeof FAULT_CLASSES)[FaultClass][number] | 'bridge' | 'ring'

export interface PlannedFault {
  /** Since the beginning of the run; a fault that is still under way then ends first. */
  readonly atMs: number
  readonly kind: FaultKind
  /** The leader, or the follower of this number among the followers. */
  readonly target: 'leader' | number
  readonly forMs: number
}

/** How long each lasts, in election timeouts, from and to. */
const LENGTHS: Readonly<Record<FaultKind, readonly [number, number]>> = {
  kill: [0, 2],
  killAll: [0, 1],
  pauseShort: [0.3, 0.7],
  pauseLong: [4, 8],
  pauseHolder: [0, 0],
  isolate: [5, 9],
  minority: [5, 9],
  mute: [5, 9],
  deafen: [5, 9],
  muteMessages: [5, 9],
  deafenMessages: [5, 9],
  bridge: [6, 9],
  ring: [6, 9],
  flap: [6, 8],
  slowNetwork: [3, 6],
  damage: [2, 4],
  reset: [2, 4],
  cutClients: [2, 4],
  loseAnswers: [2, 4],
  slowDisk: [5, 9],
  failFsync: [0, 0],
  fullDisk: [3, 6],
}

export interface ScheduleOptions {
  readonly classes: readonly FaultClass[]
  readonly members: number
  readonly network: Network
  readonly durationMs: number
  readonly electionTimeoutMs: number
  /** Whether there are clients that hold something and can be stopped. */
  readonly hasHolders: boolean
  readonly random: () => number
}

/** Each kind comes as often as each other, in an order that is drawn anew every time around. */
export function drawSchedule(options: ScheduleOptions): readonly PlannedFault[] {
  const { members, durationMs, electionTimeoutMs, random } = options
  const kinds = kindsOf(options)
  const planned: PlannedFault[] = []
  let atMs = electionTimeoutMs
  for (let round: readonly FaultKind[] = []; atMs < durationMs; round = round.slice(1)) {
    if (round.length === 0) round = shuffled(kinds, random)
    const [kind] = round
    if (kind === undefined) break
    const [least, most] = LENGTHS[kind]
    const forMs = Math.round(electionTimeoutMs * (least + (most - least) * random()))
    const target = random() < 0.5 ? 'leader' : Math.floor(random() * (members - 1))
    planned.push({ atMs: Math.round(atMs), kind, target, forMs })
    atMs += forMs + electionTimeoutMs * (0.5 + 2 * random())
  }
  return planned
}

/** Of single streams, or of what is in them: packets know nothing of that. */
const NEED_LINKS: ReadonlySet<FaultKind> = new Set([
  ...FAULT_CLASSES.network,
  ...(['muteMessages', 'deafenMessages'] as const),
])

function kindsOf({ classes, members, network, hasHolders }: ScheduleOptions): readonly FaultKind[] {
  const all: FaultKind[] = classes.flatMap((name): readonly FaultKind[] => FAULT_CLASSES[name])
  const kinds = all
    .filter((kind) => hasHolders || kind !== 'pauseHolder')
    .filter((kind) => network === 'links' || !NEED_LINKS.has(kind))
  return members >= 5 && classes.includes('partition') ? [...kinds, 'bridge', 'ring'] : kinds
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)
}

export function describePlan({ atMs, kind, target, forMs }: PlannedFault): string {
  const whom = target === 'leader' ? 'the leader' : `follower ${target}`
  return `${(atMs / 1_000).toFixed(1)} s ${kind} ${whom} for ${forMs} ms`
}

/** Each of these once, for as short as it ever lasts: a schedule without chance. */
export function eachOnce(
  kinds: readonly FaultKind[],
  {
    electionTimeoutMs,
    target,
  }: Pick<ScheduleOptions, 'electionTimeoutMs'> & Pick<PlannedFault, 'target'>,
): readonly PlannedFault[] {
  let atMs = electionTimeoutMs
  return kinds.map((kind) => {
    const planned = { atMs, kind, target, forMs: electionTimeoutMs * LENGTHS[kind][0] }
    atMs += planned.forMs + electionTimeoutMs
    return planned
  })
}
