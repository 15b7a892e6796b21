import { beforeEach, describe, expect, it } from 'vitest'
import { Chance } from './chance.js'
import { DiskDrive } from './disk-drive.js'
import { Host } from './host.js'
import { MemberDisk, SimulatedStorage, type StateImage } from './simulated-storage.js'
import { World } from './world.js'

const MEMBERSHIP = { voters: ['1'], learners: [], context: new Uint8Array() }
const INDEX = 5

describe('a snapshot that is put in the place of the state', () => {
  let chance: Chance
  let world: World
  beforeEach(() => {
    chance = new Chance('storage')
    world = new World(chance)
  })

  const newDisk = (name: string): MemberDisk =>
    new MemberDisk(new DiskDrive(chance.stream(name)), MEMBERSHIP)

  const open = (disk: MemberDisk): { host: Host; storage: SimulatedStorage } => {
    const host = new Host(world, 'member')
    const storage = new SimulatedStorage({
      ...{ host, disk, clusterId: '77', checkpointMs: 1e9, watched: (machine) => machine },
      ...{ onWrite: () => undefined, onStateCommit: () => undefined },
      onFatal: (error) => world.fail(error),
    })
    return { host, storage }
  }

  /** Of another member, which has applied five entries. */
  const snapshot = async (): Promise<StateImage> => {
    const { storage } = open(newDisk('other'))
    const entries = Array.from({ length: INDEX }, (_, at) => ({ index: at + 1, term: 1 }))
    storage.state.apply(entries.map((entry) => ({ ...entry, proposal: undefined })))
    const taking = storage.outgoing.take()
    await world.run(world.nowMs + 100)
    return storage.copyAt((await taking).path) as StateImage
  }

  /** Received, and taken over by the log. */
  const receive = async (storage: SimulatedStorage): Promise<void> => {
    void storage.receive(await snapshot())
    await world.run(world.nowMs + 100)
    const taken = { index: INDEX, term: 1, membership: MEMBERSHIP }
    storage.log.append({ hardState: undefined, snapshot: taken, entries: [] }, () => undefined)
    await world.run(world.nowMs + 100)
  }

  it('stays there when the process ends before it has opened it', async () => {
    const disk = newDisk('disk')
    const { host, storage } = open(disk)
    await receive(storage)
    void storage.installSnapshot()
    host.pause()
    await world.run(world.nowMs + 100)
    expect(disk.state?.index).toBe(INDEX)
    host.kill()
    storage.crash('process')
    await world.run(world.nowMs + 100)
    expect(open(disk).storage.state.appliedIndex).toBe(INDEX)
  })

  it('holds up what is to be applied until it is there, whatever checkpoint ends meanwhile', async () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const { storage } = open(newDisk(`disk ${seed}`))
      await receive(storage)
      void storage.outgoing.take()
      await world.settle()
      void storage.installSnapshot()
      const wasOpen: boolean[] = []
      world.afterEvent = () => {
        if (storage.state.appliedIndex < INDEX) wasOpen.push(storage.applyGate === undefined)
      }
      await world.run(world.nowMs + 100)
      expect(storage.state.appliedIndex).toBe(INDEX)
      expect(wasOpen).not.toContain(true)
    }
  })
})
