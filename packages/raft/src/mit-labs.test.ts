/**
 * The 28 Raft scenarios of the labs of MIT 6.5840 (3A to 3D), under the names that they have there,
 * with their numbers of servers, commands and rounds, each from several seeds. Beside what each of them
 * asks for, the checker watches every step (Raft, Figure 3), and at the end the cluster must heal.
 */

import { describe, expect, test } from 'vitest'
import { ELECTION_TICKS, Lab, type LabOptions } from './mit-labs.test-support.js'

const SEEDS = [6_5840, 1, 2]

function lab(options: Partial<LabOptions>, run: (lab: Lab) => void): void {
  for (const seed of SEEDS) {
    const made = new Lab({ servers: 3, seed, ...options })
    try {
      run(made)
      made.finish()
    } catch (cause) {
      throw new Error(`with seed ${seed}`, { cause })
    }
  }
}

function times(count: number, run: (time: number) => void): void {
  for (let time = 0; time < count; time += 1) run(time)
}

describe('3A: leader election', () => {
  test('InitialElection: one leader, who stays as long as nothing fails', () => {
    lab({}, (lab) => {
      const leader = lab.checkOneLeader()
      const term = lab.checkTerms()
      expect(term).toBeGreaterThanOrEqual(1)
      lab.step(2 * 2 * ELECTION_TICKS)
      expect(lab.checkTerms()).toBe(term)
      expect(lab.checkOneLeader()).toBe(leader)
    })
  })

  test('ReElection: after a failure, without a quorum, and after it is back', () => {
    lab({}, (lab) => {
      const first = lab.checkOneLeader()
      lab.disconnect(first)
      const second = lab.checkOneLeader()
      expect(second).not.toBe(first)
      lab.connect(first)
      expect(lab.checkOneLeader()).toBe(second)
      const other = lab.after(second, 1)
      lab.disconnect(second, other)
      lab.step(2 * 2 * ELECTION_TICKS)
      lab.checkNoLeader()
      lab.connect(other)
      const third = lab.checkOneLeader()
      lab.connect(second)
      expect(lab.checkOneLeader()).toBe(third)
    })
  })

  test('ManyElections: three of seven are cut off, ten times', () => {
    lab({ servers: 7 }, (lab) => {
      lab.checkOneLeader()
      times(10, () => {
        const cut = [lab.below(7), lab.below(7), lab.below(7)].map((at) => lab.ids[at]!)
        lab.disconnect(...cut)
        lab.checkOneLeader()
        lab.connect(...cut)
      })
      lab.checkOneLeader()
    })
  })
})

