import { describe, expect, it } from 'vitest'
import { inputDrawer } from './draw-input.js'
import { inputKinds } from './input.js'
import { routeNames } from './valid-requests.js'
import { findRoute } from '@holdfast/protocol'
import { FuzzOptionsError, parseOptions, replayCommand } from './options.js'

const inputs = Array.from({ length: 5_000 }, (_, at) =>
  inputDrawer({ seed: 1, kinds: inputKinds })(at),
)

describe('the inputs of a run', () => {
  it('are what the seed and their number make of them, whatever was drawn before', () => {
    const draw = inputDrawer({ seed: 1, kinds: inputKinds })
    expect(draw(4_321)).toEqual(inputs[4_321])
    expect(inputDrawer({ seed: 2, kinds: inputKinds })(4_321)).not.toEqual(inputs[4_321])
  })

  it('reach every path of the wire', () => {
    const reached = new Set(inputs.map(({ path }) => findRoute(path)))
    expect(routeNames.filter((name) => !reached.has(name))).toEqual([])
  })

  it('are of every kind, and of many shapes', () => {
    expect(new Set(inputs.map(({ kind }) => kind)).size).toBe(inputKinds.length)
    const texts = new Set(inputs.map(({ pieces }) => Buffer.concat(pieces).toString('latin1')))
    expect(texts.size).toBeGreaterThan(3_500)
  })
})

describe('the command line', () => {
  const seed = (): number => 99

  it('draws a seed when it is given none, and says how to repeat the run', () => {
    const options = parseOptions(['--inputs', '500', '--first', '7', '--kinds', 'http,json'], seed)
    expect(options).toEqual({
      inputs: 500,
      seed: 99,
      first: 7,
      kinds: ['json', 'http'],
      seconds: Infinity,
    })
    expect(replayCommand(options!)).toBe(
      'npm run fuzz -- --inputs 500 --seed 99 --first 7 --kinds json,http',
    )
  })

  it.each([
    ['--inputs', '0'],
    ['--seed', 'x'],
    ['--kinds', 'json,none'],
    ['--kinds', ''],
    ['--what'],
  ])('refuses %s %s', (...args) => {
    expect(() => parseOptions(args, seed)).toThrow(FuzzOptionsError)
  })
})
