// The shapes in which Orderflow is measured: one thing is varied at a time, the rest is as usual.

/** One start of Orderflow, and over how many products its loads are spread. */
export interface Shape {
  readonly name: string;
  /** Of orders and of inventory, each. */
  readonly replicas: number;
  readonly partitions: number;
  readonly products: readonly number[];
}

const USUAL = { replicas: 1, partitions: 12, products: [1, 1_000] } as const;

/** The usual one first. */
export const SHAPES: readonly Shape[] = [
  { ...USUAL, name: 'usual', products: [1, 100, 1_000, 10_000] },
  { ...USUAL, name: 'two replicas', replicas: 2 },
  { ...USUAL, name: '1 partition', partitions: 1 },
  { ...USUAL, name: '3 partitions', partitions: 3 },
  { ...USUAL, name: '48 partitions', partitions: 48 },
];
