/** What must be true when the demo ends; one line each, with what was found. */

interface Check {
  readonly claim: string
  readonly holds: boolean
  readonly found: string
}

export class Checks {
  readonly #checks: Check[] = []

  add(claim: string, holds: boolean, found: string): void {
    this.#checks.push({ claim, holds, found })
  }

  get passed(): boolean {
    return this.#checks.length > 0 && this.#checks.every(({ holds }) => holds)
  }

  print(): void {
    for (const { claim, holds, found } of this.#checks) {
      console.log(`${holds ? '  ok  ' : 'FAILED'}  ${claim} (${found})`)
    }
  }
}
