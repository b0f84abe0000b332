// All contenders.
import type { ContenderName } from '../results.ts';
import { monolithBatched } from './batched/batched.ts';
import type { Contender } from './contender.ts';
import { demo } from './demo/demo.ts';
import { monolithOfProcedure, monolithOfStatements } from './monolith/monolith.ts';
import { orderflow, orderflowReplicas } from './orderflow/orderflow.ts';

const ALL: readonly Contender[] = [
  orderflow,
  demo,
  monolithOfStatements,
  monolithOfProcedure,
  monolithBatched,
  orderflowReplicas,
];

/** Those of these names, a contender with variants once for each. */
export function contendersOf(names: readonly ContenderName[]): readonly Contender[] {
  return ALL.filter(({ name }) => names.includes(name));
}

/** 'monolith (procedure)'. */
export function titleOf(name: ContenderName, variant: string): string {
  return variant === '' ? name : `${name} (${variant})`;
}