describe('3B: the log', () => {
  test('BasicAgree: three commands, one after the other, behind the no-op', () => {
    lab({}, (lab) => {
      expect([lab.one(3), lab.one(3), lab.one(3)]).toEqual([2, 3, 4])
    })
  })

  test("RPCBytes: each command's bytes are sent to each peer once", () => {
    lab({}, (lab) => {
      lab.one(3)
      const before = lab.bytes
      times(10, () => lab.one(3, { retry: false, payloadBytes: 5_000 }))
      expect(lab.bytes - before).toBe(2 * 10 * (16 + 3 + 5_000))
    })
  })

  test('FollowerFailure: with one cut off commands commit, with two they do not', () => {
    lab({}, (lab) => {
      lab.one(3, { retry: false })
      const first = lab.checkOneLeader()
      lab.disconnect(lab.after(first, 1))
      lab.one(2, { retry: false })
      lab.step(2 * ELECTION_TICKS)
      lab.one(2, { retry: false })
      const second = lab.checkOneLeader()
      lab.disconnect(lab.after(second, 1), lab.after(second, 2))
      const command = lab.start(second)!
      lab.step(2 * 2 * ELECTION_TICKS)
      expect(lab.countApplied(command)).toBe(0)
    })
  })

  test('LeaderFailure: the same, but it is always the leader that is cut off', () => {
    lab({}, (lab) => {
      lab.one(3, { retry: false })
      lab.disconnect(lab.checkOneLeader())
      lab.one(2)
      lab.step(2 * ELECTION_TICKS)
      lab.one(2, { retry: false })
      lab.disconnect(lab.checkOneLeader())
      const commands = lab.ids.map((id) => lab.start(id))
      lab.step(2 * 2 * ELECTION_TICKS)
      for (const command of commands) {
        if (command !== undefined) expect(lab.countApplied(command)).toBe(0)
      }
    })
  })

  test('FailAgree: a follower comes back and catches up', () => {
    lab({}, (lab) => {
      lab.one(3, { retry: false })
      const away = lab.after(lab.checkOneLeader(), 1)
      lab.disconnect(away)
      lab.one(2, { retry: false })
      lab.one(2, { retry: false })
      lab.step(2 * ELECTION_TICKS)
      lab.one(2, { retry: false })
      lab.one(2, { retry: false })
      lab.connect(away)
      lab.one(3)
      lab.step(2 * ELECTION_TICKS)
      lab.one(3)
    })
  })

  test('FailNoAgree: three of five are cut off, and nothing commits until they are back', () => {
    lab({ servers: 5 }, (lab) => {
      lab.one(5, { retry: false })
      const leader = lab.checkOneLeader()
      const away = [1, 2, 3].map((distance) => lab.after(leader, distance))
      lab.disconnect(...away)
      const command = lab.start(leader)!
      lab.step(2 * 2 * ELECTION_TICKS)
      expect(lab.countApplied(command)).toBe(0)
      lab.connect(...away)
      const next = lab.start(lab.checkOneLeader())!
      lab.one(5)
      expect(lab.countApplied(next)).toBe(5)
    })
  })

  test('ConcurrentStarts: six commands between two messages all commit, in order', () => {
    lab({}, (lab) => {
      const leader = lab.checkOneLeader()
      const term = lab.checkTerms()
      const commands = Array.from({ length: 6 }, () => lab.start(leader)!)
      lab.step(2)
      expect(lab.checkTerms()).toBe(term)
      expect(commands.map((command) => lab.indexOf(command))).toEqual([2, 3, 4, 5, 6, 7])
      for (const command of commands) expect(lab.countApplied(command)).toBe(3)
    })
  })

  test('Rejoin: a leader comes back with entries that nobody else has', () => {
    lab({}, (lab) => {
      lab.one(3)
      const first = lab.checkOneLeader()
      lab.disconnect(first)
      const lost = Array.from({ length: 3 }, () => lab.start(first)!)
      lab.one(2)
      const second = lab.checkOneLeader()
      lab.disconnect(second)
      lab.connect(first)
      lab.one(2)
      lab.connect(second)
      lab.one(3)
      for (const command of lost) expect(lab.indexOf(command)).toBe(0)
    })
  })

  test('Backup: logs that differ in fifty entries, twice', () => {
    lab({ servers: 5 }, (lab) => {
      lab.one(5)
      const first = lab.checkOneLeader()
      const others = [2, 3, 4].map((distance) => lab.after(first, distance))
      lab.disconnect(...others)
      const lost = Array.from({ length: 50 }, () => lab.start(first)!)
      lab.step(ELECTION_TICKS / 2)
      lab.disconnect(first, lab.after(first, 1))
      lab.connect(...others)
      times(50, () => lab.one(3))
      const second = lab.checkOneLeader()
      const away = others.find((id) => id !== second)!
      lab.disconnect(away)
      lost.push(...Array.from({ length: 50 }, () => lab.start(second)!))
      lab.step(ELECTION_TICKS / 2)
      lab.disconnect(...lab.ids)
      lab.connect(first, lab.after(first, 1), away)
      times(50, () => lab.one(3))
      lab.connect(...lab.ids)
      lab.one(5)
      for (const command of lost) expect(lab.indexOf(command)).toBe(0)
    })
  })

  test('Count: few messages for an election, for agreement, and when idle', () => {
    lab({}, (lab) => {
      const leader = lab.checkOneLeader()
      expect(lab.requests).toBeGreaterThan(1)
      expect(lab.requests).toBeLessThanOrEqual(30)
      lab.step(2 * ELECTION_TICKS)
      const before = lab.requests
      const commands = Array.from({ length: 10 }, () => lab.start(leader)!)
      lab.step(1)
      expect(commands.map((command) => lab.countApplied(command))).toEqual(commands.map(() => 3))
      expect(lab.requests - before).toBeLessThanOrEqual((10 + 1 + 3) * 3)
      const idle = lab.requests
      lab.step(20)
      // Heartbeats to two peers, ten times a second.
      expect(lab.requests - idle).toBe(20)
    })
  })
})

