// What keeps a change from making Entrance slower unnoticed: ratios that must not fall below a floor.
import { type Ratio, spread } from '../kit/figure.ts'
import type { Outcome } from '../run/measure-parts.ts'
import type { Floor } from './floors.ts'
import { write } from './numbers.ts'
import { ratiosOf } from './report.ts'

/** A floor that not even the best round has reached. */
export type Trip = {
  readonly id: string
  /** What it is, what was expected, what to do. */
  readonly text: string
}

/** Holds what was measured against the floors of the parts that ran. */
export function findTrips(outcomes: readonly Outcome[], floors: readonly Floor[]): Trip[] {
  const ratios = new Map(ratiosOf(outcomes).map((ratio) => [ratio.id, ratio]))
  return floors
    .filter(({ part }) => outcomes.some((one) => one.part.name === part && one.is === 'measured'))
    .flatMap((floor) => toTrip(floor, ratios.get(floor.ratio)))
}

function toTrip(floor: Floor, ratio: Ratio | undefined): Trip[] {
  const id = floor.ratio
  if (!ratio) {
    const text = `The part ${floor.part} does not measure ${id}, which bench/report/floors.ts guards. Name the ratio that it has now.`
    return [{ id, text }]
  }
  // What disturbs a round lies beside others that it spared; what has become slower is so in each.
  // Of what this system does not tell, nothing can be said.
  if (!(spread(ratio.samples).highest < floor.least)) return []
  const { median: was, range } = write(ratio.samples, ratio.unit)
  const text =
    `${ratio.what}: ${was}${range && ` (${range})`}, where ${floor.least} ${ratio.unit} is the least for the best round. ` +
    `Run \`npm run bench -- --quick --only ${floor.part}\` again; if it stays, ${floor.look}`
  return [{ id, text }]
}
