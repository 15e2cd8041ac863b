// What a whole run measures, in this order.
import { calls } from '../parts/calls.ts'
import { gate } from '../parts/gate.ts'
import { growth } from '../parts/growth.ts'
import { install } from '../parts/install.ts'
import { replicas } from '../parts/replicas.ts'
import { signIns } from '../parts/sign-ins.ts'
import { start } from '../parts/start.ts'
import { storms } from '../parts/storms.ts'
import { streams } from '../parts/streams.ts'
import type { Part } from './part.ts'

export const PARTS: readonly Part[] = [
  calls,
  gate,
  signIns,
  storms,
  streams,
  start,
  install,
  growth,
  replicas,
]
