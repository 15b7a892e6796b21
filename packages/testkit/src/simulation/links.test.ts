import { describe, expect, it } from 'vitest'
import { Chance } from './chance.js'
import { Links } from './links.js'

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
