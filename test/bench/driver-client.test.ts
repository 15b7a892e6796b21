import { describe, expect, it } from 'vitest'
import { DriverClient, type DriverCommand } from './driver-client.js'
import type { CellRequest } from './driver-protocol.js'

const request: CellRequest = {
  workload: 'put',
  inFlight: 1,
  warmUpSeconds: 0,
  seconds: 0,
  value: '',
}
const figures = { ops: 7, elapsedSeconds: 1, errors: 0, errorMessages: [] }

/** A driver that says these lines at its start, and those to every request. */
function driverSaying(atStart: readonly string[], toRequest: readonly string[]): DriverCommand {
  const say = (lines: readonly string[]): string =>
    lines.map((line) => `console.log(${JSON.stringify(line)})`).join(';')
  const script = `${say(atStart)};process.stdin.on('data', () => { ${say(toRequest)} })`
  return { command: process.execPath, args: ['-e', script] }
}

const event = (name: string, rest: object = {}): string => JSON.stringify({ event: name, ...rest })

describe('DriverClient', () => {
  it('marks both ends of the window, and overhears what a library prints', async () => {
    const answer = [event('warm'), 'a deprecation', event('ended'), event('measured', { figures })]
    const driver = await DriverClient.start(driverSaying(['hello', event('ready')], answer))
    const seen: string[] = []
    const events = { warm: () => seen.push('warm'), ended: () => seen.push('ended') }
    expect(await driver.measure(request, events)).toEqual(figures)
    expect(await driver.measure(request, events)).toEqual(figures)
    expect(seen).toEqual(['warm', 'ended', 'warm', 'ended'])
    expect(driver.pid).toBeGreaterThan(0)
    await driver.close()
  })

  it('fails a cell with what the driver says about it', async () => {
    const driver = await DriverClient.start(
      driverSaying([event('ready')], [event('failed', { message: 'no such workload' })]),
    )
    await expect(driver.measure(request)).rejects.toThrow('no such workload')
    await driver.kill()
  })

  it('tells why a driver died', async () => {
    const command = { command: process.execPath, args: ['-e', 'throw new Error("no route")'] }
    await expect(DriverClient.start(command)).rejects.toThrow(/ended before.*Error: no route/)
  })

  it('rejects when there is no such program', async () => {
    const command = { command: 'a-program-that-nobody-has', args: [] }
    await expect(DriverClient.start(command)).rejects.toThrow('ended before')
  })
})
