// A product's state comes back from its snapshot as it was.
import fc from 'fast-check';
import { orderIdSchema, productIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { initialProduct, lineKey, type ProductState } from '../src/domain/product.ts';
import { productStateCodec } from '../src/stateCodec.ts';

const { parse, serialize } = productStateCodec;

const quantity = fc.nat(1_000_000);
const heldLine = fc
  .tuple(fc.uuid(), fc.nat(49), quantity)
  .map(([id, index, held]) => [lineKey(orderIdSchema.parse(id), { index }), held] as const);
const product: fc.Arbitrary<ProductState> = fc.record({
  status: fc.constant('listed'),
  productId: fc.integer({ min: 1 }).map((id) => productIdSchema.parse(id)),
  addedQuantity: quantity,
  availableQuantity: quantity,
  heldQuantity: quantity,
  soldQuantity: quantity,
  heldLines: fc.array(heldLine).map((lines) => new Map(lines)),
});

describe('A snapshot of a product', () => {
  it('gives its state back', () => {
    fc.assert(
      fc.property(product, (state) => {
        expect(parse(serialize(state))).toEqual(state);
      }),
    );
    expect(parse(serialize(initialProduct))).toEqual(initialProduct);
  });

  it.each(['', '{}', '{"status":"listed"}', '{"status":"sold"}'])('cannot be "%s"', (text) => {
    expect(() => parse(text)).toThrow();
  });

  it('stays readable in the form of its schema version', () => {
    expect(productStateCodec.schemaVersion).toBe(1);
    const text =
      '{"status":"listed","productId":7,"addedQuantity":9,"availableQuantity":4,"heldQuantity":2,' +
      '"soldQuantity":3,"heldLines":[["0192f3a4-0000-7000-8000-000000000001/1",2]]}';
    expect(parse(text)).toMatchObject({ productId: 7, heldQuantity: 2 });
    expect(serialize(parse(text))).toBe(text);
  });
});
