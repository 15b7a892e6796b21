import { expect, it } from 'vitest'
import { Chance } from './chance.js'
import { World } from './world.js'

it('what is due when a run is over stays, and can still be cancelled', async () => {
  const world = new World(new Chance('world'))
  const happened: string[] = []
  const cancel = world.after(20, () => happened.push('cancelled'))
  world.after(30, () => happened.push('due'))
  expect(await world.run(10)).toBe(false)
  expect(world.nowMs).toBe(10)
  cancel()
  await world.run(40)
  expect(happened).toEqual(['due'])
})
