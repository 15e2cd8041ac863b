// What a whole run measures, in this order.
import { calls } from '../parts/calls.ts'
import { growth } from '../parts/growth.ts'
import { replicas } from '../parts/replicas.ts'
import type { Part } from './part.ts'

export const PARTS: readonly Part[] = [calls, growth, replicas]
