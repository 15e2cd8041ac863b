// What a whole run measures, in this order.
import { calls } from '../parts/calls.ts'
import { gate } from '../parts/gate.ts'
import { growth } from '../parts/growth.ts'
import { signIns } from '../parts/sign-ins.ts'
import { storms } from '../parts/storms.ts'
import { streams } from '../parts/streams.ts'
import type { Part } from './part.ts'

export const PARTS: readonly Part[] = [calls, signIns, storms, streams, growth]
import { replicas } from '../parts/replicas.ts'
import type { Part } from './part.ts'

export const PARTS: readonly Part[] = [calls, growth, replicas]
export const PARTS: readonly Part[] = [gate, growth]
import { install } from '../parts/install.ts'
import { start } from '../parts/start.ts'
import type { Part } from './part.ts'

export const PARTS: readonly Part[] = [start, install, growth]
