import { describe, expect, it } from 'vitest'
import { cpuSecondsOf, machineTime, parseStat } from './cpu.js'

describe('parseStat', () => {
  it('adds user and system time, whatever the program is called', () => {
    const line = '42 (a) b (c)) S 1 42 42 0 -1 4194560 99 0 0 0 310 45 7 8 20 0 11 0 5 6 7'
    expect(parseStat(line)).toBe(355)
  })
})

describe.skipIf(process.platform !== 'linux')('cpuSecondsOf', () => {
  it('agrees with what the process knows of itself', () => {
    const { user, system } = process.cpuUsage()
    const own = cpuSecondsOf([process.pid])
    expect(own).toBeGreaterThan(0)
    expect(Math.abs(own! - (user + system) / 1e6)).toBeLessThan(0.25)
  })

  it('knows nothing when one of the processes is gone', () => {
    expect(cpuSecondsOf([process.pid, 2 ** 30])).toBeUndefined()
  })
})

describe('machineTime', () => {
  it('is busy for a part of the whole', () => {
    const { busySeconds, totalSeconds } = machineTime()
    expect(busySeconds).toBeGreaterThan(0)
    expect(busySeconds).toBeLessThan(totalSeconds)
  })
})
