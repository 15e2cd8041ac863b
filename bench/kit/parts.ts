// What a whole run measures, in this order.
import { calls } from '../parts/calls.ts'
import type { Part } from './part.ts'

export const PARTS: readonly Part[] = [calls]
