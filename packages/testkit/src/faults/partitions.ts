/**
 * The shapes in which networks come apart, as the ordered pairs that lose each other (Jepsen's
 * partitions; Alquraan et al., OSDI ’18; catalogue 9, 51, 52). Names are members'.
 */

import type { Pair } from './faulty-network.js'

/** Both ways between the two sides. */
export function between(some: readonly string[], others: readonly string[]): readonly Pair[] {
  return some.flatMap((one) =>
    others.flatMap((other) => [
      { from: one, to: other },
      { from: other, to: one },
    ]),
  )
}

/** One member alone, cut off from everybody. */
export function isolate(names: readonly string[], alone: string): readonly Pair[] {
  return between([alone], without(names, alone))
}

/** It hears everybody, and nobody hears it. */
export function mute(names: readonly string[], one: string): readonly Pair[] {
  return without(names, one).map((other) => ({ from: one, to: other }))
}

/** Everybody hears it, and it hears nobody. */
export function deafen(names: readonly string[], one: string): readonly Pair[] {
  return without(names, one).map((other) => ({ from: other, to: one }))
}

/** Two halves that meet in one member only, which is in both majorities. */
export function bridge(names: readonly string[], middle: string): readonly Pair[] {
  const others = without(names, middle)
  const half = Math.ceil(others.length / 2)
  return between(others.slice(0, half), others.slice(half))
}

/** A minority of the members with `one` in it, and the others. */
export function minorityWith(names: readonly string[], one: string): readonly Pair[] {
  const others = without(names, one)
  const companions = Math.ceil(names.length / 2) - 2
  return between([one, ...others.slice(0, companions)], others.slice(companions))
}

/** Each sees a majority, and no two the same one: a ring in which only neighbours hear each other. */
export function ring(names: readonly string[]): readonly Pair[] {
  const distance = (a: number, b: number): number => {
    const apart = Math.abs(a - b)
    return Math.min(apart, names.length - apart)
  }
  return names.flatMap((from, a) =>
    names.filter((_, b) => distance(a, b) > 1).map((to) => ({ from, to })),
  )
}

const without = (names: readonly string[], one: string): readonly string[] =>
  names.filter((name) => name !== one)