describe('3C: persistence', () => {
  test('Persist1: all crash, then the leader, then a follower', () => {
    lab({}, (lab) => {
      lab.one(3)
      lab.crash(...lab.ids)
      lab.restart(...lab.ids)
      lab.one(3)
      const first = lab.checkOneLeader()
      lab.crash(first)
      lab.restart(first)
      lab.one(3)
      const second = lab.checkOneLeader()
      lab.crash(second)
      lab.one(2)
      lab.restart(second)
      lab.one(3)
      const follower = lab.after(lab.checkOneLeader(), 1)
      lab.crash(follower)
      lab.one(2)
      lab.restart(follower)
      lab.one(3)
    })
  })

  test('Persist2: two and three of five are down by turns', () => {
    lab({ servers: 5 }, (lab) => {
      times(5, () => {
        lab.one(5)
        const leader = lab.checkOneLeader()
        const [a, b, c, d] = [1, 2, 3, 4].map((distance) => lab.after(leader, distance)) as [
          string,
          string,
          string,
          string,
        ]
        lab.crash(a, b)
        lab.one(3)
        lab.crash(leader, c, d)
        lab.restart(a, b)
        lab.step(2 * ELECTION_TICKS)
        lab.restart(c)
        lab.one(3)
        lab.restart(leader, d)
      })
      lab.one(5)
    })
  })

  test('Persist3: the leader and a follower crash, and who was cut off must not win', () => {
    lab({}, (lab) => {
      lab.one(3)
      const leader = lab.checkOneLeader()
      const [follower, away] = [lab.after(leader, 1), lab.after(leader, 2)]
      lab.disconnect(away)
      lab.one(2)
      lab.crash(leader, follower)
      lab.connect(away)
      lab.restart(leader)
      lab.one(2)
      lab.restart(follower)
      lab.one(3)
    })
  })

  test('Figure8: a thousand leaders crash just after, or just before, they have replicated', () => {
    lab({ servers: 5 }, (lab) => {
      lab.one(1)
      times(1_000, () => {
        let leader: string | undefined
        for (const id of lab.ids) if (lab.start(id) !== undefined) leader = id
        if (lab.below(4) === 0) lab.drift(lab.below(2 * ELECTION_TICKS), 40)
        else lab.stir(lab.below(30))
        if (leader !== undefined) lab.crash(leader)
        if (lab.ids.filter((id) => lab.isUp(id)).length < 3) lab.restart(lab.ids[lab.below(5)]!)
      })
      lab.restart(...lab.ids)
      lab.one(5)
      expect(lab.cluster.checker.counts.elections).toBeGreaterThan(50)
      expect(lab.cluster.checker.counts.truncations).toBeGreaterThan(2)
    })
  })

  test('UnreliableAgree: one of ten messages is lost, each way', () => {
    lab({ servers: 5, isReliable: false }, (lab) => {
      times(49, () => {
        const leader = lab.checkOneLeader()
        times(4, () => lab.start(leader))
        lab.one(1)
      })
      lab.isReliable = true
      lab.one(5)
    })
  })

  test('Figure8Unreliable: leaders are cut off, and answers take up to two seconds', () => {
    lab({ servers: 5, isReliable: false }, (lab) => {
      lab.one(1)
      const up = new Set(lab.ids)
      times(1_000, (time) => {
        if (time === 200) lab.hasLongReordering = true
        let leader: string | undefined
        for (const id of lab.ids) if (lab.start(id) !== undefined && up.has(id)) leader = id
        lab.step(lab.below(10) === 0 ? lab.below(ELECTION_TICKS) : lab.below(2))
        if (leader !== undefined && lab.below(2) === 0) {
          lab.disconnect(leader)
          up.delete(leader)
        }
        if (up.size < 3) {
          const back = lab.ids[lab.below(5)]!
          lab.connect(back)
          up.add(back)
        }
      })
      lab.connect(...lab.ids)
      lab.one(5)
      expect(lab.cluster.checker.counts.elections).toBeGreaterThan(5)
      expect(lab.cluster.checker.counts.truncations).toBeGreaterThan(2)
    })
  })

  test.each([
    ['ReliableChurn', true],
    ['UnreliableChurn', false],
  ])('%s: servers come and go under three clients, who lose nothing', (_name, isReliable) => {
    lab({ servers: 5, isReliable }, (lab) => {
      const waiting: string[] = []
      const acknowledged: string[] = []
      times(20, () => {
        if (lab.below(10) < 2) lab.disconnect(lab.ids[lab.below(5)]!)
        if (lab.below(10) < 5) {
          const back = lab.ids[lab.below(5)]!
          lab.restart(back)
          lab.connect(back)
        }
        if (lab.below(10) < 2) lab.crash(lab.ids[lab.below(5)]!)
        // Each client has one command under way; what a majority has applied it takes for done.
        times(2 * ELECTION_TICKS, () => {
          for (const id of lab.ids) {
            const command = waiting.length < 3 ? lab.start(id) : undefined
            if (command !== undefined) waiting.push(command)
          }
          lab.step()
          for (const [at, command] of waiting.entries()) {
            if (lab.countApplied(command) >= 3) acknowledged.push(...waiting.splice(at, 1))
          }
          if (lab.below(20) === 0) waiting.length = 0
        })
      })
      lab.isReliable = true
      lab.restart(...lab.ids)
      lab.connect(...lab.ids)
      const last = lab.one(5)
      expect(acknowledged.length).toBeGreaterThan(20)
      for (const command of acknowledged) {
        expect(lab.indexOf(command)).toBeGreaterThan(0)
        expect(lab.indexOf(command)).toBeLessThan(last)
      }
    })
  })
})

