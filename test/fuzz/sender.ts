/** Sends inputs, the ones that can share a connection on a few, the others each on its own. */

import type { Address } from './address.js'
import type { Answer } from './answer.js'
import type { Input } from './input.js'
import { exchangeAlone, PATIENT, VERY_PATIENT, type Patience } from './lone-exchange.js'
import { Pipeline } from './pipeline.js'

/** Connections of a single input that are open at once. */
const LONE_CONNECTIONS = 32

export class Sender {
  readonly #address: Address
  readonly #pipeline: Pipeline

  constructor(address: Address) {
    this.#address = address
    this.#pipeline = new Pipeline(address)
  }

  /** All at once. The answers come in the order of the inputs. */
  async send(inputs: readonly Input[]): Promise<readonly Answer[]> {
    const answers = new Map<Input, Answer>()
    const shared = inputs.filter(({ isPipelined }) => isPipelined)
    const own = inputs.filter(({ isPipelined }) => !isPipelined)
    const [answered] = await Promise.all([
      this.#pipeline.send(shared),
      this.#sendAlone(own, answers),
    ])
    const again: Input[] = []
    for (const [index, input] of shared.entries()) {
      const answer = answered[index]
      if (answer === undefined) again.push(input)
      else answers.set(input, answer)
    }
    await this.#sendAlone(again, answers)
    return inputs.map((input) => answers.get(input)!)
  }

  sendOne(input: Input, patience = patienceFor(input)): Promise<Answer> {
    return exchangeAlone(this.#address, input, patience)
  }

  close(): void {
    this.#pipeline.close()
  }

  async #sendAlone(inputs: readonly Input[], answers: Map<Input, Answer>): Promise<void> {
    let next = 0
    const sendSome = async (): Promise<void> => {
      for (let input = inputs[next]; input !== undefined; input = inputs[next]) {
        next += 1
        answers.set(input, await this.sendOne(input))
      }
    }
    await Promise.all(Array.from({ length: LONE_CONNECTIONS }, sendSome))
  }
}

/** What is whole has an answer, however long it takes. */
function patienceFor({ kind }: Input): Patience {
  return kind === 'json' ? VERY_PATIENT : PATIENT
}
