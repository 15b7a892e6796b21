import { describe, expect, it } from 'vitest'
import { Chance } from './chance.js'
import { Host } from './host.js'
import { Links } from './links.js'
import { World } from './world.js'

const USUAL = { minDelayMs: 0, meanDelayMs: 1, loss: 0.05, repetition: 0, isOrdered: true }

describe('the weather', () => {
  it('is that of the newest storm, and the usual when all are over, whichever ends first', () => {
    const links = new Links(new Chance('links'), USUAL)
    const endFirst = links.beginStorm({ loss: 0.1 })
    const endSecond = links.beginStorm({ loss: 0.2, isOrdered: false })
    expect(links.conditions).toEqual({ ...USUAL, loss: 0.2, isOrdered: false })
    endFirst()
    expect(links.conditions.loss).toBe(0.2)
    endSecond()
    expect(links.conditions).toEqual(USUAL)
  })

  it('loses nothing once all is healed, storms that have not ended included', () => {
    const links = new Links(new Chance('links'), USUAL)
    const end = links.beginStorm({ meanDelayMs: 50 })
    links.heal()
    expect(links.conditions).toEqual({ ...USUAL, loss: 0 })
    end()
    expect(links.conditions).toEqual({ ...USUAL, loss: 0 })
  })
})

describe('a direction', () => {
  const to = [['a', 'b']] as const
  const host = (world: World): Host => new Host(world, 'a')

  it('that two faults have cut is cut until both have ended', () => {
    const links = new Links(new Chance('links'), USUAL)
    const mendFirst = links.cut(to)
    const mendSecond = links.cut(to)
    mendFirst()
    mendFirst()
    expect(links.isCut(to[0])).toBe(true)
    mendSecond()
    expect(links.isCut(to[0])).toBe(false)
  })

  it('that was healed is not mended again by a fault that ends later', async () => {
    const world = new World(new Chance('world'))
    const links = new Links(new Chance('links'), USUAL)
    const mendFirst = links.cut(to)
    links.heal()
    links.cut(to)
    const arrived: string[] = []
    links.stream(host(world), to[0], () => arrived.push('held'))
    mendFirst()
    await world.run(1_000)
    expect(arrived).toEqual([])
    links.heal()
    await world.run(2_000)
    expect(arrived).toEqual(['held'])
  })
})
