/** Durations as messages give them: a clock's fractions tell nobody anything. */
export function inMs(durationMs: number): string {
  return `${Math.round(durationMs)} ms`
}