describe('3D: log compaction', () => {
  const SNAPSHOT_EVERY = 10

  interface Mishap {
    readonly disconnects?: boolean
    readonly crashes?: boolean
    readonly isReliable?: boolean
  }

  /** Thirty rounds in which one of three may miss more than the others keep in their logs. */
  function snapshots({ disconnects = false, crashes = false, isReliable = true }: Mishap): void {
    lab({ isReliable, snapshotEvery: SNAPSHOT_EVERY }, (lab) => {
      lab.one(3)
      let leader = lab.checkOneLeader()
      times(30, (round) => {
        const victim = round % 3 === 1 ? leader : lab.after(leader, 1)
        if (disconnects) lab.disconnect(victim)
        if (crashes) lab.crash(victim)
        if (disconnects || crashes) lab.one(2)
        const sender = lab.checkOneLeader()
        times(SNAPSHOT_EVERY / 2 + lab.below(SNAPSHOT_EVERY), () => lab.start(sender))
        lab.one(disconnects || crashes ? 2 : 3)
        for (const { log, raft } of lab.cluster.members) {
          if (raft !== undefined) expect(log.all.length).toBeLessThan(3 * SNAPSHOT_EVERY)
        }
        lab.restart(victim)
        lab.connect(victim)
        lab.one(3)
        leader = lab.checkOneLeader()
      })
      const installed = lab.cluster.checker.counts.snapshots
      if (disconnects || crashes) expect(installed).toBeGreaterThan(10)
      expect(lab.cluster.checker.committed.length).toBeGreaterThan(300)
    })
  }

  test.each<[string, string, Mishap]>([
    ['SnapshotBasic', 'logs stay short', {}],
    ['SnapshotInstall', 'one is cut off', { disconnects: true }],
    [
      'SnapshotInstallUnreliable',
      'one is cut off, and messages are lost',
      { disconnects: true, isReliable: false },
    ],
    ['SnapshotInstallCrash', 'one crashes', { crashes: true }],
    [
      'SnapshotInstallUnCrash',
      'one crashes, and messages are lost',
      { crashes: true, isReliable: false },
    ],
  ])('%s: %s', (_name, _story, mishap) => snapshots(mishap))

  test('SnapshotAllCrash: all crash between snapshots, and nothing is taken back', () => {
    lab({ snapshotEvery: SNAPSHOT_EVERY }, (lab) => {
      lab.one(3)
      times(5, () => {
        times(SNAPSHOT_EVERY / 2 + lab.below(SNAPSHOT_EVERY), () => lab.one(3))
        const before = lab.one(3)
        lab.crash(...lab.ids)
        lab.restart(...lab.ids)
        expect(lab.one(3)).toBeGreaterThan(before)
      })
    })
  })

  test('SnapshotInit: all crash just after a snapshot, and again after one command more', () => {
    lab({ snapshotEvery: SNAPSHOT_EVERY }, (lab) => {
      times(SNAPSHOT_EVERY + 1, () => lab.one(3))
      for (const id of lab.ids) expect(lab.server(id).log.firstIndex()).toBeGreaterThan(1)
      times(2, () => {
        lab.crash(...lab.ids)
        lab.restart(...lab.ids)
        lab.one(3)
      })
    })
  })
})
