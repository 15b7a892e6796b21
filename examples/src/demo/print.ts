/** The demo's lines: seconds since its start, who, what. */

const start = performance.now()
/** Longer without a line, and a spectator believes that it hangs. */
const SILENCE_MS = 2_000
let lastLineAt = start

export function title(text: string): void {
  lastLineAt = performance.now()
  console.log(`\n${text}\n${'─'.repeat(text.length)}`)
}

export function say(who: string, what: string): void {
  lastLineAt = performance.now()
  const seconds = ((lastLineAt - start) / 1000).toFixed(2).padStart(6)
  console.log(`${seconds}s  ${who.padEnd(12)} ${what}`)
}

/** Where nothing else is said for long, says what is waited for. */
export async function waitFor<T>(what: string, result: Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    if (performance.now() - lastLineAt >= SILENCE_MS) say('…', `waiting for ${what}`)
  }, SILENCE_MS / 4)
  try {
    return await result
  } finally {
    clearInterval(timer)
  }
}
