/** The demo's lines: seconds since its start, who, what. */

const start = performance.now()

export function title(text: string): void {
  console.log(`\n${text}\n${'─'.repeat(text.length)}`)
}

export function say(who: string, what: string): void {
  const seconds = ((performance.now() - start) / 1000).toFixed(2).padStart(6)
  console.log(`${seconds}s  ${who.padEnd(12)} ${what}`)
}
